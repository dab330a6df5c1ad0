#include "base/columns.h"

#include <gtest/gtest.h>

namespace distaff::columns_test {
namespace {

TEST(Columns, CountNoLessThanATerminalShows) {
  EXPECT_EQ(columns_of(""), 0u);
  EXPECT_EQ(columns_of("abc"), 3u);
  EXPECT_EQ(columns_of("Größe Ελλάς"), 11u);
  EXPECT_EQ(columns_of("日本"), 4u);
  EXPECT_EQ(columns_of("한"), 2u);
  EXPECT_EQ(columns_of("🙂"), 2u);
  EXPECT_EQ(columns_of("e\u0301"), 2u);  // shown in one: a mark over the e
}

TEST(Columns, CutBetweenCharactersAndSaySo) {
  EXPECT_EQ(cut_to_columns("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_columns("abcdef", 5), "ab...");
  EXPECT_EQ(cut_to_columns("ääääää", 5), "ää...");
  EXPECT_EQ(cut_to_columns("日本語", 5), "日...");
  EXPECT_EQ(cut_to_columns("日本語", 4), "...");
  EXPECT_EQ(cut_to_columns("日本語", 3), "日");
  EXPECT_EQ(cut_to_columns("abcdef", 3), "abc");
  EXPECT_EQ(cut_to_columns("abcdef", 0), "");
}

}  // namespace
}  // namespace distaff::columns_test

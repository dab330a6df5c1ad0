#include "base/pieces.h"

#include <gtest/gtest.h>

namespace distaff::pieces_test {
namespace {

TEST(Pieces, AreWhatStandsBetweenTheEnds) {
  using Views = std::vector<std::string_view>;
  EXPECT_EQ(pieces_of("a b\n\nc\n", '\n'), (Views{"a b", "", "c"}));
  EXPECT_EQ(pieces_of("a\nb", '\n'), (Views{"a", "b"}));
  EXPECT_EQ(pieces_of("\n", '\n'), (Views{""}));
  EXPECT_TRUE(pieces_of("", '\n').empty());
}

}  // namespace
}  // namespace distaff::pieces_test

#include "base/json_text.h"

#include <gtest/gtest.h>

namespace distaff {
namespace {

std::string json(std::string_view text) {
  std::string all;
  append_json_string(text, all);
  return all;
}

TEST(JsonText, EscapesWhatCannotStandInAString) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("a/b 'c'"), R"("a/b 'c'")");
  EXPECT_EQ(json("\"\\"), R"("\"\\")");
  EXPECT_EQ(json("a\nb\r\t"), R"("a\nb\r\t")");
  EXPECT_EQ(json(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(json("h\xc3\xa9"), "\"h\xc3\xa9\"");
}

}  // namespace
}  // namespace distaff

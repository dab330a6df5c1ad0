#include "base/json_text.h"

#include <gtest/gtest.h>

namespace distaff::json_text_test {
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

TEST(JsonText, QuotesAString) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("a b/c"), R"("a b/c")");
  EXPECT_EQ(json_string("say \"\\o/\""), R"("say \"\\o/\"")");
  EXPECT_EQ(json_string("two\nlines\t\x1b[1m\x7f"), "\"two\\nlines\\t\\u001b[1m\x7f\"");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_string("Größe 日本 🙂"), "\"Größe 日本 🙂\"");
}

TEST(JsonText, ShowsWhatIsNoUtf8) {
  EXPECT_EQ(json_string("a\xff\"b"), R"("a\\xff\"b")");
  EXPECT_EQ(json_string("\xc3"), R"("\\xc3")");
}

TEST(JsonText, WritesAnObjectALine) {
  EXPECT_EQ(JsonObject().line(), "{}\n");
  EXPECT_EQ(JsonObject().text("a \"b\"", "c").number("n", std::uint64_t{7}).number("x", 0.5).line(),
            "{\"a \\\"b\\\"\":\"c\",\"n\":7,\"x\":0.500}\n");
}

}  // namespace
}  // namespace distaff::json_text_test

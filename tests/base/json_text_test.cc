#include "base/json_text.h"

#include <gtest/gtest.h>

namespace distaff {
namespace {

TEST(JsonText, QuotesAString) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("a b/c"), R"("a b/c")");
  EXPECT_EQ(json_string("say \"\\o/\""), R"("say \"\\o/\"")");
  EXPECT_EQ(json_string("two\nlines\t\x1b[1m\x7f"), "\"two\\nlines\\u0009\\u001b[1m\x7f\"");
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
}  // namespace distaff

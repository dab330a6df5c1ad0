#include "base/json_members.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json_text.h"

namespace distaff::json_members_test {
namespace {

TEST(JsonMembers, AreGivenOneAfterTheOther) {
  JsonMembers members(R"( {"a" : "x\"y", "b":[1,{"c":"]"}],"d":null} )");
  std::string_view name, value;
  ASSERT_TRUE(members.next(name, value));
  EXPECT_EQ(name, "a");
  EXPECT_EQ(value, R"(x\"y)");
  ASSERT_TRUE(members.next(name, value));
  EXPECT_EQ(value, R"([1,{"c":"]"}])");
  ASSERT_TRUE(members.next(name, value));
  EXPECT_EQ(value, "null");
  EXPECT_FALSE(members.next(name, value));
  EXPECT_TRUE(members.whole());
}

TEST(JsonMembers, OfWhatIsTornAreNotWhole) {
  for (const char* text : {"", "{", "{\"a", "{\"a\":", "{\"a\":\"x", "{\"a\":1", "[1]"}) {
    JsonMembers members(text);
    std::string_view name, value;
    while (members.next(name, value)) {
    }
    EXPECT_FALSE(members.whole()) << text;
  }
}

TEST(JsonMembers, WhatWasEscapedComesBack) {
  std::string text;
  for (int c = 1; c < 128; ++c) text += static_cast<char>(c);
  text += "ä€𝄞";
  std::string json;
  append_json_escaped(text, json);
  EXPECT_EQ(json_unescaped(json), text);
  EXPECT_EQ(json_unescaped(R"(\u00e4\u20ac\ud834\udd1e\/)"), "ä€𝄞/");
  EXPECT_EQ(json_unescaped("a\\"), "a\\");
}

TEST(JsonInside, IsWhatStandsBetweenTheBraces) {
  EXPECT_EQ(json_inside(" { \"a\":1 } "), "\"a\":1");
  EXPECT_EQ(json_inside("{}"), "");
}

TEST(Base64, ComesBack) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd\xfc"}) {
    EXPECT_EQ(from_base64(base64(text)), text);
  }
  EXPECT_FALSE(from_base64("a"));
  EXPECT_FALSE(from_base64("a$=="));
}

}  // namespace
}  // namespace distaff::json_members_test

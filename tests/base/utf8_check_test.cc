#include "base/utf8_check.h"

#include <gtest/gtest.h>

#include <string_view>

namespace distaff::utf8_check_test {
namespace {

bool is_valid_in_two_pieces(std::string_view text, std::size_t cut) {
  Utf8Check check;
  check.feed(text.substr(0, cut));
  check.feed(text.substr(cut));
  return check.valid();
}

TEST(Utf8Check, SaysTheSameWhereverTheTextIsCut) {
  for (const std::string_view text : {"plain", "h\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82!",
                                      "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      EXPECT_TRUE(is_valid_in_two_pieces(text, cut)) << text << " at " << cut;
    }
  }
  // Too long forms, a surrogate, above U+10FFFF, alone, cut short, 0xff.
  for (const std::string_view text :
       {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
        "\xe2\x82", "a\xff"}) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      EXPECT_FALSE(is_valid_in_two_pieces(text, cut)) << cut;
    }
  }
}

}  // namespace
}  // namespace distaff::utf8_check_test

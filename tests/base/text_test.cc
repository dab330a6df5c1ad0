#include "base/text.h"

#include <gtest/gtest.h>

namespace distaff::text_test {
namespace {

TEST(Text, NearestFindsWhatWasMeantAndNothingFarOff) {
  constexpr std::string_view words[] = {"--jobs", "--input", "--throttle"};
  EXPECT_EQ(nearest("--job", words), "--jobs");
  EXPECT_EQ(nearest("--thorttle", words), "--throttle");
  EXPECT_EQ(nearest("--elephant", words), "");

  const std::vector<std::string_view> short_words{"ok", "run", "tag"};
  EXPECT_EQ(nearest("rnu", short_words), "run");
  EXPECT_EQ(nearest("tga", short_words), "tag");
  EXPECT_EQ(nearest("foo", short_words), "") << "two edits make ok of it, and mean nothing";
}

TEST(Text, ATypedWordStaysOnItsLine) {
  EXPECT_EQ(typed_word("a/b"), "a/b");
  EXPECT_EQ(typed_word("it's \xc3\xa9"), "'it'\\''s \xc3\xa9'");
  EXPECT_EQ(typed_word("it's\n\\x\x1b\xff"), "$'it\\'s\\n\\\\x\\033\\377'");
  EXPECT_EQ(typed_word("a\xe2\x80\xae"), "$'a\\342\\200\\256'");  // turns the text around
  EXPECT_EQ(typed_word(""), "''");
}

TEST(Text, ShellQuoteLeavesPlainWordsAndGuardsTheRest) {
  EXPECT_EQ(shell_quote("a/b.txt"), "a/b.txt");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote("$(x)"), "'$(x)'");
  EXPECT_EQ(shell_quote("~"), "'~'");
}

TEST(Text, PrintableKeepsALineALine) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\nb\\x1b[31m\\x7f");
  EXPECT_EQ(printable("h\xc3\xa9"), "h\xc3\xa9");
  EXPECT_EQ(printable("\xff\xc2\x9b"), "\\xff\\xc2\\x9b");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Text, PrintableShowsCharactersThatOnlyActOnOthers) {
  EXPECT_EQ(printable("a\u202ebc\u2069"), "a\\u202ebc\\u2069");
  EXPECT_EQ(printable("a\u200bb\ufeff"), "a\\u200bb\\ufeff");
  EXPECT_EQ(printable("a\u2028b\u2029c\u0085d"), "a\\u2028b\\u2029c\\xc2\\x85d");
  EXPECT_EQ(printable("\U000e0041"), "\\ue0041");
  EXPECT_EQ(printable("\u2027\u202f\u00ac\u00ae\u20ac\U0001f600"),
            "\u2027\u202f\u00ac\u00ae\u20ac\U0001f600");
  EXPECT_EQ(printable("ab\u202ec", 4), "ab...");
}

TEST(Text, PrintableEndsLeaveOutTheMiddle) {
  EXPECT_EQ(printable_ends("short\n", 20), "short\\n");
  EXPECT_EQ(printable_ends("cannot write aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: full", 23),
            "cannot wri...aaaa: full");
  EXPECT_EQ(printable_ends("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 9), "\u00e9...\u00e9");
}

TEST(Text, JsonStaysJsonWhenItIsMadePrintable) {
  EXPECT_EQ(printable_json("{\"a\":\"\u202e\u0085\x7f \u00e9\U000e0041\"}"),
            "{\"a\":\"\\u202e\\u0085\\u007f \u00e9\\udb40\\udc41\"}");
}

TEST(Text, Utf8IsCheckedAsUnicodeSaysIt) {
  EXPECT_TRUE(is_valid_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (const char* wrong : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(wrong));
  }
}

TEST(Text, WordsAreSplitAsAShellWouldWithoutExpanding) {
  EXPECT_EQ(split_words("bash -o pipefail"), (std::vector<std::string>{"bash", "-o", "pipefail"}));
  EXPECT_EQ(split_words(" 'a b'\"c d\" e\\ f '' "),
            (std::vector<std::string>{"a bc d", "e f", ""}));
  EXPECT_TRUE(split_words("  ").empty());
}

TEST(Text, IdentifiersAreWhatAShellVariableMayBeCalled) {
  EXPECT_TRUE(is_identifier("_a1"));
  for (const char* wrong : {"", "1a", "a-b", "BASH_FUNC_ls%%", "a.b"}) {
    EXPECT_FALSE(is_identifier(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace distaff::text_test

#include "compose/misread.h"

#include <gtest/gtest.h>

namespace distaff {
namespace {

using Words = std::vector<std::string>;

CommandSpec command(Words words) {
  CommandSpec spec;
  spec.words = std::move(words);
  return spec;
}

std::string refusal(Words words) {
  const auto checked = check_quotes(command(std::move(words)));
  return checked ? "" : checked.error().message;
}

std::string warning(Words words, FieldScheme scheme = {}) {
  Words warnings;
  warn_of_words(command(std::move(words)), scheme, warnings);
  return warnings.empty() ? "" : warnings[0];
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(Misread, AScriptInQuotesOfItsOwnIsRefusedWithTheFormThatWorks) {
  EXPECT_TRUE(holds(refusal({"'sort {}'"}), "write distaff 'sort {}'"));
  EXPECT_TRUE(holds(refusal({"\"sort -u {}\""}), "write distaff 'sort -u {}'"));
  EXPECT_TRUE(holds(refusal({" 'sort {}'\n"}), "quotes twice"));
}

TEST(Misread, QuotesThatBelongToAScriptAreLeftAlone) {
  EXPECT_EQ(refusal({"sort '{}'"}), "");
  EXPECT_EQ(refusal({"'sort' '{}'"}), "");
  EXPECT_EQ(refusal({"'sort'"}), "");
  EXPECT_EQ(refusal({"'./my tools/sort'"}), "");
  EXPECT_EQ(refusal({"'"}), "");
  EXPECT_EQ(refusal({"\"$1\""}), "");
  EXPECT_EQ(refusal({}), "");
}

TEST(Misread, AScriptBeforeOtherWordsIsRefused) {
  EXPECT_TRUE(holds(refusal({"sort {}", "-k", "2"}), "'sort {}' is followed by other words"));
  EXPECT_EQ(refusal({"my tools/{}", "-k"}),
            "'my tools/{}' is followed by other words, so it would "
            "be the name of a program; a script is one word, and "
            "options stand before it");
  EXPECT_EQ(refusal({"./my tools/{}", "-k"}), "");
  EXPECT_EQ(refusal({"{}", "-k"}), "");
  EXPECT_EQ(refusal({"sort", "a {}"}), "");
}

TEST(Misread, WordsThatOnlyAShellReadsAreNamedOnce) {
  EXPECT_TRUE(holds(warning({"sort", "{}", ">", "out"}), "'>' is passed to sort"));
  EXPECT_TRUE(holds(warning({"echo", "\"{}\""}), "the quotes of \"{}\" are passed to echo"));
  EXPECT_TRUE(holds(warning({"echo", "'{}'"}), "the quotes of '{}'"));
  EXPECT_EQ(warning({"echo", "a>b", "\"{}", "\"a {}\""}), "");
}

TEST(Misread, ANumberInBracesMeansNothingWithoutFields) {
  EXPECT_TRUE(holds(warning({"echo", "{2}"}), "{2} is passed to echo as it is"));
  EXPECT_TRUE(holds(warning({"echo", "{12}"}), "--split"));
  for (const char* text : {"{1}", "{0}", "{}", "[0-9]{2}", "{2", "{x}"}) {
    EXPECT_EQ(warning({"grep", text}), "") << text;
  }
  EXPECT_EQ(warning({"echo", "{2}"}, {FieldScheme::Kind::numbered, {}, 3}), "");
}

TEST(Misread, AProgramThatIsNotThereMayBeAWordOfTheShell) {
  EXPECT_TRUE(holds(advice_if_not_found(command({"cd", "{}"})), "a word of the shell"));
  EXPECT_TRUE(holds(advice_if_not_found(command({"A_1=x", "make"})), "--env 'A_1=x'"));
  EXPECT_TRUE(holds(advice_if_not_found(command({"gzip -9", "{}"})), "as other words follow"));
  EXPECT_EQ(advice_if_not_found(command({"gzpi", "{}"})), "");
  EXPECT_EQ(advice_if_not_found(command({"--x=y", "{}"})), "");
  EXPECT_EQ(advice_if_not_found(command({})), "");
}

TEST(Misread, FindsWordsThatMayBeMeantForFields) {
  EXPECT_EQ(words_in_braces(command({"echo", "{mail}{Full Name}", "a{x.y}b"})),
            (Words{"mail", "Full Name", "x.y"}));
  EXPECT_EQ(words_in_braces(command({"echo", "{}", "{1}", "${HOME}", "{#}", "{open"})), Words{});
}

}  // namespace
}  // namespace distaff

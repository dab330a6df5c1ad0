#include "compose/misread.h"

#include <gtest/gtest.h>

namespace distaff::misread_test {
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

std::string warning(Words words) {
  Words warnings;
  warn_of_words(command(std::move(words)), warnings);
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

TEST(Misread, AVariableOfAValueIsRefusedAsAProgram) {
  EXPECT_TRUE(holds(refusal({"GPU={%}", "env"}), "--env 'GPU={%}'"));
  EXPECT_EQ(refusal({"GPU={%} env"}), "");
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
  EXPECT_TRUE(holds(warning({"echo", "$DISTAFF_GROUP"}), "'$DISTAFF_GROUP' is passed to echo"));
  EXPECT_EQ(warning({"echo", "a>b", "\"{}", "\"a {}\""}), "");
}

TEST(Misread, ANumberInBracesMeansNothingWithoutFields) {
  const auto advice = [](Words words, FieldScheme scheme = {}) {
    return advice_on_numbers(command(std::move(words)), scheme);
  };
  EXPECT_TRUE(holds(advice({"echo", "{2}"}), "{2} is passed to echo as it is"));
  EXPECT_TRUE(holds(advice({"rm", "/srv/{12}"}), "/srv/{12} is passed to rm"));
  EXPECT_TRUE(holds(advice({"echo a={3} | cat"}), "a={3} is passed to echo"));
  for (const char* text : {"{1}", "{0}", "{}", "[0-9]{2}", ".{2}", "{2", "{x}", "a/{1}"}) {
    EXPECT_EQ(advice({"grep", text}), "") << text;
  }
  EXPECT_EQ(advice({"echo", "{2}"}, {FieldScheme::Kind::numbered, {}, 3}), "");
}

TEST(Misread, ANameInBracesMeansNothingWithoutNames) {
  const auto advice = [](Words words, FieldScheme scheme = {}) {
    return advice_on_names(command(std::move(words)), scheme);
  };
  EXPECT_TRUE(holds(advice({"echo", "{host}"}), "$DISTAFF_GROUP"));
  EXPECT_TRUE(holds(advice({"echo {host} | cat"}), "{host} is passed to echo"));
  EXPECT_TRUE(holds(advice({"echo", "{mail}"}, {FieldScheme::Kind::numbered, {}, {}}),
                    "fields have only numbers"));
  EXPECT_EQ(advice({"echo", "{mail}"}, {FieldScheme::Kind::named, {"mail"}, {}}), "");
  for (const char* program : {"awk", "/usr/bin/gawk", "sed", "jq", "perl"}) {
    EXPECT_EQ(advice({program, "{print}"}), "") << program;
  }
  for (const char* text : {"{a}", "{a b}", "x{ab}", "{}", "{1}"}) {
    EXPECT_EQ(advice({"echo", text}), "") << text;
  }
}

TEST(Misread, AColumnThatTheShellCutInTwoIsRefused) {
  const FieldScheme table{FieldScheme::Kind::named, {"id", "Full Name", "a b c"}, {}};
  const auto answer = [&](Words words) {
    const auto checked = check_columns(command(std::move(words)), table);
    return checked ? "" : checked.error().message;
  };
  EXPECT_TRUE(holds(answer({"echo", "{Full", "Name}"}), "write '{Full Name}'"));
  EXPECT_TRUE(holds(answer({"echo", "<{a", "b", "c}>"}), "write '{a b c}'"));
  EXPECT_EQ(answer({"echo", "{Full Name}"}), "");
  EXPECT_EQ(answer({"echo", "{Full", "House}"}), "");
  EXPECT_EQ(answer({"echo", "{Full"}), "");
}

TEST(Misread, AProgramThatIsNotThereMayBeAWordOfTheShell) {
  EXPECT_TRUE(holds(advice_if_not_found(command({"cd", "{}"})), "a word of the shell"));
  EXPECT_TRUE(holds(advice_if_not_found(command({"A_1=x", "make"})), "--env 'A_1=x'"));
  EXPECT_TRUE(holds(advice_if_not_found(command({"gzip -9", "{}"})), "as other words follow"));
  EXPECT_TRUE(holds(advice_if_not_found(command({"ms", "echo"})), "without a blank"));
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
}  // namespace distaff::misread_test

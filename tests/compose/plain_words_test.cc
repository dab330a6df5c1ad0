#include <gtest/gtest.h>

#include "compose/shell_runner.h"
#include "compose/shell_script.h"

namespace distaff::plain_words_test {
namespace {

// The words with bars between, {} for a replacement; or "shell".
std::string words(std::string_view script, bool batch = false) {
  const auto read = plain_words(script, {}, batch);
  if (!read) return "shell";
  std::string text;
  for (const auto& word : *read) {
    if (!text.empty()) text += '|';
    for (const Piece& piece : word) {
      const auto* literal = std::get_if<std::string>(&piece);
      text += literal != nullptr ? *literal : "<" + std::get<Replacement>(piece).spelled + ">";
    }
  }
  return text;
}

struct Case {
  const char* script;
  const char* words;
};

TEST(PlainWords, CutsAtBlanksAndTakesQuotesOff) {
  const Case table[] = {
      {"gzip -9 {}", "gzip|-9|<{}>"},
      {"  gzip\t-9  ", "gzip|-9"},
      {"gzip 'a b' \"c d\" e'f'\"g\"", "gzip|a b|c d|efg"},
      {"gzip '' \"\"", "gzip||"},
      {"gzip --in={} '{/.}x' \"a{}\"", "gzip|--in=<{}>|<{/.}>x|a<{}>"},
      {"gzip\n\n", "gzip"},
      {"gzip a=b -x,y %z @w +1 a:b ^ ] ..", "gzip|a=b|-x,y|%z|@w|+1|a:b|^|]|.."},
      {"/bin/echo 'a;b|c&d$e`f' \"a;b|c\"", "/bin/echo|a;b|c&d$e`f|a;b|c"},
      {"gzip '${x}' '{{.}}'", "gzip|${x}|{{.}}"},
      {"gzip \xc3\xa9 {#}", "gzip|\xc3\xa9|<{#}>"},
      {"awk '{print $1}'", "awk|{print $1}"},
  };
  for (const auto& [script, expected] : table) EXPECT_EQ(words(script), expected) << script;
}

TEST(PlainWords, LeaveToTheShellWhatOnlyItUnderstands) {
  for (const char* script :
       {"a;b",   "a|b",      "a&",        "a<b",       "a>b",      "a (b)",   "a $b",     "a *",
        "a ?",   "a [b",     "a {b",      "a ~",       "a !b",     "a #b",    "a\nb",     "a \\b",
        "a `b`", "a \"$b\"", "a \"`b`\"", "a \"\\b\"", "a \"b!\"", "a {x,y}", "a {1..3}", "a 'b",
        "a \"b", "a 'x\ny'", "a ${x}",    "a b\\\n",   ""}) {
    if (std::string_view(script) == "a 'x\ny'") continue;  // a newline in quotes is one
    EXPECT_EQ(words(script), "shell") << script;
  }
}

TEST(PlainWords, BeginWithAProgram) {
  for (const char* script :
       {"X=1 env", "X=1",    "{} a",       "a{} b",   "cd /",       "'cd' /",    "\"exec\" x",
        ". x",     ": x",    "[ a ]",      "echo a",  "printf a",   "test a",    "true",
        "false",   "time a", "for x",      "if a",    "export A=b", "ulimit -n", "%1",
        "'' a",    "  ",     "readonly x", "history", "{ a",        "]] a"}) {
    EXPECT_EQ(words(script), "shell") << script;
  }
  EXPECT_EQ(words("ls a"), "ls|a");
  EXPECT_EQ(words("./run a"), "./run|a");
  EXPECT_EQ(words("/bin/echo a"), "/bin/echo|a");
}

TEST(PlainWords, LeaveAMistakeInAFieldToTheShellsReader) {
  TemplateSyntax syntax;
  syntax.scheme = {.kind = FieldScheme::Kind::named, .names = {"name"}, .count = {}};
  EXPECT_EQ(plain_words("gzip {nam}", syntax), std::nullopt);
  EXPECT_NE(plain_words("gzip {name}", syntax), std::nullopt);
}

TEST(PlainWords, OfABatchHaveTheirRecordsAlone) {
  EXPECT_EQ(words("gzip {} -x", true), "gzip|<{}>|-x");
  EXPECT_EQ(words("gzip {#}.{1}", true), "gzip|<{#}>.<{1}>");
  EXPECT_EQ(words("gzip '{}'", true), "shell");
  EXPECT_EQ(words("gzip --in={}", true), "shell");
  EXPECT_EQ(words("gzip {}{}", true), "shell");
}

// Whatever is taken for plain words, a shell takes for the same ones.
TEST(PlainWords, AreTheWordsOfAShell) {
  const std::uint64_t seed = testing::seed_from("DISTAFF_SEED");
  SCOPED_TRACE("DISTAFF_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  testing::Scratch scratch;
  const std::string characters = "ab1=:,./-]^%@+_  \t'\"'\"\xc3\xa9;$#!~{}[";
  const std::size_t wanted = testing::count_from("DISTAFF_PROPERTY_COUNT", 500) / 5;
  for (std::size_t found = 0; found < wanted;) {
    std::string script = "show ";
    for (std::size_t i = random() % 12; i > 0; --i)
      script += characters[random() % characters.size()];
    const auto plain = plain_words(script, {});
    if (!plain) continue;
    std::string expected;
    bool replaces = false;  // as {@ '} does: to the shell, that is text with a quote
    for (const auto& word : *plain) {
      for (const Piece& piece : word) {
        const auto* literal = std::get_if<std::string>(&piece);
        if (literal != nullptr) expected += *literal;
        replaces |= literal == nullptr;
      }
      expected += '\n';
    }
    if (replaces) continue;
    ++found;
    for (const testing::Shell& shell : testing::shells()) {
      if (!shell.required) continue;
      const std::string text = "show() { printf '%s\\n' show \"$@\"; }; " + script;
      EXPECT_EQ(testing::run_to_its_end(shell, text, {}, scratch).output, expected) << script;
    }
  }
}

}  // namespace
}  // namespace distaff::plain_words_test

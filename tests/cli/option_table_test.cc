// The option table, and what must speak of each option: help, man page, completions and a test of
// the whole program.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/fetch_options.h"
#include "cli/foreign.h"
#include "cli/help.h"
#include "cli/native.h"
#include "cli/option_table.h"
#include "support/generated.h"

namespace distaff::option_table_test {
namespace {

// The code of the whole-program tests of a program, without comments.  Completion is no test of an
// option: nothing is run there.
std::string whole_program_tests(Program program) {
  std::string code = "\n";
  for (const auto& entry : std::filesystem::directory_iterator(in_source("tests/spec"))) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".bats" || path.filename() == "completion.bats") continue;
    const bool of_fetch = path.filename().string().starts_with("fetch");
    if (of_fetch != (program == Program::fetch)) continue;
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t start = line.find_first_not_of(' ');
      if (start != line.npos && line[start] != '#') code += line + "\n";
    }
  }
  return code;
}

// The made part of a file of completions that is about a program.
std::string between_marks(std::string_view path, Program program) {
  const std::string text = read_file(in_source(path));
  const bool run = program == Program::run;
  const std::size_t begin = text.find(run ? "# From here to the end mark: made from the option"
                                          : "# From here to the next end mark: the options of");
  return text.substr(begin, text.find(run ? "# End mark." : "# End mark of fetch.", begin) - begin);
}

// Whether `spelled` is there as a word of its own: not "--csv" in "--csv-x", nor "-k" in "--k" or
// "-ku".  A value may stand right behind it: "--jobs=4", "-j4".
bool is_typed(std::string_view spelled, std::string_view code) {
  constexpr std::string_view kBefore = " \n\t'\"(=";
  for (std::size_t at = 0; (at = code.find(spelled, at)) != code.npos; at += spelled.size()) {
    const auto after = static_cast<unsigned char>(code[at + spelled.size()]);
    const bool begins = kBefore.find(code[at - 1]) != kBefore.npos;
    if (begins && after != '-' && after != '_' && std::isalpha(after) == 0) return true;
  }
  return false;
}

class Options : public testing::TestWithParam<Program> {};

TEST_P(Options, AreAllInHelpManPageCompletionsAndAWholeProgramTest) {
  const Program program = GetParam();
  const bool run = program == Program::run;
  const std::string all = help_all(program);
  const std::string man = read_file(in_source(run ? "man/distaff.1" : "man/distaff-fetch.1"));
  const std::string bash = between_marks("completions/distaff.bash", program);
  const std::string zsh = between_marks("completions/_distaff", program);
  const std::string fish = between_marks("completions/distaff.fish", program);
  const std::string tests = whole_program_tests(program);
  for (const Option& option : options(program)) {
    SCOPED_TRACE(spelling(option));
    for (const std::string& spelled : spellings(option)) {
      EXPECT_NE(all.find(" " + spelled), all.npos);
      EXPECT_NE(man.find("\\fB" + replaced(spelled, "-", "\\-") + "\\fR"), man.npos);
      EXPECT_TRUE(is_typed(spelled, bash));
      EXPECT_NE(zsh.find("'" + spelled + ":"), zsh.npos);
      EXPECT_TRUE(is_typed(spelled, tests)) << spelled << " is in no tests/spec/*.bats";
    }
    EXPECT_NE(fish.find(option.name.empty() ? fmt::format(" -s {} ", option.letter)
                                            : fmt::format(" -l {} ", option.name)),
              fish.npos);
    EXPECT_FALSE(option.brief.empty());
    EXPECT_LE(option.brief.size(), 62u);
    EXPECT_NE(option.brief.back(), '.');
  }
}

TEST(OptionsInTests, AreLookedForAsWords) {
  EXPECT_TRUE(is_typed("--csv", "\ntry distaff --csv -a x"));
  EXPECT_TRUE(is_typed("--jobs", "\ndistaff --jobs=4"));
  EXPECT_TRUE(is_typed("-j", "\ndistaff -j4"));
  EXPECT_FALSE(is_typed("--tag", "\ndistaff --tag-template x"));
  EXPECT_FALSE(is_typed("-k", "\ndistaff --k -ku x-k "));
}

Expected<NativeRequest> parse(Program program, std::span<const std::string_view> words) {
  return program == Program::run ? parse_native(words) : parse_fetch(words);
}

// What completions offer must not be refused.
TEST_P(Options, HaveExamplesThatAreRight) {
  for (const Option& option : options(GetParam())) {
    SCOPED_TRACE(spelling(option));
    const bool counts = option.kind == ValueKind::number ||
                        option.kind == ValueKind::signed_number || option.kind == ValueKind::size ||
                        option.kind == ValueKind::duration;
    EXPECT_TRUE(!counts || !option.examples.empty());
    for (const std::string& example : alternatives(option.examples)) {
      const std::string name = spelling(option);
      std::vector<std::string_view> words = {name, example};
      if (option.id == Opt::id) words.insert(words.begin(), {"--journal", "j"});
      if (option.id == Opt::separator) words.insert(words.begin(), "--csv");
      if (option.id == Opt::lock_wait) words.insert(words.begin(), {"--lock", "x"});
      if (option.id == Opt::name) words.insert(words.begin(), {"--output-dir", "x"});
      if (GetParam() == Program::run) words.emplace_back("true");
      const auto request = parse(GetParam(), words);
      EXPECT_TRUE(request) << example << ": " << request.error().message;
    }
  }
}

TEST_P(Options, AreNotForeign) {
  for (const Option& option : options(GetParam())) {
    for (const std::string& spelled : spellings(option)) {
      EXPECT_EQ(foreign_advice(spelled, GetParam()), "") << spelled;
    }
  }
}

// What is only in the other program gets a word on that.
TEST_P(Options, OfTheOtherProgramAreExplained) {
  const Program program = GetParam();
  for (const Option& option : options(program == Program::run ? Program::fetch : Program::run)) {
    if (find_option(option.id, program) != nullptr) continue;
    for (const std::string& spelled : spellings(option)) {
      EXPECT_NE(foreign_advice(spelled, program), "") << spelled;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Options, testing::Values(Program::run, Program::fetch),
                         [](const auto& program) {
                           return program.param == Program::run ? "run" : "fetch";
                         });

// "here --jobs N, or -k": which options those are.
std::vector<std::string> options_in(std::string_view advice) {
  std::vector<std::string> all;
  std::istringstream words{std::string(advice)};
  for (std::string word; words >> word;) {
    const std::size_t start = word.find_first_not_of("'(");
    if (start == word.npos || word[start] != '-' || word.size() - start < 2) continue;
    word = word.substr(start);
    const std::size_t name = word.find_first_not_of('-');
    if (name == word.npos) continue;
    std::size_t end = name;
    while (end < word.size() &&
           (std::isalnum(static_cast<unsigned char>(word[end])) != 0 || word[end] == '-')) {
      ++end;
    }
    all.push_back(word.substr(0, name == 1 ? 2 : end));
  }
  return all;
}

TEST(ForeignOptions, AreTranslatedIntoOnesThatThereAre) {
  EXPECT_EQ(options_in("here --jobs N, or '-k' (--a-b)."),
            (std::vector<std::string>{"--jobs", "-k", "--a-b"}));
  for (const Program program : {Program::run, Program::fetch}) {
    for (const std::string_view spelled : foreign_options(program)) {
      const std::string advice = foreign_advice(spelled, program);
      EXPECT_NE(advice, "") << spelled;
      // What is said of the other program, or of what another calls so, is none of ours.
      if (advice.find("'s -") != advice.npos || advice.find("distaff --") != advice.npos ||
          advice.find("tail -n") != advice.npos) {
        continue;
      }
      for (const std::string& name : options_in(advice)) {
        if (name == "-N" || name == "-o") continue;  // GNU parallel's, and bash's
        const bool known = name[1] == '-' ? find_option(name.substr(2), program) != nullptr
                                          : find_letter(name[1], program) != nullptr;
        EXPECT_TRUE(known) << spelled << ": " << advice << ": " << name;
      }
    }
  }
}

// What stands for a value in an advice, and one that could be meant.
std::string value_for(const std::string& word, const Option& option) {
  static const std::vector<std::pair<std::string, std::string>> kMeant = {
      {"N", "3"},
      {"N%", "50%"},
      {"D", "2s"},
      {"D..E", "2s..3s"},
      {"D..MAX", "1s..9s"},
      {"SIZE", "1k"},
      {"N/D", "3/1s"},
      {"STR", "X"},
      {"REGEX", ","},
      {"FILE", "f"},
      {"DIR", "d"},
      {"T", "{}"},
      {"KEY", "{}"},
      {"NAME", "n"},
      {"TEXT", "t"},
      {"ADDRESS", "a@b.example"},
      {"METHOD", "PUT"},
      {"@FILE", "@f"},
      {"URL", "http://h/"},
      {"HOST:PORT:ADDR", "h:80:127.0.0.1"},
      {"soon,fail=N", "soon,fail=3"}};
  for (const auto& [placeholder, value] : kMeant) {
    if (word == placeholder) return value;
  }
  const bool word_of_a_sentence =
      std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::islower(c) != 0; });
  if (option.kind == ValueKind::choice || !(word_of_a_sentence || word == "LIST")) return word;
  const auto examples = alternatives(option.examples);
  return examples.empty() ? "x" : std::string(examples[0]);
}

// The options of an advice, each with its value.
std::vector<std::vector<std::string>> options_with_values(std::string advice, Program program) {
  advice = replaced(replaced(advice, "'s ", "s "), "//HOST:PORT", "//HOST:1080");
  std::vector<std::string> words = split_words(advice);
  for (std::string& word : words) {
    word.erase(0, word.find_first_not_of('('));
    while (!word.empty() && std::string_view(",;)").find(word.back()) != std::string_view::npos) {
      word.pop_back();
    }
  }
  std::vector<std::vector<std::string>> all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') continue;
    const Option* option =
        word[1] == '-' ? find_option(word.substr(2), program) : find_letter(word[1], program);
    if (option == nullptr) continue;
    all.push_back({word});
    if (option->kind == ValueKind::none) continue;
    all.back().push_back(value_for(i + 1 < words.size() ? words[i + 1] : "x", *option));
  }
  return all;
}

// With what an option needs besides.
bool is_taken(const std::vector<std::vector<std::string>>& options, Program program) {
  std::vector<std::string_view> words;
  const auto is_given = [&](std::string_view name) {
    return std::any_of(options.begin(), options.end(),
                       [&](const auto& option) { return option[0] == name; });
  };
  if (is_given("--resume") && !is_given("--journal")) words = {"--journal", "j"};
  if (is_given("--name") && !is_given("--output-dir")) words = {"--output-dir", "d"};
  if (is_given("--lock-wait")) words = {"--lock", "x"};
  if (is_given("--separator")) words = {"--csv"};
  if (is_given("--stdin") && !is_given("-j")) words = {"-j", "1"};
  for (const auto& option : options) words.insert(words.end(), option.begin(), option.end());
  if (program == Program::run) words.emplace_back("true");
  return parse(program, words).has_value();
}

// An advice that is followed must not end in another one.
TEST(ForeignOptions, AreTranslatedIntoWordsThatAreTaken) {
  std::size_t followed = 0;
  for (const Program program : {Program::run, Program::fetch}) {
    for (const std::string_view spelled : foreign_options(program)) {
      const std::string advice = foreign_advice(spelled, program);
      if (advice.find("'s -") != advice.npos || advice.find("distaff --") != advice.npos) continue;
      if (advice.find("tail -n") != advice.npos || advice.find("--config") != advice.npos) continue;
      const auto options = options_with_values(advice, program);
      followed += options.size();
      if (is_taken(options, program)) continue;
      for (const auto& option : options) {  // alternatives
        EXPECT_TRUE(is_taken({option}, program))
            << spelled << ": " << advice << ": " << option[0] << " " << option.back();
      }
    }
  }
  EXPECT_GT(followed, 250u);
}

std::size_t longest_line(std::string_view text) {
  std::size_t longest = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    longest = std::max(longest, std::min(end, text.size()));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return longest;
}

TEST(Help, FitsOneScreen) {
  for (const std::string_view page : {help(), fetch_help()}) {
    EXPECT_LE(std::count(page.begin(), page.end(), '\n'), 24);
    EXPECT_LE(longest_line(page), 80u);
  }
  for (const std::string_view page : {short_help(), short_fetch_help()}) {
    EXPECT_LE(longest_line(page), 80u);
    EXPECT_LE(std::count(page.begin(), page.end(), '\n'), 6);
  }
  EXPECT_LE(longest_line(help_all()), 80u);
  EXPECT_LE(longest_line(help_all(Program::fetch)), 80u);
}

TEST(Help, SpeaksOfUrls) { EXPECT_NE(help().find("distaff fetch"), help().npos); }

TEST(Help, ListsEveryOptionWithItsDefaultByTopic) {
  const std::string all = help_all();
  EXPECT_NE(all.find("\n  -j, -P, --jobs N          jobs at once; "), all.npos);
  EXPECT_NE(all.find("[100%]\n"), all.npos);
  EXPECT_NE(all.find("\nGroups\n  -g, --key SPEC"), all.npos);
}

}  // namespace
}  // namespace distaff::option_table_test

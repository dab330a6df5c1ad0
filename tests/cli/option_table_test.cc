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

#include "cli/foreign.h"
#include "cli/help.h"
#include "cli/native.h"
#include "cli/option_table.h"
#include "support/generated.h"

namespace distaff {
namespace {

// The code of the whole-program tests, without comments.  Completion is no test of an option:
// nothing is run there.
std::string whole_program_tests() {
  std::string code = "\n";
  for (const auto& entry : std::filesystem::directory_iterator(in_source("tests/spec"))) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".bats" || path.filename() == "completion.bats") continue;
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t start = line.find_first_not_of(' ');
      if (start != line.npos && line[start] != '#') code += line + "\n";
    }
  }
  return code;
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

TEST(Options, AreAllInHelpManPageCompletionsAndAWholeProgramTest) {
  const std::string all = help_all();
  const std::string man = read_file(in_source("man/distaff.1"));
  const std::string bash = read_file(in_source("completions/distaff.bash"));
  const std::string zsh = read_file(in_source("completions/_distaff"));
  const std::string fish = read_file(in_source("completions/distaff.fish"));
  const std::string tests = whole_program_tests();
  for (const Option& option : options()) {
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

TEST(Options, AreLookedForInTestsAsWords) {
  EXPECT_TRUE(is_typed("--csv", "\ntry distaff --csv -a x"));
  EXPECT_TRUE(is_typed("--jobs", "\ndistaff --jobs=4"));
  EXPECT_TRUE(is_typed("-j", "\ndistaff -j4"));
  EXPECT_FALSE(is_typed("--tag", "\ndistaff --tag-template x"));
  EXPECT_FALSE(is_typed("-k", "\ndistaff --k -ku x-k "));
}

// What completions offer must not be refused.
TEST(Options, HaveExamplesThatAreRight) {
  for (const Option& option : options()) {
    SCOPED_TRACE(spelling(option));
    const bool counts = option.kind == ValueKind::number ||
                        option.kind == ValueKind::signed_number || option.kind == ValueKind::size ||
                        option.kind == ValueKind::duration;
    EXPECT_TRUE(!counts || !option.examples.empty());
    for (const std::string& example : alternatives(option.examples)) {
      const std::string name = spelling(option);
      std::vector<std::string_view> words = {name, example, "true"};
      if (option.id == Opt::id) words.insert(words.begin(), {"--journal", "j"});
      if (option.id == Opt::lock_wait) words.insert(words.begin(), {"--lock", "x"});
      EXPECT_TRUE(parse_native(words).has_value()) << example;
    }
  }
}

TEST(Options, AreNotForeign) {
  for (const Option& option : options()) {
    for (const std::string& spelled : spellings(option)) {
      EXPECT_EQ(foreign_advice(spelled), "") << spelled;
    }
  }
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
  EXPECT_LE(std::count(help().begin(), help().end(), '\n'), 24);
  EXPECT_LE(longest_line(help()), 80u);
  EXPECT_LE(longest_line(help_all()), 80u);
  EXPECT_LE(longest_line(short_help()), 80u);
  EXPECT_LE(std::count(short_help().begin(), short_help().end(), '\n'), 6);
}

TEST(Help, ListsEveryOptionWithItsDefaultByTopic) {
  const std::string all = help_all();
  EXPECT_NE(all.find("\n  -j, -P, --jobs N          jobs at once; "), all.npos);
  EXPECT_NE(all.find("[100%]\n"), all.npos);
  EXPECT_NE(all.find("\nGroups\n  -g, --key SPEC"), all.npos);
}

}  // namespace
}  // namespace distaff

// The completions walk over the words of a line as arguments.cc does.  Random command lines, with
// the seed printed, go through both; each shell is started once.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/arguments.h"
#include "support/generated.h"
#include "support/temp_dir.h"

namespace distaff::completion_walk_test {
namespace {

using Words = std::vector<std::string>;

// The word at the cursor: no option, no subcommand, and begins no other word.
constexpr std::string_view kCursor = "cursor";

Words random_words(std::mt19937& random) {
  static const Words kWords = {"-k",       "-0",    "-j",      "-j4",          "4",   "-kj",
                               "-0k",      "--",    "--csv",   "--jobs",       "-P",  "--jobs=4",
                               "--output", "json",  "command", "--output=raw", "-",   "",
                               "run",      "-a",    "file",    "-kafile",      "-1",  "-I",
                               "{}",       "--env", "A=b",     "--key=",       "-d,", "two words"};
  Words words(random() % 6);
  for (std::string& word : words) word = kWords[random() % kWords.size()];
  if (random() % 2 == 0) words.insert(words.begin(), "fetch");
  return words;
}

// What the program makes of the words with the cursor's behind them: "command N", if the command
// begins at word N, "operand" if the cursor's is one of `distaff fetch`, "value -x" if it is the
// value of -x, or "" if it refuses them.
std::string by_the_program(const Words& words) {
  const bool fetch = !words.empty() && words[0] == "fetch";
  const std::size_t skipped = fetch || (!words.empty() && words[0] == "run") ? 1 : 0;
  std::vector<std::string_view> all(words.begin() + static_cast<std::ptrdiff_t>(skipped),
                                    words.end());
  all.push_back(kCursor);
  const auto arguments = walk_arguments(all, fetch ? Program::fetch : Program::run);
  if (!arguments) return "";
  if (fetch && !arguments->command.empty() && arguments->command.back() == kCursor) {
    return "operand";
  }
  if (fetch || arguments->command.empty()) {
    return "value " + arguments->occurrences.back().spelled;
  }
  return fmt::format("command {}", words.size() + 1 - arguments->command.size());
}

struct Line {
  Words words;
  std::string expected;
};

std::vector<Line> random_lines(std::mt19937& random, std::size_t count) {
  std::vector<Line> lines;
  while (lines.size() < count) {
    Words words = random_words(random);
    std::string expected = by_the_program(words);
    if (!expected.empty()) lines.push_back({std::move(words), std::move(expected)});
  }
  return lines;
}

// The words as they are typed.
Words typed(const Line& line) {
  Words all = {"distaff"};
  for (const std::string& word : line.words) all.push_back(shell_quote(word));
  all.emplace_back(kCursor);
  return all;
}

std::string bash_script(const std::vector<Line>& lines) {
  std::string script = fmt::format(R"sh(source {}
look() {{
  local language=run cur=cursor open='' before='' state=option option='' command_at=0
  local typed=' ' form='' header='' files=()
  _distaff_walk
  case $state in
    command) echo "command $((command_at - 1))" ;;
    operand) echo operand ;;
    *) echo "$state $option" ;;
  esac
}}
)sh",
                                   shell_quote(in_source("completions/distaff.bash")));
  for (const Line& line : lines) {
    Words quoted;
    for (const std::string& word : typed(line)) quoted.push_back(shell_quote(word));
    script += fmt::format("words=({}); look\n", join(quoted, " "));
  }
  return script;
}

std::string zsh_script(const std::vector<Line>& lines) {
  // The file ends in a call that finds no completion to do.
  std::string script = fmt::format(R"sh(source {} 2> /dev/null
setopt extended_glob
look() {{
  local language=run PREFIX=cursor QIPREFIX= state=option option= typed=' ' form= header= brace=
  local -a files
  integer command_at=0 before=0 CURRENT=$#words
  _distaff_walk
  case $state in
    (command) echo "command $((command_at - 2))" ;;
    (operand) echo operand ;;
    (*) echo "$state $option" ;;
  esac
}}
)sh",
                                   shell_quote(in_source("completions/_distaff")));
  for (const Line& line : lines) {
    Words quoted;
    for (const std::string& word : typed(line)) quoted.push_back(shell_quote(word));
    script += fmt::format("words=({}); look\n", join(quoted, " "));
  }
  return script;
}

std::string fish_script(const std::vector<Line>& lines) {
  std::string script = fmt::format(R"sh(source {}
complete -c distaff -e
complete -c distaff -f -a '(__distaff_walk)'
function look
    complete -C $argv[2] >/dev/null
    if test $__distaff_state = command
        echo command (math $argv[1] - (count $__distaff_words))
    else if test $__distaff_state = operand
        echo operand
    else
        echo $__distaff_state $__distaff_option
    end
end
)sh",
                                   shell_quote(in_source("completions/distaff.fish")));
  for (const Line& line : lines) {
    script += fmt::format("look {} {}\n", line.words.size(), shell_quote(join(typed(line), " ")));
  }
  // Quotes in quotes: fish has them in another way.
  return replaced(script, "'\\''", "\\'");
}

class CompletionWalk : public testing::TestWithParam<std::string> {};

TEST_P(CompletionWalk, EndsOptionsWhereTheProgramDoes) {
  const std::string shell = GetParam();
  if (!is_installed(shell)) GTEST_SKIP() << "no " << shell;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<Line> lines = random_lines(random, 200);

  const TempDir directory;
  const std::string script = directory.path() + "/script";
  std::ofstream(script) << (shell == "bash"  ? bash_script(lines)
                            : shell == "zsh" ? zsh_script(lines)
                                             : fish_script(lines));
  const std::string options = shell == "bash" ? " --norc" : shell == "zsh" ? " -f" : " --no-config";
  std::istringstream answers(run_command(shell + options + " " + shell_quote(script)).output);
  for (const Line& line : lines) {
    std::string answer;
    std::getline(answers, answer);
    EXPECT_EQ(answer, line.expected) << join(typed(line), " ");
  }
}

INSTANTIATE_TEST_SUITE_P(Shells, CompletionWalk, testing::Values("bash", "zsh", "fish"),
                         [](const auto& shell) { return shell.param; });

}  // namespace
}  // namespace distaff::completion_walk_test

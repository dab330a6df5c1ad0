// What is made of the option table and committed: the man page's OPTIONS and the completions.
// These tests fail when the files are stale; `DISTAFF_UPDATE=1 cli_test
// --gtest_filter='Generated.*'` writes them anew.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/foreign.h"
#include "cli/help.h"
#include "cli/option_table.h"

namespace distaff {
namespace {

const std::string kRoot = DISTAFF_SOURCE_DIR;
const std::string kMan = kRoot + "/man/distaff.1";
const std::string kBash = kRoot + "/completions/distaff.bash";
const std::string kZsh = kRoot + "/completions/_distaff";
const std::string kFish = kRoot + "/completions/distaff.fish";
constexpr std::string_view kNotice = "# Made from distaff's option table; changes here are lost.\n";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Compares the file with what it should be, or makes it so.
void expect_fresh(const std::string& path, const std::string& expected) {
  if (std::getenv("DISTAFF_UPDATE") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
    return;
  }
  EXPECT_TRUE(read_file(path) == expected)
      << path << " is stale: DISTAFF_UPDATE=1 cli_test --gtest_filter='Generated.*' makes it anew";
}

struct Result {
  std::string output;
  int status = 0;
};

Result run(const std::string& command) {
  Result result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    result.output.append(buffer, got);
  }
  result.status = pclose(pipe);
  return result;
}

bool installed(const std::string& program) { return run("command -v " + program).status == 0; }

std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> all;
  if (option.letter != 0) all.push_back(std::string{'-', option.letter});
  if (option.second_letter != 0) all.push_back(std::string{'-', option.second_letter});
  if (!option.name.empty()) all.push_back("--" + std::string(option.name));
  return all;
}

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string choices(const Option& option) {
  return replaced(std::string(option.choices), "|", " ");
}

// ---- the man page

// One word as troff wants it: what it would turn into other characters is escaped, and options
// get minus signs, not hyphens, so that they can be copied.
std::string troff_word(std::string_view word) {
  const std::size_t start = word.find_first_not_of("('\"");
  const bool is_option = start != word.npos && word[start] == '-';
  std::string text;
  for (const char c : word) {
    if (c == '\\') {
      text += "\\e";
    } else if (c == '-' && is_option) {
      text += "\\-";
    } else if (c == '\'') {
      text += "\\(aq";
    } else if (c == '^') {
      text += "\\(ha";
    } else {
      text += c;
    }
  }
  return text;
}

// Lines of less than 80 columns, a new one for each sentence.
std::string troff_text(std::string_view text) {
  std::string page;
  std::string line;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::string next = troff_word(word);
    if (!line.empty() && line.size() + 1 + next.size() > 78) {
      page += line + "\n";
      line.clear();
    }
    if (line.empty() && (next[0] == '.' || next[0] == '\'')) line = "\\&";
    line += (line.empty() || line == "\\&" ? "" : " ") + next;
    if (word.size() > 3 && word.back() == '.') {
      page += line + "\n";
      line.clear();
    }
  }
  if (!line.empty()) page += line + "\n";
  return page;
}

std::string man_entry(const Option& option) {
  std::vector<std::string> words;
  for (const std::string& spelled : spellings(option)) {
    words.push_back("\\fB" + replaced(spelled, "-", "\\-") + "\\fR");
  }
  std::string entry = ".TP\n" + join(words, ", ");
  if (!option.choices.empty()) {
    entry += " \\fB" + replaced(std::string(option.choices), "|", "\\fR|\\fB") + "\\fR";
  } else if (!option.value.empty()) {
    entry += fmt::format(" \\fI{}\\fR", option.value);
  }
  std::string text(option.brief);
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  text += ". ";
  text += option.detail;
  if (option.repeatable && option.detail.find("several times") == option.detail.npos) {
    text += " May be given several times.";
  }
  if (!option.standard.empty()) text += fmt::format(" Default: {} .", option.standard);
  return entry + "\n" + replaced(troff_text(text), " .\n", ".\n");
}

std::string man_options() {
  std::string page;
  const Option* before = nullptr;
  for (const Option& option : options()) {
    if (before == nullptr || before->topic != option.topic) {
      page += fmt::format(".SS {}\n", title(option.topic));
    }
    before = &option;
    page += man_entry(option);
  }
  return page;
}

constexpr std::string_view kManBegin =
    ".\\\" From here to the end mark: made from the option table.\n";
constexpr std::string_view kManEnd = ".\\\" End mark.\n";

TEST(Generated, ManPageHasTheOptionsOfTheTable) {
  const std::string page = read_file(kMan);
  const std::size_t begin = page.find(kManBegin);
  const std::size_t end = page.find(kManEnd);
  ASSERT_NE(begin, page.npos);
  ASSERT_NE(end, page.npos);
  expect_fresh(kMan, page.substr(0, begin + kManBegin.size()) + man_options() + page.substr(end));
}

TEST(Generated, ManPageIsCleanForMandoc) {
  if (!installed("mandoc")) GTEST_SKIP() << "no mandoc";
  EXPECT_EQ(run("mandoc -T lint -W style " + shell_quote(kMan)).output, "");
}

TEST(Generated, ManPageNamesTheVersion) {
  EXPECT_NE(read_file(kMan).find("\"" + version_text().substr(0, version_text().size() - 1) + "\""),
            std::string::npos);
}

// ---- bash

std::vector<std::string> with_value(ValueKind kind) {
  std::vector<std::string> all;
  for (const Option& option : options()) {
    if (option.kind != kind) continue;
    for (const std::string& spelled : spellings(option)) all.push_back(spelled);
  }
  return all;
}

std::string letters_with_value() {
  std::string letters;
  for (const Option& option : options()) {
    if (option.kind == ValueKind::none) continue;
    if (option.letter != 0) letters += option.letter;
    if (option.second_letter != 0) letters += option.second_letter;
  }
  return letters;
}

std::vector<std::string> names_with_value() {
  std::vector<std::string> names;
  for (const Option& option : options()) {
    if (option.kind != ValueKind::none && !option.name.empty()) names.push_back(spelling(option));
  }
  return names;
}

std::string bash_completion() {
  std::string cases;
  std::vector<std::string> all;
  for (const Option& option : options()) {
    for (const std::string& spelled : spellings(option)) all.push_back(spelled);
    if (option.choices.empty()) continue;
    cases += fmt::format("    {})\n      COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n      ;;\n",
                         join(spellings(option), "|"), choices(option));
  }
  return fmt::format(
      R"sh({notice}
# The value of option $1, as far as $cur is typed.
_distaff_value() {{
  COMPREPLY=()
  case $1 in
{cases}    {files})
      local IFS=$'\n'
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      ;;
    {directories})
      local IFS=$'\n'
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -d -- "$cur"))
      ;;
  esac
}}

_distaff() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} i=1 word option IFS=$' \t\n'
  COMPREPLY=()
  [[ $COMP_CWORD -gt 1 && ${{COMP_WORDS[1]}} == run ]] && i=2
  # Options end at the first word that is none; bash makes words of `=` and `:::`.
  while ((i < COMP_CWORD)); do
    word=${{COMP_WORDS[i]}} option=
    case $word in
      --) ((++i)) && break ;;
      {names})
        option=$word
        ((++i))
        [[ $i -lt $COMP_CWORD && ${{COMP_WORDS[i]}} == = ]] && ((++i))
        ;;
      --*) ((++i)) && continue ;;
      -*[{letters}])
        option=-${{word: -1}}
        ((++i))
        ;;
      -?*) ((++i)) && continue ;;
      *) break ;;
    esac
    if ((i >= COMP_CWORD)); then
      [[ $cur == = ]] && cur=
      _distaff_value "$option"
      return
    fi
    ((++i))
  done
  if ((i < COMP_CWORD)) || [[ ${{COMP_WORDS[i - 1]}} == -- && $cur != -* ]]; then
    if declare -F _command_offset > /dev/null; then
      _command_offset "$i"
    elif ((i == COMP_CWORD)); then
      COMPREPLY=($(compgen -c -- "$cur"))
    else
      COMPREPLY=($(compgen -f -- "$cur"))
    fi
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '{all}' -- "$cur"))
  else
    COMPREPLY=($(compgen -c -- "$cur"))
    ((COMP_CWORD == 1)) && [[ run == "$cur"* ]] && COMPREPLY+=(run)
  fi
}}

complete -F _distaff distaff
)sh",
      fmt::arg("notice", kNotice), fmt::arg("cases", cases),
      fmt::arg("files", join(with_value(ValueKind::file), "|")),
      fmt::arg("directories", join(with_value(ValueKind::directory), "|")),
      fmt::arg("names", join(names_with_value(), "|")), fmt::arg("letters", letters_with_value()),
      fmt::arg("all", join(all, " ")));
}

// ---- zsh

std::string zsh_entry(const Option& option) {
  std::string text = replaced(std::string(option.brief), "'", "'\\''");
  for (const char c : {'[', ']', ':'})
    text = replaced(text, std::string(1, c), fmt::format("\\{}", c));
  std::string value;
  if (!option.choices.empty()) value = fmt::format(":choice:({})", choices(option));
  if (!option.value.empty()) {
    std::string name(option.value);
    for (const char c : {'[', ']', ':'}) {
      name = replaced(name, std::string(1, c), fmt::format("\\{}", c));
    }
    value = fmt::format(":{}:", name);
    if (option.kind == ValueKind::file) value += "_files";
    if (option.kind == ValueKind::directory) value += "_files -/";
  }
  const auto all = spellings(option);
  std::vector<std::string> typed;
  for (const std::string& spelled : all) {
    const bool is_long = spelled.starts_with("--");
    typed.push_back(spelled + (value.empty() ? "" : is_long ? "=" : "+"));
  }
  const std::string others = option.repeatable ? "*"
                             : all.size() > 1  ? fmt::format("({})", join(all, " "))
                                               : "";
  if (typed.size() == 1) return fmt::format("    '{}{}[{}]{}' \\\n", others, typed[0], text, value);
  return fmt::format("    '{}'{{{}}}'[{}]{}' \\\n", others, join(typed, ","), text, value);
}

std::string zsh_completion() {
  std::string entries;
  for (const Option& option : options()) entries += zsh_entry(option);
  return fmt::format(R"sh(#compdef distaff
{}
_distaff() {{
  if (( CURRENT > 2 )) && [[ $words[2] == run ]]; then
    shift words
    (( CURRENT-- ))
  fi
  _arguments -s -S -A '-*' : \
{}    '(-)1:command:_command_names -e' \
    '*::argument:_normal'
}}

_distaff "$@"
)sh",
                     kNotice, entries);
}

// ---- fish

std::string fish_entry(const Option& option) {
  std::string line = "complete -c distaff -n __distaff_options";
  if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
  if (option.second_letter != 0) line += fmt::format(" -s {}", option.second_letter);
  if (!option.name.empty()) line += fmt::format(" -l {}", option.name);
  if (!option.choices.empty()) line += fmt::format(" -x -a '{}'", choices(option));
  if (option.kind == ValueKind::file) line += " -r -F";
  if (option.kind == ValueKind::directory) line += " -x -a '(__fish_complete_directories)'";
  if (option.choices.empty() && option.kind != ValueKind::none && option.kind != ValueKind::file &&
      option.kind != ValueKind::directory) {
    line += " -x";
  }
  const std::string text = replaced(replaced(std::string(option.brief), "\\", "\\\\"), "'", "\\'");
  return line + fmt::format(" -d '{}'\n", text);
}

std::string fish_completion() {
  std::string entries;
  for (const Option& option : options()) entries += fish_entry(option);
  return fmt::format(R"sh({}
# The words from where the command begins; none while options go on.
function __distaff_command
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = run; and set -e words[1]
    while set -q words[1]
        set -l word $words[1]
        if test "$word" = --
            set -e words[1]
            echo --
            break
        else if contains -- $word {}; or string match -qr -- '^-[^-]*[{}]$' $word
            set -e words[1]
        else if not string match -q -- '-?*' $word
            break
        end
        set -e words[1]
    end
    set -q words[1]; and printf '%s\n' $words
    return 0
end

function __distaff_options
    test -z "$(__distaff_command)"
end

function __distaff_complete_command
    set -l words (__distaff_command)
    test "$words[1]" = --; and set -e words[1]
    set -l line (string escape -- $words) (commandline -ct)
    complete -C (string join ' ' -- $line)
end

complete -c distaff -f
complete -c distaff -n 'not __distaff_options' -a '(__distaff_complete_command)'
complete -c distaff -n __distaff_options -a '(__fish_complete_command)'
complete -c distaff -n __fish_use_subcommand -a run -d 'run commands'
{})sh",
                     kNotice, join(names_with_value(), " "), letters_with_value(), entries);
}

TEST(Generated, CompletionsAreThoseOfTheTable) {
  expect_fresh(kBash, bash_completion());
  expect_fresh(kZsh, zsh_completion());
  expect_fresh(kFish, fish_completion());
}

// What bash offers for these words, the last of which is being typed.
std::string bash_offers(const std::vector<std::string>& words) {
  std::string quoted;
  for (const std::string& word : words) quoted += shell_quote(word) + " ";
  const std::string script = fmt::format(
      "source {}; COMP_WORDS=({}); COMP_CWORD={}; _distaff; printf '%s ' \"${{COMPREPLY[@]}}\"",
      shell_quote(kBash), quoted, words.size() - 1);
  return run("cd / && bash --norc -c " + shell_quote(script)).output;
}

TEST(Completions, OfferOptionsAndTheirValuesInBash) {
  if (!installed("bash")) GTEST_SKIP() << "no bash";
  EXPECT_EQ(bash_offers({"distaff", "--keep"}), "--keep-empty --keep-order ");
  EXPECT_EQ(bash_offers({"distaff", "run", "-k", "--on"}), "--on-error ");
  EXPECT_EQ(bash_offers({"distaff", "--output", "li"}), "line ");
  EXPECT_EQ(bash_offers({"distaff", "--output", "=", "li"}), "line ");
  EXPECT_EQ(bash_offers({"distaff", "--output", "="}), "group line raw json csv none ");
  EXPECT_EQ(bash_offers({"distaff", "-k", "--output", ""}), "group line raw json csv none ");
  EXPECT_EQ(bash_offers({"distaff", "-ka", "/et"}), "/etc ");
  EXPECT_EQ(bash_offers({"distaff", "--workdir", "/et"}), "/etc ");
  EXPECT_EQ(bash_offers({"distaff", "-j", "4", "--dry"}), "--dry-run ");
}

TEST(Completions, LeaveTheCommandToItselfInBash) {
  if (!installed("bash")) GTEST_SKIP() << "no bash";
  EXPECT_EQ(bash_offers({"distaff", "-j", "4", "gzip", "--keep"}), " ");
  EXPECT_EQ(bash_offers({"distaff", "-j", "4", "gzip", "/et"}), "/etc ");
  EXPECT_NE(bash_offers({"distaff", "--csv", "bas"}).find("bash "), std::string::npos);
  EXPECT_NE(bash_offers({"distaff", "--", "bas"}).find("bash "), std::string::npos);
}

TEST(Completions, AreRightForTheirShells) {
  for (const auto& [shell, file] :
       {std::pair(std::string("bash"), kBash), std::pair(std::string("zsh"), kZsh),
        std::pair(std::string("fish"), kFish)}) {
    if (!installed(shell)) continue;
    const Result result = run(shell + " -n " + shell_quote(file));
    EXPECT_EQ(result.status, 0) << shell;
    EXPECT_EQ(result.output, "") << shell;
  }
}

// ---- the table, and what speaks of it

TEST(Options, AreAllInHelpManPageAndCompletions) {
  const std::string all = help_all();
  const std::string man = read_file(kMan);
  const std::string bash = read_file(kBash);
  const std::string zsh = read_file(kZsh);
  const std::string fish = read_file(kFish);
  for (const Option& option : options()) {
    SCOPED_TRACE(spelling(option));
    for (const std::string& spelled : spellings(option)) {
      EXPECT_NE(all.find(" " + spelled), all.npos);
      EXPECT_NE(man.find("\\fB" + replaced(spelled, "-", "\\-") + "\\fR"), man.npos);
      EXPECT_NE(bash.find(spelled), bash.npos);
      EXPECT_NE(zsh.find(spelled), zsh.npos);
    }
    EXPECT_NE(fish.find(option.name.empty() ? fmt::format(" -s {} ", option.letter)
                                            : fmt::format(" -l {} ", option.name)),
              fish.npos);
    EXPECT_FALSE(option.brief.empty());
    EXPECT_LE(option.brief.size(), 62u);
    EXPECT_NE(option.brief.back(), '.');
  }
}

TEST(Options, AreNotForeignOrPlanned) {
  for (const Option& option : options()) {
    for (const std::string& spelled : spellings(option)) {
      EXPECT_EQ(foreign_advice(spelled), "") << spelled;
    }
    EXPECT_FALSE(is_planned_option(option.name)) << option.name;
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

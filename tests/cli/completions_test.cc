// What completions/ know of options is made from the option table; see support/generated.h.  The
// rest of these files is shell code, and tests/spec/completion.bats tries it in the shells.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/fetch_options.h"
#include "cli/native.h"
#include "cli/option_table.h"
#include "support/generated.h"

namespace distaff::completions_test {
namespace {

const std::string kBash = in_source("completions/distaff.bash");
const std::string kZsh = in_source("completions/_distaff");
const std::string kFish = in_source("completions/distaff.fish");

constexpr std::string_view kBegin =
    "# From here to the end mark: made from the option table; changes here are lost.\n";
constexpr std::string_view kEnd = "# End mark.\n";
constexpr std::string_view kFetchBegin =
    "# From here to the next end mark: the options of distaff fetch, made in the same way.\n";
constexpr std::string_view kFetchEnd = "# End mark of fetch.\n";

std::string_view name_of(Program program) { return program == Program::run ? "run" : "fetch"; }

// ---- what excludes what

std::string some_value(const Option& option) {
  for (const std::string_view all : {option.choices, option.examples}) {
    if (!all.empty()) return alternatives(all)[0];
  }
  switch (option.id) {
    case Opt::env:
      return "A=b";
    case Opt::header:
      return "A: b";
    case Opt::resolve:
      return "h:80:127.0.0.1";
    default:
      return "x";
  }
}

bool accepted(Program program, std::initializer_list<Opt> ids) {
  std::vector<std::string> words;
  for (const Opt id : ids) {
    const Option& meant = option(id, program);
    words.push_back(spelling(meant));
    if (meant.kind != ValueKind::none) words.push_back(some_value(meant));
  }
  if (program == Program::run) words.push_back("true");
  const std::vector<std::string_view> views(words.begin(), words.end());
  return (program == Program::run ? parse_native(views) : parse_fetch(views)).has_value();
}

// Found out by asking: two options that are fine alone and refused together.
std::map<Opt, std::vector<Opt>> ask_what_excludes_what(Program program) {
  std::vector<Opt> fine;
  for (const Option& option : options(program)) {
    if (option.id != Opt::config && accepted(program, {option.id})) fine.push_back(option.id);
  }
  std::map<Opt, std::vector<Opt>> all;
  for (const Opt id : fine) {
    for (const Opt other : fine) {
      if (other != id && !accepted(program, {id, other})) all[id].push_back(other);
    }
  }
  return all;
}

// Asked once for all shells: that is some ten thousand command lines.
std::vector<Opt> excluded_by(Opt id, Program program) {
  static std::map<Opt, std::vector<Opt>> of_run = ask_what_excludes_what(Program::run);
  static std::map<Opt, std::vector<Opt>> of_fetch = ask_what_excludes_what(Program::fetch);
  return (program == Program::run ? of_run : of_fetch)[id];
}

// Typed options after which this one is offered no more: itself, and what it does not go with.
std::vector<std::string> not_after(const Option& wanted, Program program) {
  std::vector<std::string> words;
  if (!wanted.repeatable) words = spellings(wanted);
  for (const Opt id : excluded_by(wanted.id, program)) {
    for (const std::string& spelled : spellings(option(id, program))) words.push_back(spelled);
  }
  return words;
}

// ---- what the shells have in common

std::vector<std::string> names_with_value(Program program) {
  std::vector<std::string> names;
  for (const Option& option : options(program)) {
    if (option.kind != ValueKind::none && !option.name.empty()) names.push_back(spelling(option));
  }
  return names;
}

std::string letters_with_value(Program program) {
  std::string letters;
  for (const Option& option : options(program)) {
    if (option.kind == ValueKind::none) continue;
    for (const char letter : {option.letter, option.second_letter}) {
      if (letter != 0) letters += letter;
    }
  }
  return letters;
}

std::string_view kind_word(ValueKind kind) {
  switch (kind) {
    case ValueKind::none:
      return "none";
    case ValueKind::file:
      return "file";
    case ValueKind::directory:
      return "directory";
    default:
      return "word";
  }
}

std::vector<std::string> values(const Option& option) {
  return alternatives(option.choices.empty() ? option.examples : option.choices);
}

// ---- bash and zsh: a function that knows each option

std::string case_branch(const Option& option, Program program) {
  std::string text =
      fmt::format("    {})\n      kind={}", join(spellings(option), " | "), kind_word(option.kind));
  if (const auto before = not_after(option, program); !before.empty()) {
    text += fmt::format(" not_after=' {} '", join(before, " "));
  }
  std::vector<std::string> quoted;
  for (const std::string& value : values(option)) quoted.push_back(shell_quote(value));
  if (!quoted.empty()) text += fmt::format("\n      values=({})", join(quoted, " "));
  return text + "\n      ;;\n";
}

std::string case_function(Program program) {
  std::string text = fmt::format(
      "_distaff_letters_with_value_{0}={1}\n\n"
      "# Sets kind (none, word, file, directory), values and not_after for the option $1.\n"
      "_distaff_about_{0}() {{\n  kind='' values=() not_after=''\n  case $1 in\n",
      name_of(program), letters_with_value(program));
  for (const Option& option : options(program)) text += case_branch(option, program);
  return text + "  esac\n}\n";
}

std::string bash_part(Program program) {
  std::vector<std::string> all;
  for (const Option& option : options(program)) {
    for (const std::string& spelled : spellings(option)) all.push_back(spelled);
  }
  return fmt::format("_distaff_options_{}='{}'\n", name_of(program), join(all, " ")) +
         case_function(program);
}

std::string zsh_part(Program program) {
  std::string text = fmt::format("typeset -ga _distaff_options_{}=(\n", name_of(program));
  for (const Option& option : options(program)) {
    for (const std::string& spelled : spellings(option)) {
      text += fmt::format("  {}\n", shell_quote(spelled + ":" + std::string(option.brief)));
    }
  }
  return text + ")\ntypeset -g " + case_function(program);
}

// ---- fish: one `complete` for each option

std::string fish_quote(std::string_view text) {
  return "'" + replaced(replaced(std::string(text), "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_values(const Option& option) {
  // Where a value may be a template or a name, a function knows more.
  const bool ask = option.id == Opt::key || option.kind == ValueKind::directory ||
                   (option.kind == ValueKind::text && option.examples.empty());
  if (ask) return fish_quote(fmt::format("(__distaff_values {})", spelling(option)));
  std::vector<std::string> quoted;
  for (const std::string& value : values(option)) quoted.push_back(fish_quote(value));
  return fish_quote(join(quoted, " "));
}

std::string fish_entry(const Option& option, Program program) {
  std::string line =
      fmt::format("complete -c distaff -n '__distaff_offers {} {} -- {}'", name_of(program),
                  join(spellings(option), " "), join(not_after(option, program), " "));
  if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
  if (option.second_letter != 0) line += fmt::format(" -s {}", option.second_letter);
  if (!option.name.empty()) line += fmt::format(" -l {}", option.name);
  line += fmt::format(" -d {}", fish_quote(option.brief));
  if (option.kind == ValueKind::none) return line + "\n";
  if (option.kind == ValueKind::file) return line + " -r -F -a '(__distaff_glued_files)'\n";
  return line + fmt::format(" -x -k \\\n    -a {}\n", fish_values(option));
}

std::string fish_part(Program program) {
  std::vector<std::string> keys;
  for (const std::string& value : values(option(Opt::key, program))) {
    keys.push_back(fish_quote(value));
  }
  std::string text = fmt::format(
      "set -g __distaff_names_with_value_{0} {1}\nset -g __distaff_letters_with_value_{0} {2}\n"
      "set -g __distaff_key_forms_{0} {3}\n",
      name_of(program), join(names_with_value(program), " "), letters_with_value(program),
      join(keys, " "));
  for (const Option& option : options(program)) text += fish_entry(option, program);
  return text;
}

TEST(Generated, CompletionsHaveTheOptionsOfTheTable) {
  expect_fresh(kBash, kBegin, kEnd, bash_part(Program::run));
  expect_fresh(kZsh, kBegin, kEnd, zsh_part(Program::run));
  expect_fresh(kFish, kBegin, kEnd, fish_part(Program::run));
  expect_fresh(kBash, kFetchBegin, kFetchEnd, bash_part(Program::fetch));
  expect_fresh(kZsh, kFetchBegin, kFetchEnd, zsh_part(Program::fetch));
  expect_fresh(kFish, kFetchBegin, kFetchEnd, fish_part(Program::fetch));
}

TEST(Completions, KnowWhatExcludesWhat) {
  const std::vector<Opt> forms = {Opt::null,  Opt::delimiter, Opt::tsv,       Opt::jsonl,
                                  Opt::split, Opt::match,     Opt::keep_empty};
  EXPECT_EQ(excluded_by(Opt::csv, Program::run), forms);
  EXPECT_EQ(excluded_by(Opt::csv, Program::fetch), forms);
  EXPECT_EQ(excluded_by(Opt::jobs, Program::run), std::vector<Opt>{});
  EXPECT_EQ(excluded_by(Opt::output_dir, Program::fetch),
            (std::vector<Opt>{Opt::archive, Opt::body}));
}

TEST(Completions, AreRightForTheirShells) {
  for (const auto& [shell, file] :
       {std::pair(std::string("bash"), kBash), std::pair(std::string("zsh"), kZsh),
        std::pair(std::string("fish"), kFish)}) {
    if (!is_installed(shell)) continue;
    const CommandResult result = run_command(shell + " -n " + shell_quote(file));
    EXPECT_EQ(result.status, 0) << shell;
    EXPECT_EQ(result.output, "") << shell;
  }
}

}  // namespace
}  // namespace distaff::completions_test

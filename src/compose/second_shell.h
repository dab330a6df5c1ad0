#pragma once

// Where a command gives a value to a second shell as its text.
//
// No value reaches the parser of a shell that we start, but what we start may be a shell, or start
// one: `sh -c 'echo {}'`, `docker exec C sh -c …`, `ssh HOST 'rm {}'`.  There a record would be run
// as code.  Which programs run what stands behind them cannot be known (setarch, docker, kubectl,
// srun, the user's own), so a shell's name is looked for wherever it stands.  What is known is the
// other side: programs that run none of their words (grep, echo, useradd), and the programs
// whose own words or options are text for a shell (ssh, su, watch).  What the user's own script has
// its shell read twice, by eval or trap, is the user's.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "compose/template.h"

namespace distaff {

// What stands for parts of a word that are not known when the command is read.
inline constexpr char kValueMark = '\0';      // a value of a record
inline constexpr char kUnknownMark = '\1';    // bare: $x, which may be several words or options
inline constexpr char kUnknownQuoted = '\2';  // "$x", one word that is no option

struct SecondShell {
  std::string program;    // "bash", "ssh"
  std::size_t at = 0;     // the word that names it
  std::size_t text = 0;   // the word with its text, or the first of those that it joins
  std::size_t end = 0;    // behind the last one
  bool is_shell = false;  // by `sh -c TEXT`; else a program that starts a shell
  bool splits = false;    // env -S: no shell, but it takes the text apart
  bool here = false;      // it starts its shell on this machine, in the environment that it has
};

// `words` as they reach the program: without quotes, and with the marks.  Nothing: no value would
// be text of a second shell, as far as can be seen.
std::optional<SecondShell> find_second_shell(std::span<const std::string> words);

// The words of an argv for find_second_shell().
std::vector<std::string> marked_words(std::span<const Template> words, bool appended);

// For bash: sets q to a single quote, and r to what stands for one between two of them.
inline constexpr std::string_view kQuoteSign = "printf -v q \"\\47\"; r=$q\\\\$q$q";

// What stands in double quotes of bash, after that, for the variable's value in quotes of any POSIX
// shell.
std::string quoted_for_shell(std::string_view variable);

// Why such an argv is refused, and a form of it that is safe.  With `appended`, the record follows
// the words; in a batch it is several.
tl::unexpected<Error> refusal_of_second_shell(const SecondShell& found,
                                              std::span<const Template> words, bool appended,
                                              const TemplateSyntax& syntax, bool batch);

}  // namespace distaff

#pragma once

// The walk over argv: which words are options, where the command begins, which words are `:::`
// lists.
//
//   distaff -j4 --csv --key= server -- COMMAND ARG... ::: A B :::: FILE
//           '------ options -----'     '- command --' '---- lists ----'
//
// Options end at the first word that is none, at `--`, or at a word such as `:::`.  Nothing behind
// that point is looked at, so a command keeps its own options; and an unknown option is an error
// and never the command.  Only `distaff fetch` has its options anywhere before `--` or `:::`: its
// words are URLs, which have none of their own.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "cli/option_table.h"
#include "model/run_spec.h"

namespace distaff {

struct Arguments {
  // One option as it occurs, in order.
  struct Occurrence {
    const Option* option = nullptr;
    std::string spelled;  // as it was written, without its value: "-j", "--jobs"; "\"jobs\""
    std::string value;    // empty for a flag
    std::string place{};  // "f.json:3:11" for one from a --config file, else empty
  };
  std::vector<Occurrence> occurrences;
  std::vector<std::string> command;  // of `distaff fetch` the URLs, or the column
  std::vector<ArgumentList> lists;
  std::string list_word;  // the first of `:::` and its kin, as written; empty: no lists
};

// `words` is argv without the program's name and the subcommand.  Stops behind --help, --help-all
// and --version: what follows them does not matter.
// Errors: an unknown option, with the nearest one or a translation; a value that is missing, or one
// for a flag; a list without values it needs.
Expected<Arguments> walk_arguments(std::span<const std::string_view> words,
                                   Program program = Program::run);

}  // namespace distaff

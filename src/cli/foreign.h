#pragma once

// What to write instead of options that other tools have, or the other program of ours.

#include <string>
#include <string_view>
#include <vector>

#include "cli/option_table.h"

namespace distaff {

// `spelled` is an option with its dashes, without a value: "--colsep", "-L".  Gives what to say
// after "--colsep: "; empty if no tool we know has it.
std::string foreign_advice(std::string_view spelled, Program program = Program::run);

// All options it has something to say of, one or more times.
std::vector<std::string_view> foreign_options(Program program);

// A word that is a subcommand if it stands first, "run" among them.
bool is_subcommand(std::string_view word);

// `word` stands first and is no subcommand, and no program of that name is found: which one may
// have been meant ("; did you mean distaff run?"), or empty.
std::string advice_on_first_word(std::string_view word);

}  // namespace distaff

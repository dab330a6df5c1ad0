#pragma once

// What --help, --help-all and --version print, ending in a newline.

#include <string>
#include <string_view>

#include "cli/option_table.h"

namespace distaff {

// For a run without a command whose stdin is a terminal: what to type instead.
std::string_view short_help();

// One screen: at most 24 lines of 80 columns.
std::string_view help();

// The same of `distaff fetch`.
std::string_view short_fetch_help();
std::string_view fetch_help();

// Every option by topic, with its default; from the table.
std::string help_all(Program program = Program::run);

std::string_view version();  // "0.1.0"
std::string version_text();

}  // namespace distaff

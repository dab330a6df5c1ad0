#pragma once

// What --help, --help-all and --version print, ending in a newline.

#include <string>
#include <string_view>

namespace distaff {

// For a run without a command whose stdin is a terminal: what to type instead.
std::string_view short_help();

// One screen: at most 24 lines of 80 columns.
std::string_view help();

// Every option by topic, with its default; from the table.
std::string help_all();

std::string version_text();

}  // namespace distaff

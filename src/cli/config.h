#pragma once

// --config FILE: options from a file, in JSON with comments.
//
//   {
//     "jobs": "200%",             // what -j would say; 8 would do too
//     "keep-order": true,         // a flag; false is as if it were not there
//     "throttle": "2s..4s",       // text as on the command line
//     "env": ["A=1", "B={}"],     // what may be given several times is a list
//     "replacement": "%%"         // -I, which has no name
//   }
//
// The names are those of the option table, without dashes.  A file counts as if its options stood
// before all others of the command line, the first --config first.  From this one rule follows the
// rest: of a scalar the last value holds, so the command line wins, and a later file over an
// earlier one; options that may be repeated add up; two that exclude each other do so from
// wherever they come.  Only a flag has no counterpart there: false in a later file takes back the
// true of an earlier one.
//
// A mistake names file, line and column, the key, the value and the fix.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "cli/arguments.h"

namespace distaff {

struct Config {
  std::vector<Arguments::Occurrence> occurrences;  // in the order of the file
  std::vector<const Option*> off;                  // flags that are false
};

// `file` is the name for messages.
// Errors: what is no JSON object; keys that are no options, or none for a file; values that are of
// another type than their option, or hold a NUL byte where none can be.  What the text of a value
// means is looked at later, by the same code as for the command line.
Expected<Config> parse_config(std::string_view text, std::string_view file,
                              Program program = Program::run);

// Reads a whole file; an error says only why it could not.
using ReadConfig = Expected<std::string> (*)(const std::string& file);
Expected<std::string> read_config_file(const std::string& file);

// Puts what the files of its --config options say in front of the occurrences.
Expected<void> add_configs(Arguments& arguments, ReadConfig read, Program program = Program::run);

}  // namespace distaff

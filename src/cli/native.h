#pragma once

// The native command language: `distaff [run] [OPTION]... [COMMAND [ARG]...] [::: VALUE...]...`
//
// A pure function from words, and the files that --config names, to what they ask for.  Two command
// lines that mean the same give equal RunSpecs.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "cli/config.h"
#include "model/run_spec.h"

namespace distaff {

struct NativeRequest {
  enum class Kind { run, fields, help, help_all, version };
  Kind kind = Kind::run;

  // The rest is for `run`, and for `fields` what it says of the input.
  RunSpec spec;
  std::string rules_file;  // --rules, to be read and put into spec.group; empty: none
  std::vector<std::string> config_files;  // --config, read
  bool input_given = false;               // -a or a ::: list: stdin is not read by accident
  // What to add if the command's program is not found: another way to read the command line.
  std::string not_found_advice;
  // Options that a --config file gave, and where: "--key", "f.json:3:10: \"key\"".
  std::vector<std::pair<std::string, std::string>> configured;

  bool operator==(const NativeRequest&) const = default;
};

// `words` is argv without the program's name.
// Errors: everything that is wrong with the options and can be known without looking at any file
// but those of --config, which `read` reads.
Expected<NativeRequest> parse_native(std::span<const std::string_view> words,
                                     ReadConfig read = read_config_file);

// What is found out only later is said of options as the command line spells them; an error that
// begins with one that a file gave gets its place there instead.
Error located(const NativeRequest& request, Error error);

}  // namespace distaff

#pragma once

// The native command language: `distaff [run] [OPTION]... [COMMAND [ARG]...] [::: VALUE...]...`
//
// A pure function from words to what they ask for.  Two command lines that mean the same give equal
// RunSpecs.

#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

struct NativeRequest {
  enum class Kind { run, help, help_all, version };
  Kind kind = Kind::run;

  // The rest is for `run`.
  RunSpec spec;
  std::string rules_file;    // --rules, to be read and put into spec.group; empty: none
  bool input_given = false;  // -a or a ::: list: stdin is not read by accident

  bool operator==(const NativeRequest&) const = default;
};

// `words` is argv without the program's name.
// Errors: everything that is wrong with the options and can be known without looking at any file.
Expected<NativeRequest> parse_native(std::span<const std::string_view> words);

}  // namespace distaff

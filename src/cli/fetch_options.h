#pragma once

// The command language of `distaff fetch [OPTION]... [URL...|COLUMN]`.
//
// As the native one, a pure function from words, and the files that --config names, to what they
// ask for.

#include <span>
#include <string_view>

#include "base/expected.h"
#include "cli/config.h"
#include "cli/native.h"

namespace distaff {

// What is `run` there is here a run whose spec.fetch is set; with --body the mode of its output is
// `group`, else csv, json or none.
using FetchRequest = NativeRequest;

// `words` is argv without the program's name and the subcommand.
// Errors: as of parse_native().
Expected<FetchRequest> parse_fetch(std::span<const std::string_view> words,
                                   ReadConfig read = read_config_file);

// Reads the file of --rules, if there is one, and puts it into request.spec.group.  Without this
// the key is not known.
Expected<void> load_fetch_rules(FetchRequest& request);

}  // namespace distaff

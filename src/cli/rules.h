#pragma once

// --rules FILE: limits for some groups, in JSON with comments.
//
//   {
//     "key": "host:url",                  // what --key would say
//     "rules": [                          // the first whose regex is found in the key holds
//       {"match": "(^|\\.)lemonde\\.fr$", "parallelism": 1, "throttle": "10s"},
//       {"match": "^api\\.", "parallelism": 8, "rate": "100/1m"},
//       {"match": "", "throttle": [
//         {"when": {"http": [429, 503]}, "pause": "retry-after", "at_most": "10m"},
//         {"when": "failed", "pause": "30s"},
//         "2s..4s"]}
//     ]
//   }
//
// A mistake names the file, line and column, the path, the value and the fix.  What "ok" lists are
// exit statuses, or of `distaff fetch` HTTP statuses.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "cli/option_table.h"
#include "model/run_spec.h"

namespace distaff {

struct Rules {
  std::string key;  // empty: the file does not say
  std::vector<GroupRule> rules;

  bool operator==(const Rules&) const = default;
};

// `file` is the name for messages.
Expected<Rules> parse_rules(std::string_view text, std::string_view file,
                            Program program = Program::run);

// Reads the file and puts its rules into `group`; its key counts if the command line gave none.
Expected<void> load_rules(const std::string& file, GroupSpec& group,
                          Program program = Program::run);

}  // namespace distaff

#pragma once

// Everything a process needs to be started: what compose makes of a job, and exec carries out.

#include <optional>
#include <string>
#include <vector>

namespace distaff {

struct Launch {
  std::vector<std::string> argv;  // argv[0] is looked up in the job's PATH

  // NAME=VALUE, added to our own environment or replacing there; the last of a name counts.
  std::vector<std::string> env;

  std::string workdir;                    // empty: ours
  std::optional<std::string> stdin_text;  // nothing: /dev/null, or the terminal if the run says so

  // The program is the same for every job: if it cannot be found or run, no job can.
  bool fixed_program = false;

  // argv is `sh -c SCRIPT sh VALUE...`, made by us; `--dry-run` and the failure block may show
  // `shown` (the script with its values in place of the variables) to people instead.
  std::string shown;

  bool operator==(const Launch&) const = default;
};

}  // namespace distaff

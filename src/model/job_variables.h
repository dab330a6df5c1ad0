#pragma once

// The variables that every job has of us.  One that we were given, as by an outer run, is not for
// our jobs: each has ours or none.

#include <algorithm>
#include <array>
#include <string_view>

namespace distaff {

inline constexpr std::array<std::string_view, 5> kJobVariables = {
    "DISTAFF_SEQ", "DISTAFF_SLOT", "DISTAFF_ATTEMPT", "DISTAFF_RUN", "DISTAFF_GROUP"};

inline bool is_job_variable(std::string_view name) {
  return std::find(kJobVariables.begin(), kJobVariables.end(), name) != kJobVariables.end();
}

}  // namespace distaff

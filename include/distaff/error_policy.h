#pragma once

// What happens when a job throws.

#include <string_view>

namespace distaff::inline v0 {

enum class ErrorPolicy {
  raise,   // nothing new starts, running jobs end, the exception arrives where results are taken
  log,     // one line at level error, then on with the others; the job has no result
  ignore,  // the same without a line
};

// By name, in any case: "raise", "LOG", "Ignore".  Anything else: std::invalid_argument.
ErrorPolicy error_policy(std::string_view name);

}  // namespace distaff::inline v0

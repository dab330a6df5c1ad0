#pragma once

// Time is the steady clock's, in nanoseconds.  Nothing outside os/ reads a clock: it gets the time
// as an argument.

#include <chrono>

namespace distaff {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

}  // namespace distaff

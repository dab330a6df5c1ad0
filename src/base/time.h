#pragma once

// Time is the steady clock's, in nanoseconds.  Nothing outside os/ reads a clock: it gets the time
// as an argument.

#include <chrono>

namespace distaff {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Between TERM and KILL for what we end because one of our own processes was killed: enough to tell
// somebody else (srun its node, ssh its far end), and all is gone long before two seconds.
constexpr Duration kTimeInEmergency = std::chrono::milliseconds(300);

}  // namespace distaff

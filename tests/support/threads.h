#pragma once

// The threads of this process, for tests that nobody leaves one behind.
//
// A thread that was joined is still in the kernel's list for a moment: its count is never too
// small, but may be too large, before the test as well as after it.

#include <filesystem>
#include <iterator>

#include "support/timing.h"

namespace distaff::test {

inline int count_threads() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<int>(std::distance(begin(threads), end(threads)));
}

// No more than there were `before`, once those that were joined are gone.
inline bool no_more_threads_than(int before) {
  return eventually([before] { return count_threads() <= before; });
}

}  // namespace distaff::test

#pragma once

// How many jobs at once the system has room for: `-j 0`.

#include <cstdint>

#include "os/startup.h"

namespace distaff {

// Raises our soft limit on open files to the hard one and notes in `startup` what it was, so that
// jobs get it back (programs that still use select() break with more than 1024).
void raise_open_files(Startup& startup);

// What bounds the number of children.
struct ChildLimits {
  std::uint64_t open_files = 0;  // RLIMIT_NOFILE
  std::uint64_t processes = 0;   // the least of RLIMIT_NPROC (unless we are root) and pid_max
};
ChildLimits child_limits();

// How many children fit at once if each takes `fds_each` descriptors of ours (0: none) and
// `reserve` are for ourselves and for other processes; at least 1.  An upper bound: what others
// use is not counted, and a start that fails for shortage is tried again.
int max_children(const ChildLimits& limits, int fds_each, int reserve = 64);

}  // namespace distaff

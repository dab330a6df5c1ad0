#pragma once

// What the system has room for: files that are open at once, and processes.

#include <cstdint>
#include <string>

#include "os/startup.h"

namespace distaff {

// Raises our soft limit on open files to the hard one and notes in `startup` what it was, so that
// jobs get it back (programs that still use select() break with more than 1024).
void raise_open_files(Startup& startup);

// File descriptors: a start that finds none is tried again when another job has ended, but what we
// need for ourselves nobody gives back.
struct OpenFiles {
  std::uint64_t limit = 0;  // RLIMIT_NOFILE
  std::uint64_t open = 0;   // of those that it counts, ours and inherited ones
  std::uint64_t above =
      0;  // inherited ones of higher numbers: a higher limit would count them, too

  std::uint64_t free() const { return limit > open ? limit - open : 0; }
};
OpenFiles open_files();
std::uint64_t open_files_limit();

// "12 may be open (ulimit -n), 11 are".
std::string describe(const OpenFiles& files);

// The least of RLIMIT_NPROC (unless we are root) and pid_max.
std::uint64_t process_limit();

// How many children fit at once if each takes `files_each` descriptors of `free_files` (0: none),
// and of all processes some are left to others; 0 if there is no descriptor for one.
int max_children(std::uint64_t free_files, int files_each, std::uint64_t processes);

}  // namespace distaff

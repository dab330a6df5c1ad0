#pragma once

// What we were given when we were started and change for ourselves.  Jobs get it back, so that they
// run as they would have without us in between.

#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <optional>

namespace distaff {

struct Startup {
  sigset_t mask{};     // blocked signals
  sigset_t ignored{};  // signals that were ignored, of those we may take; they stay ignored
  std::array<bool, 3> was_closed{};  // stdin, stdout, stderr: now /dev/null, the wrong way round,
                                     // so that nothing we open takes its number
  std::optional<rlimit> open_files;  // RLIMIT_NOFILE as it was, if we raised it

  bool ignores(int signal) const { return sigismember(&ignored, signal) == 1; }
};

// The first thing in main(), before anything is opened: opens what is closed of 0, 1 and 2, sets
// SIGCHLD to its default (ignored, every wait would fail), ignores SIGPIPE (a reader that went away
// is an error of write()) and blocks SIGXFSZ (so is a file that grew to the limit of `ulimit -f`).
Startup take_over();

// What take_over() would remember, without changing anything: for programs that use the rooms as a
// library, and for tests.
Startup look_around();

}  // namespace distaff

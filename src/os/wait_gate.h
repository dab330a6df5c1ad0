#pragma once

// One descriptor that stands for whatever is waited for now.
//
// An input may be a row of files: a FIFO, then a regular file, then stdin.  Whoever waits for it
// should not have to follow which descriptor is meant, or learn in time that one is closed; so it
// waits for the gate, whose number never changes.  (The gate is an epoll set of one, and an epoll
// set is itself readable when something in it is.)

#include "base/unique_fd.h"

namespace distaff {

class WaitGate {
 public:
  // -1 before the first watch().
  int fd() const { return epoll_.get(); }

  // From now on the gate is readable when `fd` is; with -1, and for files that are always ready,
  // at once.  False, with errno, if the system has no descriptors left.
  bool watch(int fd);

  // Must come before the watched descriptor is closed.
  void forget();

 private:
  bool open();

  UniqueFd epoll_;
  UniqueFd always_;   // an eventfd that is always readable
  int watched_ = -1;  // in the epoll set now; -1: nothing
};

}  // namespace distaff

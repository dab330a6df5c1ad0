#pragma once

// Two processes, so that no death of one leaves anybody behind.
//
// The process that the user started becomes the guard, and goes on in a child, the engine.  Orphans
// below the engine come to the engine while it lives, and to the guard once it does not.  If the
// engine dies in the middle of its work the guard ends all it had started; if the guard dies the
// engine is told, and does so itself.  Otherwise the guard passes on: signals to the engine, stops
// and the way the engine ended to whoever started us.  Both are in one process group, so that a
// terminal reaches both, and have different names, so that `killall -9` of one name spares one.

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "os/startup.h"

namespace distaff {

// What the engine knows of its guard.
class Guard {
 public:
  // Forks, and returns in the engine only.  To be called before signals are taken and while little
  // is open or allocated.  If the system has no room for a process it returns in the process that
  // called, without a guard.
  static Guard begin(const Startup& startup);

  // False: there was no room for one.
  explicit operator bool() const { return static_cast<bool>(alive_); }

  // Readable, at its end, once the guard is dead.
  int fd() const { return alive_.get(); }

  // The engine has ended its work: what is left below it may live on.
  void let_live();

  // What is below the engine is in this control group (see os/cgroup.h); empty: not any more.
  void note_cgroup(const std::string& directory);

 private:
  struct Shared;

  UniqueFd alive_;
  Shared* shared_ = nullptr;  // in memory that both see
};

}  // namespace distaff

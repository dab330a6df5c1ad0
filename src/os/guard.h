#pragma once

// Two processes, so that no death of one leaves anybody behind.
//
// The process that the user started becomes the guard, and goes on in a child, the engine.  Orphans
// below the engine come to the engine while it lives, and to the guard once it does not.  If the
// engine dies in the middle of its work the guard ends all it had started; if the guard dies the
// engine is told, and does so itself.  Otherwise the guard passes on: signals to the engine, stops
// and the way the engine ended to whoever started us.  Both are in one process group, so that a
// terminal reaches both, and have different names, so that `killall -9` of one name spares one.
//
// Either may be stopped, by Ctrl-Z or by whoever knows only one of the two.  A stopped process sees
// nobody die, so the kernel continues each of them when the other is gone; and the engine, when it
// is continued, sees to it that its guard goes on too.

#include <sys/types.h>

#include <span>
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

  // In the engine, on SIGTSTP: stop_as_asked().  The guard stops too.
  void stop() const;

  // The engine was continued: so is the guard, if it stopped because the engine was.
  void go_on() const;

  // The guard keeps these open until it dies, beyond the engine's death.  If the system does not
  // let it (too many are in flight), nothing is done.
  void hold(std::span<const int> fds) const;

  // The engine has ended its work: what is left below it may live on.
  void let_live();

  // What is below the engine is in this control group (see os/cgroup.h); empty: not any more.
  void note_cgroup(const std::string& directory);

 private:
  struct Shared;

  UniqueFd alive_;
  UniqueFd to_hold_;  // what is sent there and never read is open as long as the guard lives
  pid_t pid_ = -1;
  Shared* shared_ = nullptr;  // in memory that both see
};

}  // namespace distaff

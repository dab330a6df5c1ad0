#pragma once

// Kills a process group when we die, by whatever death, SIGKILL too, and with nobody left to do it.
//
// A parent-death signal reaches the process we started, not its children.  For these we use that
// the kernel can send a signal of our choice (F_SETSIG) to a process group (F_SETOWN) when
// something happens to a file (O_ASYNC).  The file is a pipe of which we hold both ends: when we
// die the kernel closes one end before the other, and that is the event.  Whichever goes first, the
// other one tells, so both are armed.  The kernel holds on to the group itself, not to its number,
// so that no stranger who gets the number later is meant.

#include <sys/types.h>

#include "base/unique_fd.h"

namespace distaff {

class GroupFuse {
 public:
  GroupFuse() = default;
  GroupFuse(GroupFuse&&) = default;
  GroupFuse& operator=(GroupFuse&&) = delete;
  ~GroupFuse() { disarm(); }

  // Descriptors it takes while it lives.
  static constexpr int kDescriptors = 2;

  // From now on the death of this process ends the group.  False if descriptors are scarce, or the
  // group has nobody left: then nothing is armed.
  bool arm(pid_t group);

  // The group is left alone.
  void disarm();

 private:
  bool open();

  UniqueFd reader_, writer_;
};

}  // namespace distaff

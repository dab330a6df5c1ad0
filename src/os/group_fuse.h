#pragma once

// Kills a process group when its holder dies, by whatever death, SIGKILL too, and with nobody left
// to do it.
//
// A parent-death signal reaches the process we started, not its children.  For these we use that
// the kernel can send a signal of our choice (F_SETSIG) to a process group (F_SETOWN) when
// something happens to a file (O_ASYNC).  The file is a pipe of which we hold both ends: when we
// die the kernel closes one end before the other, and that is the event.  Whichever goes first, the
// other one tells, so both are armed.  The kernel holds on to the group itself, not to its number,
// so that no stranger who gets the number later is meant.
//
// The owner belongs to the open file and not to the descriptor.  So the child that we start can arm
// the fuse itself, by two system calls before its program is there: no moment is left in which it
// could have children that nothing would reach.  And another process can hold the fuse with us, if
// it is given both descriptors: then it goes off when the last of the holders is dead.

#include <sys/types.h>

#include <cstdint>

#include "base/unique_fd.h"

namespace distaff {

class GroupFuse {
 public:
  GroupFuse() = default;
  GroupFuse(GroupFuse&& other) noexcept;
  GroupFuse& operator=(GroupFuse&&) = delete;
  ~GroupFuse() { disarm(); }

  // From now on none takes a descriptor of this number or above: the rest is kept for others.
  static void keep_above(std::uint64_t fd);

  // Makes it ready to be armed.  False if descriptors are scarce.
  bool open();
  explicit operator bool() const { return static_cast<bool>(reader_); }

  // To be held by others too.
  int reader() const { return reader_.get(); }
  int writer() const { return writer_.get(); }

  // From now on the death of its holders ends the group.  False if it cannot be opened, or the
  // group has nobody left: then nothing is armed.
  bool arm(pid_t group);

  // The same by a child that leads its group, between vfork and exec, for the group or for itself
  // alone: system calls only.  `it_is_armed` then tells the parent's side.
  void arm_for_caller(bool whole_group) const;
  void it_is_armed() { armed_ = true; }

  // Nobody is left of the group: the fuse may be armed for another without disarm().
  void it_is_spent() { armed_ = false; }

  // The group is left alone.
  void disarm();

 private:
  UniqueFd reader_, writer_;
  bool armed_ = false;
};

}  // namespace distaff

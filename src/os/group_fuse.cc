#include "os/group_fuse.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace distaff {
namespace {

std::uint64_t kept_above = UINT64_MAX;

// Jobs need descriptors more than we do.  The lowest number that is free is given out, so whoever
// stays below a number leaves as many as there are above it.
bool is_scarce(int fd) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<std::uint64_t>(fd) >= std::min<std::uint64_t>(files.rlim_cur / 2, kept_above);
}

bool prepare(int fd, int access) {
  return fcntl(fd, F_SETSIG, SIGKILL) == 0 && fcntl(fd, F_SETFL, access | O_ASYNC) == 0;
}

}  // namespace

void GroupFuse::keep_above(std::uint64_t fd) { kept_above = fd; }

GroupFuse::GroupFuse(GroupFuse&& other) noexcept
    : reader_(std::move(other.reader_)),
      writer_(std::move(other.writer_)),
      armed_(std::exchange(other.armed_, false)) {}

bool GroupFuse::open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
  UniqueFd reader(ends[0]), writer(ends[1]);
  if (is_scarce(ends[1]) || !prepare(ends[0], O_RDONLY) || !prepare(ends[1], O_WRONLY)) {
    // With O_ASYNC and no owner nobody is told.
    return false;
  }
  reader_ = std::move(reader);
  writer_ = std::move(writer);
  return true;
}

bool GroupFuse::arm(pid_t group) {
  if (!reader_ && !open()) return false;
  armed_ = true;
  const bool armed =
      fcntl(reader_.get(), F_SETOWN, -group) == 0 && fcntl(writer_.get(), F_SETOWN, -group) == 0;
  if (!armed) disarm();
  return armed;
}

void GroupFuse::arm_for_caller(bool whole_group) const {
  const pid_t owner = whole_group ? -getpid() : getpid();
  fcntl(reader_.get(), F_SETOWN, owner);
  fcntl(writer_.get(), F_SETOWN, owner);
}

void GroupFuse::disarm() {
  if (!std::exchange(armed_, false)) return;
  fcntl(reader_.get(), F_SETOWN, 0);
  fcntl(writer_.get(), F_SETOWN, 0);
}

}  // namespace distaff

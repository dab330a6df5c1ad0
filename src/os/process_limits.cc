#include "os/process_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/unique_fd.h"

namespace distaff {
namespace {

std::uint64_t soft_limit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

std::uint64_t pid_max() {
  const UniqueFd fd(open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC));
  char text[32] = {};
  if (!fd || read(fd.get(), text, sizeof text - 1) <= 0) return 32768;
  return std::strtoull(text, nullptr, 10);
}

std::uint64_t room(std::uint64_t limit, int reserve) {
  const auto kept = static_cast<std::uint64_t>(reserve);
  return limit > kept ? limit - kept : 0;
}

}  // namespace

void raise_open_files(Startup& startup) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max) return;
  const rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && !startup.open_files) startup.open_files = before;
}

ChildLimits child_limits() {
  const std::uint64_t of_user = geteuid() == 0 ? UINT64_MAX : soft_limit(RLIMIT_NPROC);
  return {soft_limit(RLIMIT_NOFILE), std::min(of_user, pid_max())};
}

int max_children(const ChildLimits& limits, int fds_each, int reserve) {
  std::uint64_t most = room(limits.processes, reserve);
  if (fds_each > 0) {
    most = std::min(most, room(limits.open_files, reserve) / static_cast<unsigned>(fds_each));
  }
  return static_cast<int>(std::clamp<std::uint64_t>(most, 1, INT_MAX));
}

}  // namespace distaff

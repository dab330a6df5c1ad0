#include "os/process_limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/unique_fd.h"

namespace distaff {
namespace {

constexpr std::uint64_t kOthers = 64;          // processes that are not ours
constexpr std::uint64_t kMostAsked = 1 << 16;  // descriptors, one by one

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

// Only numbers below the limit are given out.  False: we cannot look.
bool count_in_proc(OpenFiles& files) {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return false;
  const int ours = dirfd(directory);
  while (const dirent* const entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = std::atoi(entry->d_name);
    if (fd != ours) ++(static_cast<std::uint64_t>(fd) < files.limit ? files.open : files.above);
  }
  closedir(directory);
  return true;
}

// Where /proc is not there, or no descriptor is left to look into it.
std::uint64_t count_one_by_one(std::uint64_t limit) {
  std::uint64_t open = 0;
  const int end = static_cast<int>(std::min<std::uint64_t>(limit, kMostAsked));
  for (int fd = 0; fd < end; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) ++open;
  }
  return open;
}

}  // namespace

void raise_open_files(Startup& startup) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max) return;
  const rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && !startup.open_files) startup.open_files = before;
}

OpenFiles open_files() {
  OpenFiles files{.limit = open_files_limit()};
  if (!count_in_proc(files)) files.open = count_one_by_one(files.limit);
  return files;
}

std::uint64_t open_files_limit() { return soft_limit(RLIMIT_NOFILE); }

std::string describe(const OpenFiles& files) {
  return fmt::format("{} may be open (ulimit -n), {} are", files.limit, files.open);
}

std::uint64_t process_limit() {
  const std::uint64_t of_user = geteuid() == 0 ? UINT64_MAX : soft_limit(RLIMIT_NPROC);
  return std::min(of_user, pid_max());
}

int max_children(std::uint64_t free_files, int files_each, std::uint64_t processes) {
  std::uint64_t most = processes > kOthers ? processes - kOthers : 1;
  if (files_each > 0) most = std::min(most, free_files / static_cast<unsigned>(files_each));
  return static_cast<int>(std::min<std::uint64_t>(most, INT_MAX));
}

}  // namespace distaff

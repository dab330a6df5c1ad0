#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pieces.h"
#include "base/unique_fd.h"
#include "os/file_text.h"

namespace distaff {
namespace {

constexpr std::string_view kName = "distaff-";

bool write_to(const std::string& path, std::string_view text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Where the file system of control groups is seen, and which of its directories is seen there.
struct Mount {
  std::string root, place;
};

// Of a line of mountinfo: "41 31 0:38 ROOT PLACE OPTIONS - cgroup2 ...".
std::optional<Mount> find_mount() {
  const std::string mounts = text_of_file("/proc/self/mountinfo").value_or("");
  for (const std::string_view line : pieces_of(mounts, '\n')) {
    const std::size_t dash = line.find(" - cgroup2 ");
    if (dash == line.npos) continue;
    const auto words = pieces_of(line.substr(0, dash), ' ');
    // Blanks in names are written as \040; such a place is not worth the trouble.
    if (words.size() >= 5 && line.find("\\040") == line.npos) {
      return Mount{.root = std::string(words[3]), .place = std::string(words[4])};
    }
  }
  return std::nullopt;
}

// The directory of the group we are in; empty if it cannot be seen from here.
std::string own_directory() {
  const auto mount = find_mount();
  if (!mount) return {};
  const std::string groups = text_of_file("/proc/self/cgroup").value_or("");
  for (const std::string_view line : pieces_of(groups, '\n')) {
    if (!line.starts_with("0::")) continue;
    std::string path(line.substr(3));
    if (mount->root != "/") {
      if (!path.starts_with(mount->root)) return {};
      path.erase(0, mount->root.size());
    }
    return path == "/" ? mount->place : mount->place + path;
  }
  return {};
}

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

// Of runs of which nobody was left to do it.  One that is in use cannot be removed; that of a run
// which lives may be empty because it has just been made.
void remove_empty_ones(const std::string& parent) {
  DIR* const directory = opendir(parent.c_str());
  if (directory == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    if (std::string_view(entry->d_name).starts_with(kName)) names.emplace_back(entry->d_name);
  }
  closedir(directory);
  for (const std::string& name : names) {
    if (!is_alive(std::atoi(name.c_str() + kName.size()))) rmdir((parent + "/" + name).c_str());
  }
}

}  // namespace

std::optional<Cgroup> Cgroup::enter() {
  const std::string parent = own_directory();
  if (parent.empty() || access(parent.c_str(), W_OK) < 0) return std::nullopt;
  remove_empty_ones(parent);
  Cgroup group(parent, fmt::format("{}/{}{}", parent, kName, getpid()));
  if (mkdir(group.directory_.c_str(), 0755) < 0) return std::nullopt;
  const bool can_kill = access((group.directory_ + "/cgroup.kill").c_str(), W_OK) == 0;
  if (can_kill && write_to(group.directory_ + "/cgroup.procs", "0")) return group;
  group.remove();
  return std::nullopt;
}

void Cgroup::leave() const { write_to(parent_ + "/cgroup.procs", "0"); }

// Who was killed is in the group until the kernel has taken it apart, which is after its files are
// closed: waited for, since cgroup.events tells when the last one is gone.
void Cgroup::remove() const {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + milliseconds(500);
  const UniqueFd events(open((directory_ + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  while (rmdir(directory_.c_str()) < 0 && errno == EBUSY && events) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    char text[256];
    if (left.count() <= 0 || pread(events.get(), text, sizeof text, 0) < 0) return;
    pollfd changed{.fd = events.get(), .events = POLLPRI, .revents = 0};
    // Between the reading and rmdir the last one may have gone: so not the whole time at once.
    poll(&changed, 1, static_cast<int>(std::min(left, milliseconds(20)).count()));
  }
}

void Cgroup::kill_all_in(const std::string& directory) {
  write_to(directory + "/cgroup.kill", "1");
}

}  // namespace distaff

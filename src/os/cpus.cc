// A cgroup's quota says how much CPU time its processes may use in each period: 150 ms in 100 ms
// are one and a half CPUs, which keep two jobs busy.  Limits hold for all below, so each directory
// from ours up to the mount point is asked.
//
// /proc/self/cgroup gives our path in each hierarchy, /proc/self/mountinfo where it is mounted and
// which part of it: in a container the mount often begins at our own cgroup.

#include "os/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <vector>

#include "base/pieces.h"
#include "os/file_text.h"

namespace distaff {
namespace {

bool lists(std::string_view comma_separated, std::string_view word) {
  const auto words = pieces_of(comma_separated, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

// mountinfo writes blanks and backslashes as \040.
std::string unescape(std::string_view text) {
  const auto octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                  (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

// The CPUs that a quota and a period stand for; nothing for "max", -1 and what is no number.
std::optional<int> cpus_of(std::string_view quota_text, std::string_view period_text) {
  const auto read_number = [](std::string_view text) {
    long long value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  const long long quota = read_number(quota_text), period = read_number(period_text);
  if (quota <= 0 || period <= 0) return {};
  return static_cast<int>(std::clamp<long long>((quota - 1) / period + 1, 1, 1 << 20));
}

void take_least(std::optional<int>& least, std::optional<int> other) {
  if (other && (!least || *other < *least)) least = other;
}

struct Hierarchy {
  bool version2 = false;
  std::string path;         // ours in it
  std::string mount_root;   // the part of it that is mounted
  std::string mount_point;  // empty: not mounted
};

std::optional<int> quota_of_directory(const Hierarchy& hierarchy, const std::string& directory) {
  if (hierarchy.version2) {
    const std::string text = text_of_file(directory + "/cpu.max").value_or("");
    const auto fields = pieces_of(std::string_view(text).substr(0, text.find('\n')), ' ');
    return fields.size() == 2 ? cpus_of(fields[0], fields[1]) : std::nullopt;
  }
  return cpus_of(text_of_file(directory + "/cpu.cfs_quota_us").value_or(""),
                 text_of_file(directory + "/cpu.cfs_period_us").value_or(""));
}

// Our path below the mount point: "", "/a", "/a/b".  A path outside of the mounted part (another
// namespace's view: "/../x") leaves only the mount point itself.
std::string path_below_mount(const Hierarchy& hierarchy) {
  std::string_view path = hierarchy.path;
  if (hierarchy.mount_root != "/") {
    if (!path.starts_with(hierarchy.mount_root)) return {};
    path.remove_prefix(hierarchy.mount_root.size());
    if (!path.empty() && !path.starts_with('/')) return {};
  }
  if (path.starts_with("/..")) return {};
  return path == "/" ? std::string() : std::string(path);
}

std::optional<int> least_quota(const Hierarchy& hierarchy, const std::string& root) {
  std::optional<int> least;
  if (hierarchy.mount_point.empty()) return least;
  std::string below = path_below_mount(hierarchy);
  for (;;) {
    take_least(least, quota_of_directory(hierarchy, root + hierarchy.mount_point + below));
    if (below.empty()) return least;
    below.erase(below.rfind('/'));
  }
}

// The hierarchies that may hold CPU quotas: version 2, and version 1 with the cpu controller.
// A line is "NUMBER:CONTROLLERS:PATH".
std::vector<Hierarchy> our_hierarchies(std::string_view cgroup_text) {
  std::vector<Hierarchy> hierarchies;
  for (const std::string_view line : pieces_of(cgroup_text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !lists(controllers, "cpu")) continue;
    hierarchies.push_back({controllers.empty(), std::string(line.substr(second + 1)), {}, {}});
  }
  return hierarchies;
}

// A line is "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [OPTIONAL]... - TYPE SOURCE
// SUPEROPTIONS".
void find_mounts(std::vector<Hierarchy>& hierarchies, std::string_view mountinfo_text) {
  for (const std::string_view line : pieces_of(mountinfo_text, '\n')) {
    const std::size_t dash = line.find(" - cgroup");
    if (dash == line.npos) continue;
    const auto front = pieces_of(line.substr(0, dash), ' ');
    const auto back = pieces_of(line.substr(dash + 3), ' ');
    if (front.size() < 5 || back.size() < 3) continue;
    const bool version2 = back[0] == "cgroup2";
    if (!version2 && !lists(back[2], "cpu")) continue;
    for (Hierarchy& hierarchy : hierarchies) {
      if (hierarchy.version2 != version2 || !hierarchy.mount_point.empty()) continue;
      hierarchy.mount_root = unescape(front[3]);
      hierarchy.mount_point = unescape(front[4]);
    }
  }
}

int affinity_cpus() {
  for (int most = 1024; most <= 1 << 20; most *= 2) {
    cpu_set_t* set = CPU_ALLOC(most);
    const std::size_t size = CPU_ALLOC_SIZE(most);
    const bool good = sched_getaffinity(0, size, set) == 0;
    const bool too_small = !good && errno == EINVAL;
    const int count = good ? CPU_COUNT_S(size, set) : 1;
    CPU_FREE(set);
    if (!too_small) return std::max(count, 1);
  }
  return 1;
}

}  // namespace

std::optional<int> cgroup_cpus(const CgroupFiles& files) {
  std::optional<int> least;
  std::vector<Hierarchy> hierarchies = our_hierarchies(text_of_file(files.cgroup).value_or(""));
  if (hierarchies.empty()) return least;
  find_mounts(hierarchies, text_of_file(files.mountinfo).value_or(""));
  for (const Hierarchy& hierarchy : hierarchies) {
    take_least(least, least_quota(hierarchy, files.root));
  }
  return least;
}

int usable_cpus(const CgroupFiles& files) {
  const int cpus = affinity_cpus();
  if (cpus == 1) return 1;
  return std::min(cpus, cgroup_cpus(files).value_or(cpus));
}

}  // namespace distaff

#pragma once

// How many CPUs this process may use: the default number of jobs at once.

#include <optional>
#include <string>

namespace distaff {

// Where to read about cgroups; tests have trees of their own.
struct CgroupFiles {
  std::string cgroup = "/proc/self/cgroup";
  std::string mountinfo = "/proc/self/mountinfo";
  std::string root;  // in front of the mount points that mountinfo names
};

// The least of the CPU affinity and the CPU quotas of all cgroups that we are in, a part of a CPU
// counting as a whole one; at least 1.
int usable_cpus(const CgroupFiles& files = {});

// The least quota on the way from our cgroups (version 1 and 2) up to the top; nothing if there is
// none.
std::optional<int> cgroup_cpus(const CgroupFiles& files = {});

}  // namespace distaff

#include "os/cpus.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>

#include "base/unique_fd.h"
#include "os/process_limits.h"
#include "support/temp_dir.h"

namespace distaff::cpus_test {
namespace {

// A machine's /proc and /sys, as far as CPU quotas go.
class Quotas : public testing::Test {
 protected:
  TempDir dir;

  std::optional<int> cpus(std::string_view cgroup, std::string_view mountinfo) {
    return cgroup_cpus({.cgroup = dir.file("cgroup", cgroup),
                        .mountinfo = dir.file("mountinfo", mountinfo),
                        .root = dir.path()});
  }
  void version2(std::string_view path, std::string_view text) {
    dir.file("sys/fs/cgroup" + std::string(path) + "/cpu.max", text);
  }
  void version1(std::string_view path, std::string_view quota, std::string_view period) {
    const std::string directory = "sys/fs/cgroup/cpu,cpuacct" + std::string(path);
    dir.file(directory + "/cpu.cfs_quota_us", quota);
    dir.file(directory + "/cpu.cfs_period_us", period);
  }
};

constexpr std::string_view kMount2 =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view kMount1 =
    "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST_F(Quotas, TheLeastOnTheWayUpCounts) {
  version2("/user.slice/run.scope", "max 100000\n");
  version2("/user.slice", "300000 100000\n");
  EXPECT_EQ(cpus("0::/user.slice/run.scope\n", kMount2), 3);
  version2("/user.slice/run.scope", "200000 100000\n");
  EXPECT_EQ(cpus("0::/user.slice/run.scope\n", kMount2), 2);
  version2("", "100000 100000\n");
  EXPECT_EQ(cpus("0::/user.slice/run.scope\n", kMount2), 1);
}

TEST_F(Quotas, APartOfACpuIsAWholeOne) {
  version2("/a", "150000 100000\n");
  EXPECT_EQ(cpus("0::/a\n", kMount2), 2);
  version2("/a", "1000 100000\n");
  EXPECT_EQ(cpus("0::/a\n", kMount2), 1);
  version2("/a", "400000 200000\n");
  EXPECT_EQ(cpus("0::/a\n", kMount2), 2);
}

TEST_F(Quotas, NoneIsNone) {
  EXPECT_EQ(cpus("0::/a\n", kMount2), std::nullopt);  // no file
  version2("/a", "max 100000\n");
  EXPECT_EQ(cpus("0::/a\n", kMount2), std::nullopt);
  version2("/a", "nonsense\n");
  EXPECT_EQ(cpus("0::/a\n", kMount2), std::nullopt);
  EXPECT_EQ(cpus("", ""), std::nullopt);
  EXPECT_EQ(cgroup_cpus({.cgroup = dir / "none", .mountinfo = dir / "none", .root = ""}),
            std::nullopt);
}

TEST_F(Quotas, Version1HasTwoFilesAndMinusOne) {
  const std::string_view cgroup = "4:memory:/x\n3:cpu,cpuacct:/job/7\n0::/elsewhere\n";
  version1("/job/7", "-1\n", "100000\n");
  version1("/job", "250000\n", "100000\n");
  EXPECT_EQ(cpus(cgroup, kMount1), 3);
  version1("/job", "-1\n", "100000\n");
  EXPECT_EQ(cpus(cgroup, kMount1), std::nullopt);
}

TEST_F(Quotas, InAContainerTheMountBeginsAtOurCgroup) {
  version1("", "200000\n", "100000\n");
  const std::string_view mount =
      "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpuacct,cpu\n";
  EXPECT_EQ(cpus("3:cpuacct,cpu:/docker/abc\n", mount), 2);
  EXPECT_EQ(cpus("3:cpuacct,cpu:/docker/abcdef\n", mount), 2);  // not visible: the mount's own
  version1("/in", "100000\n", "100000\n");
  EXPECT_EQ(cpus("3:cpuacct,cpu:/docker/abc/in\n", mount), 1);
}

TEST_F(Quotas, APathOutsideOfOurNamespaceLeavesTheMountPoint) {
  version2("", "400000 100000\n");
  EXPECT_EQ(cpus("0::/../../outside\n", kMount2), 4);
}

TEST_F(Quotas, MountPointsMayHoldBlanks) {
  dir.file("my cgroup/a/cpu.max", "500000 100000\n");
  EXPECT_EQ(cpus("0::/a\n", "30 23 0:26 / /my\\040cgroup rw - cgroup2 none rw\n"), 5);
}

TEST(Cpus, AffinityIsALimit) {
  EXPECT_EXIT(
      {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        sched_setaffinity(0, sizeof one, &one);
        _exit(usable_cpus() == 1 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_GE(usable_cpus(), 1);
}

TEST(ProcessLimits, DescriptorsAndProcessesBoundTheChildren) {
  EXPECT_EQ(max_children(1000, 2, 1 << 20), 500);
  EXPECT_EQ(max_children(1001, 2, 1 << 20), 500);
  EXPECT_EQ(max_children(1000, 2, 164), 100);
  EXPECT_EQ(max_children(1000, 0, 164), 100);
  EXPECT_EQ(max_children(1000, 0, 10), 1);
  EXPECT_EQ(max_children(1, 2, 1 << 20), 0);
  EXPECT_EQ(max_children(UINT64_MAX, 2, UINT64_MAX), INT32_MAX);
  EXPECT_GE(max_children(100, 2, process_limit()), 1);
}

[[noreturn]] void limit_files_and(rlim_t most, const std::function<bool()>& act) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = most;
  setrlimit(RLIMIT_NOFILE, &limit);
  _exit(act() ? 0 : 1);
}

// In a child: `act` under a limit of so many open files.
void under_limit(rlim_t most, const std::function<bool()>& act) {
  EXPECT_EXIT(limit_files_and(most, act), testing::ExitedWithCode(0), "");
}

TEST(ProcessLimits, InheritedDescriptorsAreCountedButThoseBeyondTheLimit) {
  under_limit(100, [] {
    const std::uint64_t before = open_files().open;
    const UniqueFd low(fcntl(0, F_DUPFD, 50));
    const bool counted = open_files().limit == 100 && open_files().open == before + 1;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 40;
    setrlimit(RLIMIT_NOFILE, &limit);
    return counted && open_files().open == before && open_files().free() == 40 - before;
  });
}

TEST(ProcessLimits, TheyAreCountedWithNoneLeftToLookWith) {
  under_limit(30, [] {
    while (dup(0) >= 0) {
    }
    return open_files().open == 30 && open_files().free() == 0 &&
           describe(open_files()) == "30 may be open (ulimit -n), 30 are";
  });
}

TEST(ProcessLimits, OpenFilesAreRaisedAndTheOldLimitIsKeptInMind) {
  EXPECT_EXIT(
      {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 50;
        setrlimit(RLIMIT_NOFILE, &limit);
        Startup startup = look_around();
        raise_open_files(startup);
        rlimit now{};
        getrlimit(RLIMIT_NOFILE, &now);
        _exit(now.rlim_cur == limit.rlim_max && startup.open_files->rlim_cur == 50 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace distaff::cpus_test

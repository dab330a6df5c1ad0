#include "os/cgroup.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "support/timing.h"

namespace distaff::cgroup_test {
namespace {

bool is_there(const std::string& directory) { return access(directory.c_str(), F_OK) == 0; }

// Where there can be none, there is none, and that is all that can be seen.
TEST(Cgroup, KillsEverybodyInItAtOnceAndIsGone) {
  const auto group = Cgroup::enter();
  if (!group) {
    std::puts("no control group can be made here");
    return;
  }
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    const pid_t grandchild = fork();
    if (grandchild == 0) setsid();
    [[maybe_unused]] const auto told = write(ready[1], "x", 1);
    for (;;) pause();
  }
  close(ready[1]);
  char x = 0;
  ASSERT_EQ(read(ready[0], &x, 1), 1);
  ASSERT_EQ(read(ready[0], &x, 1), 1);
  group->leave();
  group->kill();
  EXPECT_EQ(read(ready[0], &x, 1), 0) << "somebody holds the pipe";
  close(ready[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  const test::Stopwatch watch;
  group->remove();
  EXPECT_TRUE(!is_there(group->directory()) || watch.elapsed() >= std::chrono::milliseconds(500))
      << "it waits until the kernel has taken apart who was killed";
  EXPECT_TRUE(!test::kTimesCount || !is_there(group->directory())) << "it does not try again";
  EXPECT_TRUE(test::eventually([&] {
    group->remove();
    return !is_there(group->directory());
  }));
}

pid_t in_a_child(const std::function<bool()>& what) {
  const pid_t child = fork();
  if (child == 0) _exit(what() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return child;
}

TEST(Cgroup, EmptyOnesThatWereLeftAreRemoved) {
  // In a group of our own: elsewhere any other run may remove what a dead one left.
  const auto ours = Cgroup::enter();
  if (!ours) return;
  const auto group = Cgroup::enter();
  ASSERT_TRUE(group);
  group->leave();
  ASSERT_TRUE(is_there(group->directory()));
  const auto enter_and_leave = [] {
    const auto another = Cgroup::enter();
    if (another) another->leave();
    return another.has_value();
  };
  const std::string parent = group->directory().substr(0, group->directory().rfind('/'));
  const pid_t dead = in_a_child(enter_and_leave);
  ASSERT_TRUE(is_there(parent + "/distaff-" + std::to_string(dead)));
  const pid_t next = in_a_child(enter_and_leave);
  EXPECT_FALSE(is_there(parent + "/distaff-" + std::to_string(dead)));
  EXPECT_TRUE(is_there(group->directory())) << "its run lives: it may be about to be entered";
  group->remove();
  EXPECT_FALSE(is_there(group->directory()));
  rmdir((parent + "/distaff-" + std::to_string(next)).c_str());
  ours->leave();
  ours->remove();
}

}  // namespace
}  // namespace distaff::cgroup_test

#include "os/group_fuse.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <functional>

namespace distaff {
namespace {

// A group of two: its leader, which ends at once, and another.
pid_t start_group() {
  const pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    if (fork() != 0) _exit(0);
    for (;;) pause();
  }
  setpgid(leader, leader);
  return leader;
}

// Runs `body` in a process, with a group that `body` gets; true if the group is dead once that
// process is.
bool kills_group(const std::function<void(pid_t group)>& body) {
  int held[2];
  EXPECT_EQ(pipe2(held, O_CLOEXEC), 0);
  const pid_t group = start_group();
  waitid(P_PID, static_cast<id_t>(group), nullptr, WEXITED | WNOWAIT);  // the leader is dead
  const pid_t holder = fork();
  if (holder == 0) {
    close(held[1]);
    body(group);
    _exit(0);
  }
  EXPECT_EQ(waitpid(holder, nullptr, 0), holder);
  close(held[1]);
  pollfd ended{held[0], POLLIN, 0};
  const bool dead = poll(&ended, 1, 200) == 1;  // only the other one holds it now
  close(held[0]);
  kill(-group, SIGKILL);
  waitpid(group, nullptr, 0);
  return dead;
}

TEST(GroupFuse, KillsTheGroupWhenItsHolderIsKilled) {
  EXPECT_TRUE(kills_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    kill(getpid(), SIGKILL);
  }));
}

TEST(GroupFuse, AlsoWhenItExitsWithoutAWord) {
  EXPECT_TRUE(kills_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    _exit(1);
  }));
}

TEST(GroupFuse, LeavesItAloneOnceDisarmedOrGone) {
  EXPECT_FALSE(kills_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    fuse.disarm();
    kill(getpid(), SIGKILL);
  }));
  EXPECT_FALSE(kills_group([](pid_t group) { GroupFuse().arm(group); }));
}

TEST(GroupFuse, OneOfManyGroupsIsMeant) {
  EXPECT_FALSE(kills_group([](pid_t group) {
    GroupFuse other, fuse;
    const pid_t another = fork();
    if (another == 0) {
      setpgid(0, 0);
      for (;;) pause();
    }
    setpgid(another, another);
    EXPECT_TRUE(fuse.arm(group));
    EXPECT_TRUE(other.arm(another));
    fuse.disarm();
    kill(getpid(), SIGKILL);
  }));
}

TEST(GroupFuse, SaysIfThereIsNoSuchGroup) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  EXPECT_FALSE(GroupFuse().arm(gone));
}

TEST(GroupFuse, DoesWithoutWhereDescriptorsAreScarce) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{8, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  EXPECT_FALSE(GroupFuse().arm(getpgrp()));
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace distaff

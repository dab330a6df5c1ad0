#include "os/group_fuse.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <optional>

#include "support/timing.h"

namespace distaff::group_fuse_test {
namespace {

using namespace std::chrono_literals;

// A group of two: its leader, which ends at once, and another, which says "alive" when it is asked.
class Group {
 public:
  Group() {
    EXPECT_EQ(pipe2(asked_, O_CLOEXEC) + pipe2(said_, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      if (fork() != 0) _exit(0);
      close(asked_[1]);
      char byte;
      while (read(asked_[0], &byte, 1) == 1) {
        if (write(said_[1], "alive", 5) != 5) _exit(1);
      }
      _exit(0);
    }
    setpgid(pid_, pid_);
    waitid(P_PID, static_cast<id_t>(pid_), nullptr, WEXITED | WNOWAIT);  // the leader is dead
  }
  ~Group() {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    for (const int fd : {asked_[0], asked_[1], said_[0], said_[1]}) close(fd);
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Runs `body` in a process and waits for its end.
  void hand_to(const std::function<void(pid_t group)>& body) {
    const pid_t holder = fork();
    if (holder == 0) {
      close(said_[1]);
      body(pid_);
      _exit(0);
    }
    EXPECT_EQ(waitpid(holder, nullptr, 0), holder);
    close(said_[1]);  // only the other one holds it now
    said_[1] = -1;
  }

  // The other one says something, or is gone, in time.
  bool speaks(int milliseconds) const {
    pollfd ready{said_[0], POLLIN, 0};
    return poll(&ready, 1, milliseconds) == 1;
  }
  // How long it takes until the other one is dead; nothing if it lives on.
  std::optional<std::chrono::nanoseconds> dies_after() const {
    const test::Stopwatch watch;
    char byte;
    if (!speaks(200'000) || read(said_[0], &byte, 1) != 0) return {};
    return watch.elapsed();
  }
  bool answers() const {
    char word[5];
    return write(asked_[1], "?", 1) == 1 && speaks(200'000) && read(said_[0], word, 5) == 5;
  }

 private:
  pid_t pid_ = -1;
  int asked_[2], said_[2];
};

// Runs `body` in a process, with a group that `body` gets; how long the group outlives that
// process, or nothing if it lives on.
std::optional<std::chrono::nanoseconds> kills_group(const std::function<void(pid_t group)>& body) {
  Group group;
  group.hand_to(body);
  return group.dies_after();
}

bool spares_group(const std::function<void(pid_t group)>& body) {
  Group group;
  group.hand_to(body);
  return !group.speaks(200) && group.answers();
}

TEST(GroupFuse, KillsTheGroupWhenItsHolderIsKilled) {
  const auto took = kills_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    kill(getpid(), SIGKILL);
  });
  ASSERT_TRUE(took);
  EXPECT_WITHIN(*took, 200ms);
}

TEST(GroupFuse, AlsoWhenItExitsWithoutAWord) {
  const auto took = kills_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    _exit(1);
  });
  ASSERT_TRUE(took);
  EXPECT_WITHIN(*took, 200ms);
}

TEST(GroupFuse, WaitsForTheDeathOfItsLastHolder) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Group group;
  group.hand_to([&](pid_t number) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(number));
    const pid_t other = fork();
    if (other == 0) {
      for (;;) pause();
    }
    EXPECT_EQ(write(ends[1], &other, sizeof other), static_cast<ssize_t>(sizeof other));
    kill(getpid(), SIGKILL);
  });
  pid_t other = -1;
  ASSERT_EQ(read(ends[0], &other, sizeof other), static_cast<ssize_t>(sizeof other));
  EXPECT_TRUE(!group.speaks(100) && group.answers());
  kill(other, SIGKILL);
  EXPECT_TRUE(group.dies_after());
  close(ends[0]);
  close(ends[1]);
}

TEST(GroupFuse, CanBeArmedForAnotherOnceItIsSpent) {
  EXPECT_TRUE(spares_group([](pid_t group) {
    const pid_t another = fork();
    if (another == 0) {
      setpgid(0, 0);
      for (;;) pause();
    }
    setpgid(another, another);
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    fuse.it_is_spent();
    EXPECT_TRUE(fuse.arm(another));
    kill(getpid(), SIGKILL);
  }));
}

TEST(GroupFuse, LeavesItAloneOnceDisarmedOrGone) {
  EXPECT_TRUE(spares_group([](pid_t group) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.arm(group));
    fuse.disarm();
    kill(getpid(), SIGKILL);
  }));
  EXPECT_TRUE(spares_group([](pid_t group) { GroupFuse().arm(group); }));
}

TEST(GroupFuse, OneOfManyGroupsIsMeant) {
  EXPECT_TRUE(spares_group([](pid_t group) {
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
}  // namespace distaff::group_fuse_test

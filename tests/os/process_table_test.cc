#include "os/process_table.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "os/spawn.h"
#include "support/timing.h"

namespace distaff::process_table_test {
namespace {

using namespace std::chrono_literals;

pid_t start(const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    for (;;) pause();
  }
  return pid;
}

void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

const auto nobody = [](pid_t) { return false; };
const auto everybody = [](pid_t) { return true; };

class SubReaper {
 public:
  SubReaper() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~SubReaper() { prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

TEST(ProcessTable, ShowsAProcess) {
  const auto self = look_at_process(getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->pid, getpid());
  EXPECT_EQ(self->parent, getppid());
  EXPECT_EQ(self->group, getpgrp());
  EXPECT_EQ(self->session, getsid(0));
  EXPECT_FALSE(self->zombie);
}

TEST(ProcessTable, TellsWhoNeverCameToItsOwnProgram) {
  const pid_t forked = start([] { kill(getpid(), SIGTERM); });
  std::string words[] = {"/bin/sh", "-c", "kill -TERM $$"};
  char* const argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const SpawnResult started =
      spawn({.path = argv[0], .argv = argv, .envp = environ}, look_around());
  for (const pid_t pid : {forked, started.pid}) {
    waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOWAIT);
    EXPECT_EQ(is_before_exec(pid), pid == forked);
    waitpid(pid, nullptr, 0);
    EXPECT_FALSE(is_before_exec(pid)) << "nothing is known of it any more";
  }
}

TEST(ProcessTable, TellsTheTimeAsProcessesHaveIt) {
  const std::uint64_t before = ticks_since_boot();
  const pid_t pid = start([] {});
  const auto process = look_at_process(pid);
  ASSERT_TRUE(process);
  EXPECT_GE(process->started, before);
  EXPECT_LE(process->started, ticks_since_boot());
  end(pid);
}

TEST(ProcessTable, AProcessMayCallItselfWhatItWants) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = start([&] {
    prctl(PR_SET_NAME, ") Z 1 (\n) 2");
    [[maybe_unused]] const auto written = write(ends[1], "x", 1);
  });
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 1);
  const auto process = look_at_process(pid);
  ASSERT_TRUE(process);
  EXPECT_EQ(process->parent, getpid());
  EXPECT_FALSE(process->zombie);
  end(pid);
  close(ends[0]);
  close(ends[1]);
}

TEST(ProcessTable, ZombiesAreShownAndTheReapedAreNot) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOWAIT);
  EXPECT_TRUE(look_at_process(pid)->zombie);
  EXPECT_EQ(own_children(), std::vector<pid_t>{pid});
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(look_at_process(pid));
  EXPECT_TRUE(own_children().empty());
}

TEST(ProcessTable, ShowsWhoIsBelowUsAndWhoseFamily) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto up = [&] { [[maybe_unused]] const auto written = write(ends[1], "x", 1); };
  const pid_t parent = start([&] {
    start([&] {
      setsid();
      up();
    });
    up();
  });
  const pid_t other = start(up);
  char byte;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(ends[0], &byte, 1), 1);
  const auto all = descendants(everybody);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].process.parent, parent);
  EXPECT_EQ(all[2].top, parent);
  EXPECT_EQ(all[2].process.session, all[2].process.pid);
  EXPECT_EQ(descendants([&](pid_t child) { return child == other; }).size(), 1u);
  kill(all[2].process.pid, SIGKILL);
  end(parent);
  end(other);
  close(ends[0]);
  close(ends[1]);
}

TEST(ProcessTable, ReadsWhatAProcessWasStartedWith) {
  std::string sleep = "sleep", time = "777", one = "X=1", two = "XY=a b";
  char* argv[] = {sleep.data(), time.data(), nullptr};
  char* envp[] = {two.data(), one.data(), nullptr};
  SpawnRequest request;
  request.path = "/bin/sleep";
  request.argv = argv;
  request.envp = envp;
  const pid_t pid = spawn(request, look_around()).pid;
  // spawn() returns a moment before the kernel shows the arguments.
  test::eventually([&] { return command_line(pid) == "sleep 777"; });
  EXPECT_EQ(command_line(pid), "sleep 777");
  EXPECT_EQ(environment_variable(pid, "X"), "1");
  EXPECT_EQ(environment_variable(pid, "XY"), "a b");
  EXPECT_EQ(environment_variable(pid, "Y"), std::nullopt);
  end(pid);
  EXPECT_EQ(command_line(pid), "");
  EXPECT_EQ(environment_variable(pid, "X"), std::nullopt);
}

TEST(ProcessTable, ASignalReachesOnlyTheOneThatWasLookedAt) {
  const pid_t pid = start([] {});
  ProcessEntry process = *look_at_process(pid);
  ProcessEntry stranger = process;
  stranger.parent = 1;
  ++stranger.started;  // as if the number had been given to another since
  EXPECT_EQ(send_signal(stranger, SIGKILL), Sent::gone);
  stranger.started = process.started;
  EXPECT_EQ(send_signal(stranger, 0), Sent::sent);
  EXPECT_EQ(send_signal(process, SIGKILL), Sent::sent);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(send_signal(process, SIGKILL), Sent::gone);
}

TEST(ProcessTable, EndsEverybodyWhoeverForksMeanwhile) {
  const SubReaper reaper;
  // Each in a session of its own, and replaced by its child every millisecond.
  for (int i = 0; i < 5; ++i) {
    start([] {
      for (;;) {
        if (fork() != 0) _exit(0);
        setsid();
        usleep(1000);
      }
    });
  }
  EXPECT_TRUE(kill_all_children(nobody, 200s).empty());
  EXPECT_TRUE(descendants(everybody).empty());
  EXPECT_EQ(waitpid(-1, nullptr, 0), -1);
}

TEST(ProcessTable, SparesWhomItIsTold) {
  const pid_t spared = start([] {});
  const pid_t other = start([] {});
  EXPECT_TRUE(kill_all_children([&](pid_t pid) { return pid == spared; }, 200s).empty());
  EXPECT_FALSE(look_at_process(other));
  EXPECT_TRUE(look_at_process(spared));
  end(spared);
}

}  // namespace
}  // namespace distaff::process_table_test

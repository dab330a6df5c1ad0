#include "os/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "os/process_limits.h"
#include "os/signals.h"
#include "support/temp_dir.h"

namespace distaff::spawn_test {
namespace {

using Step = SpawnResult::Step;

const std::string kChild = DISTAFF_HELPERS "/child";

// A request that keeps the strings it points to.
struct Prepared {
  std::vector<std::string> words;
  std::vector<char*> argv;
  SpawnRequest request;

  explicit Prepared(std::vector<std::string> command) : words(std::move(command)) {
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    request.path = words[0].c_str();
    request.argv = argv.data();
    request.envp = environ;
  }
};

int status_of(pid_t pid) {
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

// What `child report` says when it is started like this.
std::map<std::string, std::string> report(const Startup& startup,
                                          const std::function<void(SpawnRequest&)>& change = {}) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  Prepared prepared({kChild, "report"});
  prepared.request.stdio[1] = ends[1];
  if (change) change(prepared.request);
  const SpawnResult result = spawn(prepared.request, startup);
  close(ends[1]);
  EXPECT_TRUE(result.started()) << result.error;
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(reader.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(status_of(result.pid), 0);
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return values;
}

// 0, 1, 2, and what the test program itself was given.
std::string inherited_descriptors() {
  std::string text;
  for (int fd = 0; fd < 1024; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
      text.append(text.empty() ? "" : " ").append(std::to_string(fd));
    }
  }
  return text;
}

TEST(Spawn, TheChildHasOnlyWhatItWasGiven) {
  const std::string before = inherited_descriptors();
  const UniqueFd ours(open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto child = report(look_around(), [&](SpawnRequest& request) { request.stdio[0] = ours.get(); });
  EXPECT_EQ(child["fds"], before);
  EXPECT_EQ(child["stdin"], "/dev/null");
  EXPECT_EQ(child["leader"], "1");
  EXPECT_EQ(report(look_around(), [](SpawnRequest& r) { r.own_group = false; })["leader"], "0");
}

TEST(Spawn, MaskAndIgnoredSignalsAreAsWhenWeStarted) {
  const auto in_child = [] {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_IGN);
    const Startup startup = take_over();
    EventLoop loop;
    const SignalWatcher watcher(loop, startup, {SIGINT, SIGTERM, SIGHUP, SIGCHLD},
                                [](int, TimePoint) {});
    auto child = report(startup);
    const bool first = child["blocked"] == "12 " && child["ignored"] == "1 ";
    Startup no_pipe = startup;  // as after: trap '' PIPE
    sigaddset(&no_pipe.ignored, SIGPIPE);
    const bool second = report(no_pipe)["ignored"] == "1 13 ";
    _exit((first ? 0 : 1) + (second ? 0 : 2));
  };
  EXPECT_EXIT(in_child(), testing::ExitedWithCode(0), "");
}

// Ctrl-C, or `timeout`, while children are on their way from our process group to their own.
TEST(Spawn, SignalsThatWereMeantForUsDoNotReachTheProgram) {
  const pid_t parent = fork();
  if (parent == 0) {
    setpgid(0, 0);
    sigset_t all;
    sigfillset(&all);
    const Startup startup = look_around();
    sigprocmask(SIG_BLOCK, &all, nullptr);
    const pid_t sender = fork();
    if (sender == 0) {
      setpgid(0, 0);
      for (;;) {
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGTSTP})
          kill(-getppid(), signal);
      }
    }
    int hit = 0;
    Prepared prepared({"/bin/true"});
    for (int i = 0; i < 200; ++i) {
      const SpawnResult result = spawn(prepared.request, startup);
      int status = -1;
      waitpid(result.pid, &status, WUNTRACED);
      if (status != 0) ++hit;
    }
    kill(sender, SIGKILL);
    waitpid(sender, nullptr, 0);
    _exit(hit);
  }
  EXPECT_EQ(status_of(parent), 0) << "hundreds of children that were hit, times 256";
}

TEST(Spawn, TheChildArmsItsFuseBeforeItsProgramIsThere) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    GroupFuse fuse;
    EXPECT_TRUE(fuse.open());
    Prepared prepared({"/bin/sh", "-c", "sleep 777 & sleep 777"});
    prepared.request.stdio[1] = ends[1];
    prepared.request.fuse = &fuse;
    EXPECT_TRUE(spawn(prepared.request, look_around()).started());
    kill(getpid(), SIGKILL);
  }
  close(ends[1]);
  EXPECT_EQ(WTERMSIG(status_of(holder)), SIGKILL);
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 0) << "nobody holds the other end any more";
  close(ends[0]);
}

TEST(Spawn, OurOwnMaskIsAsBefore) {
  sigset_t before, after;
  sigprocmask(SIG_SETMASK, nullptr, &before);
  report(look_around());
  sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < 32; ++signal) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
  }
}

TEST(Spawn, DirectoryNicenessAndLimitOnFiles) {
  const TempDir dir;
  Startup startup = look_around();
  startup.open_files = rlimit{100, 200};
  auto child = report(startup, [&](SpawnRequest& request) {
    request.workdir = dir.path().c_str();
    request.nice = 7;
  });
  EXPECT_EQ(child["cwd"], std::filesystem::canonical(dir.path()));
  EXPECT_EQ(child["nice"], "7");
  EXPECT_EQ(child["files"], "100");
  EXPECT_NE(std::filesystem::current_path(), dir.path());
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 0);
}

TEST(Spawn, SaysWhichStepFailed) {
  const TempDir dir;
  const std::string file = dir.file("file", "", 0644);
  const auto fails = [](std::vector<std::string> command, const char* workdir = nullptr) {
    Prepared prepared(std::move(command));
    prepared.request.workdir = workdir;
    const SpawnResult result = spawn(prepared.request, look_around());
    EXPECT_EQ(result.pid, -1);
    return std::pair(result.failed, result.error);
  };
  EXPECT_EQ(fails({"/no/such"}), std::pair(Step::exec, ENOENT));
  EXPECT_EQ(fails({file}), std::pair(Step::exec, EACCES));
  EXPECT_EQ(fails({"/bin/true"}, "/no/such"), std::pair(Step::workdir, ENOENT));
  EXPECT_EQ(fails({"/bin/true", std::string(200000, 'x')}), std::pair(Step::exec, E2BIG));
  EXPECT_EQ(fails({dir.file("script", "echo", 0755)}), std::pair(Step::exec, ENOEXEC));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child that failed is left";
  EXPECT_EQ(errno, ECHILD);
}

// Runs in a process group of its own, at which `pest` fires SIGTSTP all the time.  We have it
// blocked; a child that is hit before it leaves the group must not stop with us waiting for it.
[[noreturn]] void spawn_under_fire() {
  setpgid(0, 0);
  const Startup startup = look_around();
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const pid_t target = getpgrp();
  const pid_t pest = fork();
  if (pest == 0) {
    setpgid(0, 0);
    while (kill(-target, SIGTSTP) == 0) {
    }
    _exit(0);
  }
  Prepared prepared({"/bin/true"});
  for (int i = 0; i < 200; ++i) waitpid(spawn(prepared.request, startup).pid, nullptr, 0);
  kill(pest, SIGKILL);
  _exit(0);
}

TEST(Spawn, CtrlZDoesNotStopUsThroughAChildOnItsWay) {
  const pid_t pid = fork();
  if (pid == 0) spawn_under_fire();
  int status = 0;
  const TimePoint limit = EventLoop::now() + std::chrono::seconds(200);
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (EventLoop::now() > limit) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
      FAIL() << "it hangs";
    }
    usleep(1000);
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace distaff::spawn_test

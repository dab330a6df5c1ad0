// Jobs and the terminal.  Each test runs an executor in a session of its own on a pseudo-terminal,
// whose other end plays the user.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <cstdlib>

#include "exec/run_jobs.h"
#include "support/timing.h"

namespace distaff::terminal_test {
namespace {

// Runs `body` as the leader of a session on a terminal of its own; true if it gives true.
bool on_a_terminal(const std::function<bool(int user)>& body) {
  const UniqueFd user(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (grantpt(user.get()) < 0 || unlockpt(user.get()) < 0) return false;
  const std::string name = ptsname(user.get());
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    const UniqueFd terminal(open(name.c_str(), O_RDWR | O_CLOEXEC));  // becomes ours to control
    _exit(body(user.get()) ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status == 0;
}

bool wanted_the_terminal(const Seen& job) {
  return job.end && job.end->outcome.kind == Outcome::Kind::wants_tty &&
         job.end->outcome.reason.find("--stdin tty") != std::string::npos;
}

TEST(Terminal, AJobThatAsksForItIsEndedAndSaysSo) {
  EXPECT_TRUE(on_a_terminal([](int) {
    Jobs jobs;
    return wanted_the_terminal(jobs.run({kChild, "ask"}));
  }));
}

TEST(Terminal, AlsoIfItIsNotTheGroupsLeaderThatAsks) {
  EXPECT_TRUE(on_a_terminal([](int) {
    Jobs jobs;
    return wanted_the_terminal(jobs.run({"sh", "-c", kChild + " ask; echo over"}));
  }));
}

TEST(Terminal, AlsoIfItIgnoresTermAndAsksAgain) {
  EXPECT_TRUE(on_a_terminal([](int) {
    Jobs jobs;
    return wanted_the_terminal(jobs.run({kChild, "ask", "stubborn"}));
  }));
}

TEST(Terminal, OtherStopsDoNotEndAJob) {
  EXPECT_TRUE(on_a_terminal([](int) {
    Jobs jobs;
    jobs.start({"sh", "-c", "kill -TSTP $$; echo back"});
    const bool stopped = test::eventually([] {
      siginfo_t who{};
      return waitid(P_ALL, 0, &who, WSTOPPED | WNOHANG | WNOWAIT) == 0 && who.si_pid != 0;
    });
    if (!stopped) return false;
    jobs.turn_past(EventLoop::now() + std::chrono::milliseconds(50));
    if (jobs.executor.running() != 1) return false;
    jobs.executor.signal(JobId{1}, SIGCONT);
    jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
    return jobs.seen[1].out == "back\n" && jobs.seen[1].end->outcome == Outcome::exited(0);
  }));
}

TEST(Terminal, StdinTtyGivesItToTheJob) {
  EXPECT_TRUE(on_a_terminal([](int user) {
    Jobs jobs({.stdin_from = ProcessExecutor::Stdin::tty});
    if (write(user, "typed\n", 6) != 6) return false;
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    dup2(null.get(), 0);  // as when records come from elsewhere: stdin is no terminal
    const Seen& job = jobs.run({"sh", "-c", "read line; test -t 0 && echo \"$line\""});
    return job.out == "typed\n" && job.end->outcome == Outcome::exited(0);
  }));
}

TEST(Terminal, WithoutOneStdinTtyFails) {
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    dup2(null.get(), 0);
    Jobs jobs({.stdin_from = ProcessExecutor::Stdin::tty});
    const Executor::StartResult result = jobs.start(std::vector<std::string>{"true"});
    _exit(result.start == Executor::Start::failed && !result.failure.reason.empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace distaff::terminal_test

#include "os/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <vector>

namespace distaff::signals_test {
namespace {

using namespace std::chrono_literals;

// Each runs in a process of its own, since it changes what holds for the whole process.
#define EXPECT_IN_CHILD(...) EXPECT_EXIT({ __VA_ARGS__; }, testing::ExitedWithCode(0), "")

void require(bool good) {
  if (!good) _exit(1);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

struct Seen {
  EventLoop loop;
  std::vector<int> signals;
  SignalWatcher watcher;
  Seen(const Startup& startup, std::initializer_list<int> taken)
      : watcher(loop, startup, taken,
                [this](int signal, TimePoint) { signals.push_back(signal); }) {}
  void look() { loop.wait(EventLoop::now()); }
};

void signals_come_as_events() {
  Seen seen(take_over(), {SIGTERM, SIGINT});
  kill(getpid(), SIGTERM);
  seen.look();
  require(seen.signals == std::vector{SIGTERM});
  seen.look();
  require(seen.signals.size() == 1);
  kill(getpid(), SIGINT);
  kill(getpid(), SIGINT);  // two that nobody looked at are one
  seen.look();
  require(seen.signals == std::vector{SIGTERM, SIGINT});
  _exit(0);
}

void ignored_at_start_stays_ignored() {
  signal(SIGINT, SIG_IGN);
  const Startup startup = take_over();
  Seen seen(startup, {SIGTERM, SIGINT});
  kill(getpid(), SIGINT);
  kill(getpid(), SIGTERM);
  seen.look();
  require(seen.signals == std::vector{SIGTERM});
  require(startup.ignores(SIGINT) && !startup.ignores(SIGTERM) && is_ignored(SIGINT));
  _exit(0);
}

void start_is_remembered() {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_DFL);
  const Startup startup = take_over();
  require(!is_ignored(SIGCHLD) && is_ignored(SIGPIPE) && !startup.ignores(SIGPIPE));
  Seen seen(startup, {SIGTERM});
  require(sigismember(&startup.mask, SIGUSR1) == 1 && sigismember(&startup.mask, SIGTERM) == 0);
  _exit(0);
}

void closed_descriptors_are_opened() {
  close(0);
  close(2);
  const Startup startup = take_over();
  require(startup.was_closed == std::array{true, false, true});
  char byte = 0;
  require(read(0, &byte, 1) < 0 && errno == EBADF);
  require(write(2, &byte, 1) < 0 && errno == EBADF);
  require((fcntl(0, F_GETFD) & FD_CLOEXEC) == 0);
  _exit(0);
}

TEST(Signals, ComeAsEventsOfTheLoop) { EXPECT_IN_CHILD(signals_come_as_events()); }
TEST(Signals, IgnoredAtStartStayIgnored) { EXPECT_IN_CHILD(ignored_at_start_stays_ignored()); }
TEST(Startup, RemembersWhatItChanges) { EXPECT_IN_CHILD(start_is_remembered()); }
TEST(Startup, OpensWhatIsClosed) { EXPECT_IN_CHILD(closed_descriptors_are_opened()); }

TEST(Signals, WeDieOfASignalAsIfItHadNotBeenTaken) {
  EXPECT_EXIT(
      {
        Seen seen(take_over(), {SIGTERM});
        die_of_signal(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(Signals, StoppingOurselvesLastsUntilWeAreContinued) {
  const pid_t pid = fork();
  if (pid == 0) {
    Seen seen(take_over(), {SIGTSTP});
    stop_ourselves();
    _exit(7);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  EXPECT_TRUE(WIFSTOPPED(status));
  kill(pid, SIGCONT);
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace distaff::signals_test

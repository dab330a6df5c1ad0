#include "os/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>
#include <initializer_list>
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

// How a child ends or stops first that is in a process group of its own (`leave`: which) and runs
// this.
int first_status_of(const std::function<void()>& leave, const std::function<void()>& act) {
  const pid_t pid = fork();
  if (pid == 0) {
    leave();
    act();
    _exit(7);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  if (!WIFSTOPPED(status)) return status;
  int last = 0;
  kill(pid, SIGCONT);
  EXPECT_EQ(waitpid(pid, &last, 0), pid);
  EXPECT_EQ(WEXITSTATUS(last), 7);
  return status;
}

void lead_a_group() { setpgid(0, 0); }
void lead_a_session() { setsid(); }

// Stops when the watcher tells of the signals in this order.
void take(std::initializer_list<int> sent) {
  EventLoop loop;
  int stops = 0;
  SignalWatcher watcher(loop, take_over(), {SIGTSTP, SIGCONT}, [&](int signal, TimePoint) {
    if (signal != SIGTSTP) return;
    ++stops;
    stop_as_asked();
  });
  for (const int signal : sent) kill(getpid(), signal);
  loop.wait(EventLoop::now());
  loop.wait(EventLoop::now());
  require(stops <= 1);
}

TEST(Signals, AStopThatWasAskedForStopsUsLikeAProgramThatDoesNotTakeIt) {
  const int status = first_status_of(lead_a_group, [] { take({SIGTSTP}); });
  EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP) << status;
}

TEST(Signals, WhereTheKernelStopsNobodyByThatSignalWeAreStoppedAllTheSame) {
  const int status = first_status_of(lead_a_session, [] { take({SIGTSTP}); });
  EXPECT_TRUE(WIFSTOPPED(status)) << status;
}

TEST(Signals, AStopThatWasTakenBackStopsNobody) {
  for (const auto& leave : {lead_a_group, lead_a_session}) {
    EXPECT_TRUE(WIFEXITED(first_status_of(leave, [] { take({SIGTSTP, SIGCONT}); })));
  }
}

// It comes when the watcher has told of the stop, and before we are stopped.
TEST(Signals, AContinuationThatComesBeforeWeAreStoppedIsNotLost) {
  for (const auto& leave : {lead_a_group, lead_a_session}) {
    const int status = first_status_of(leave, [] {
      Seen seen(take_over(), {SIGCONT});
      SignalWatcher stops(seen.loop, take_over(), {SIGTSTP}, [](int, TimePoint) {
        kill(getpid(), SIGCONT);
        stop_as_asked();
      });
      kill(getpid(), SIGTSTP);
      seen.look();
      seen.look();
      require(seen.signals == std::vector{SIGCONT});
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  }
}

TEST(Signals, AStopThatNobodyObeysIsToldOnce) {
  const int status = first_status_of(lead_a_group, [] {
    Seen seen(take_over(), {SIGTSTP, SIGTERM});
    kill(getpid(), SIGTSTP);
    kill(getpid(), SIGTERM);
    seen.look();
    seen.look();
    require(seen.signals == std::vector{SIGTERM, SIGTSTP});
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

}  // namespace
}  // namespace distaff::signals_test

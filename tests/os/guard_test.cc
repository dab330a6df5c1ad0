// Each test starts a program of two processes, as main() does, and looks at it from outside.

#include "os/guard.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "os/event_loop.h"
#include "os/file_text.h"
#include "os/process_table.h"
#include "os/signals.h"

namespace distaff::guard_test {
namespace {

struct Pipe {
  UniqueFd out, in;  // to read from, to write to

  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
};

void put(const UniqueFd& fd, const std::string& text) {
  [[maybe_unused]] const auto written = write(fd.get(), text.data(), text.size());
}

// Up to the next byte; empty at the end: nobody holds the other end any more.
std::string get(const UniqueFd& fd) {
  pollfd ready{fd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ready, 1, 200'000), 1) << "nothing comes";
  char text[256];
  const ssize_t size = read(fd.get(), text, sizeof text);
  return std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
}

class Program {
 public:
  // `engine` runs where the engine would; what it returns is its exit status.
  explicit Program(
      const std::function<int(Guard& guard)>& engine, const std::function<void()>& before = [] {}) {
    pid = fork();
    if (pid != 0) return;
    before();
    Guard guard = Guard::begin(look_around());
    _exit(engine(guard));
  }

  int wait(int flags = 0) const {
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, flags), pid);
    return status;
  }

  pid_t pid = -1;
};

// A process that the engine leaves: out of its session, with nothing but `to` to be known by.
// What exec would close is closed.
void leave_somebody(const UniqueFd& to, int closed = -1) {
  if (fork() != 0) return;
  close(closed);
  setsid();
  put(to, "up");
  for (;;) pause();
}

// The child of `program`.
pid_t engine_of(const Program& program) {
  for (const Descendant& one : descendants([&](pid_t pid) { return pid == program.pid; })) {
    if (one.process.parent == program.pid) return one.process.pid;
  }
  ADD_FAILURE() << "no engine";
  return -1;
}

TEST(Guard, PassesOnTheExitStatus) {
  const Program program([](Guard& guard) { return guard ? 7 : 1; });
  const int status = program.wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

TEST(Guard, DiesOfTheSignalThatEndedTheEngine) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGKILL}) {
    const Program program([signal](Guard&) -> int {
      if (signal == SIGKILL) kill(getpid(), SIGKILL);
      die_of_signal(signal);
    });
    const int status = program.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
  }
}

TEST(Guard, SendsSignalsOn) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT}) {
    const Pipe pipe;
    const Program program([&](Guard&) {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, number);
      sigprocmask(SIG_BLOCK, &set, nullptr);
      put(pipe.in, "up");
      return sigwaitinfo(&set, nullptr);
    });
    EXPECT_EQ(get(pipe.out), "up");
    kill(program.pid, number);
    EXPECT_EQ(WEXITSTATUS(program.wait()), number);
  }
}

// An engine as ours is, which answers USR1.
int obey(const Guard& guard, const UniqueFd& answers) {
  EventLoop loop;
  bool done = false;
  SignalWatcher signals(loop, look_around(), {SIGTSTP, SIGCONT, SIGUSR1, SIGTERM},
                        [&](int signal, TimePoint) {
                          if (signal == SIGTSTP) guard.stop();
                          if (signal == SIGCONT) guard.go_on();
                          if (signal == SIGUSR1) put(answers, "!");
                          if (signal == SIGTERM) done = true;
                        });
  put(answers, "up");
  while (!done) loop.wait(std::nullopt);
  return 5;
}

void spin(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) continue;
}

// However soon it comes after the stop, and to whichever of the two.
TEST(Guard, AContinuationIsNeverLost) {
  std::minstd_rand random(std::random_device{}());
  for (const bool whole_group : {false, true}) {
    const Pipe pipe;
    // The kernel stops nobody by TSTP in a group that has no parent outside.
    const Program program([&](Guard& guard) { return obey(guard, pipe.in); },
                          [] { setpgid(0, 0); });
    EXPECT_EQ(get(pipe.out), "up");
    const pid_t to = whole_group ? -program.pid : program.pid;
    for (int round = 0; round < 100; ++round) {
      kill(to, SIGTSTP);
      spin(std::chrono::microseconds(random() % 1000));
      kill(to, SIGCONT);
      kill(program.pid, SIGUSR1);
      ASSERT_EQ(get(pipe.out), "!") << "in round " << round;
    }
    kill(program.pid, SIGTERM);
    EXPECT_EQ(WEXITSTATUS(program.wait()), 5);
  }
}

TEST(Guard, StopsByTheSignalThatAsksForIt) {
  const Pipe pipe;
  const Program program([&](Guard& guard) { return obey(guard, pipe.in); }, [] { setpgid(0, 0); });
  EXPECT_EQ(get(pipe.out), "up");
  for (int round = 0; round < 3; ++round) {
    kill(program.pid, SIGTSTP);
    const int stopped = program.wait(WUNTRACED);
    EXPECT_TRUE(WIFSTOPPED(stopped) && WSTOPSIG(stopped) == SIGTSTP) << stopped;
    kill(program.pid, SIGCONT);
    kill(program.pid, SIGUSR1);
    EXPECT_EQ(get(pipe.out), "!");
  }
  kill(program.pid, SIGTERM);
  EXPECT_EQ(WEXITSTATUS(program.wait()), 5);
}

TEST(Guard, StopsWithTheEngineAndGoesOnWithIt) {
  const Program program([](Guard&) {
    stop_ourselves();
    return 5;
  });
  const int stopped = program.wait(WUNTRACED);
  EXPECT_TRUE(WIFSTOPPED(stopped)) << stopped;
  kill(program.pid, SIGCONT);
  EXPECT_EQ(WEXITSTATUS(program.wait()), 5);
}

TEST(Guard, EndsAllThatTheEngineLeftWhenItIsKilled) {
  Pipe pipe;
  const Program program([&](Guard&) {
    leave_somebody(pipe.in);
    while (pipe.in) pause();
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "up");
  kill(engine_of(program), SIGKILL);
  EXPECT_EQ(get(pipe.out), "");
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
}

TEST(Guard, AsksByTermBeforeItKills) {
  Pipe pipe;
  const Program program([&](Guard&) -> int {
    if (fork() == 0) {
      setsid();
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGTERM);
      sigprocmask(SIG_BLOCK, &set, nullptr);
      put(pipe.in, "up");
      put(pipe.in, sigwaitinfo(&set, nullptr) == SIGTERM ? "asked" : "?");
      for (;;) pause();
    }
    pipe.in.reset();
    for (;;) pause();
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "up");
  kill(engine_of(program), SIGKILL);
  EXPECT_EQ(get(pipe.out), "asked");
  EXPECT_EQ(get(pipe.out), "") << "it ignores that, and is killed";
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
}

TEST(Guard, IsWokenWhenTheEngineDiesWhileBothAreStopped) {
  Pipe pipe;
  const Program program([&](Guard& guard) -> int {
    leave_somebody(pipe.in, guard.fd());
    stop_ourselves();
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "up");
  EXPECT_TRUE(WIFSTOPPED(program.wait(WUNTRACED)));
  kill(engine_of(program), SIGKILL);
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
  EXPECT_EQ(get(pipe.out), "");
}

TEST(Guard, WakesTheEngineByItsDeathWhileBothAreStopped) {
  Pipe pipe;
  const Program program([&](Guard& guard) {
    put(pipe.in, "up");
    stop_ourselves();
    pollfd dead{guard.fd(), POLLIN, 0};
    put(pipe.in, poll(&dead, 1, 200'000) == 1 ? "told" : "?");
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "up");
  EXPECT_TRUE(WIFSTOPPED(program.wait(WUNTRACED)));
  kill(program.pid, SIGKILL);
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
  EXPECT_EQ(get(pipe.out), "told");
}

TEST(Guard, GoesOnWithTheEngineThatWasContinuedAlone) {
  for (int round = 0; round < 20; ++round) {
    const Pipe pipe;
    const Program program([&](Guard& guard) {
      put(pipe.in, std::to_string(getpid()));
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGCONT);
      stop_ourselves();
      sigwaitinfo(&set, nullptr);
      guard.go_on();
      return 5;
    });
    const pid_t engine = std::stoi(get(pipe.out));
    // The engine is stopped; the guard may be too by then, or not yet.
    while (text_of_file("/proc/" + std::to_string(engine) + "/stat")->find(") T ") ==
           std::string::npos) {
    }
    if (round % 2 == 0) {
      EXPECT_TRUE(WIFSTOPPED(program.wait(WUNTRACED)));
    }
    kill(engine, SIGCONT);
    EXPECT_EQ(WEXITSTATUS(program.wait()), 5);
  }
}

TEST(Guard, HoldsWhatItIsGivenUntilItDies) {
  Pipe pipe;
  const Program program([&](Guard& guard) -> int {
    const int fd = pipe.in.get();
    guard.hold({&fd, 1});
    put(pipe.in, "given");
    pipe.in.reset();
    stop_ourselves();
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "given");
  EXPECT_TRUE(WIFSTOPPED(program.wait(WUNTRACED)));
  const pid_t engine = engine_of(program);
  pollfd ended{pipe.out.get(), 0, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0) << "the guard holds it";
  kill(program.pid, SIGKILL);
  EXPECT_EQ(get(pipe.out), "");
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
  kill(engine, SIGKILL);
}

TEST(Guard, EndsWhatIsLeftAfterAnOrderlyEndToo) {
  Pipe pipe;
  const Program program([&](Guard&) {
    leave_somebody(pipe.in);
    return get(pipe.out) == "up" ? 0 : 1;
  });
  pipe.in.reset();
  EXPECT_EQ(WEXITSTATUS(program.wait()), 0);
  EXPECT_EQ(get(pipe.out), "");
}

TEST(Guard, LetsLiveWhatTheEngineSays) {
  Pipe up, go;
  const Program program([&](Guard& guard) {
    if (fork() == 0) {
      setsid();
      put(up.in, get(go.out) == "go" ? "alive" : "?");
      _exit(0);
    }
    guard.let_live();
    return 0;
  });
  EXPECT_EQ(WEXITSTATUS(program.wait()), 0);
  put(go.in, "go");
  EXPECT_EQ(get(up.out), "alive");
}

TEST(Guard, TellsTheEngineOfItsDeath) {
  Pipe pipe;
  const Program program([&](Guard& guard) {
    put(pipe.in, "up");
    pollfd dead{guard.fd(), POLLIN, 0};
    poll(&dead, 1, -1);
    put(pipe.in, "told");
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "up");
  kill(program.pid, SIGKILL);
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
  EXPECT_EQ(get(pipe.out), "told");
  EXPECT_EQ(get(pipe.out), "");
}

TEST(Guard, SparesChildrenOfTheProgramItWasBefore) {
  Pipe up, go;
  const Program program([](Guard&) -> int { return kill(getpid(), SIGKILL); },
                        [&] {
                          if (fork() != 0) return;
                          put(up.in, get(go.out) == "go" ? "alive" : "?");
                          _exit(0);
                        });
  EXPECT_EQ(WTERMSIG(program.wait()), SIGKILL);
  put(go.in, "go");
  EXPECT_EQ(get(up.out), "alive");
}

TEST(Guard, HoldsNoDescriptorOfOurs) {
  Pipe pipe;
  const Program program([&](Guard&) {
    pipe.in.reset();
    for (;;) pause();
    return 0;
  });
  pipe.in.reset();
  EXPECT_EQ(get(pipe.out), "") << "a reader would wait for the guard";
  kill(program.pid, SIGTERM);
  EXPECT_EQ(WTERMSIG(program.wait()), SIGTERM);
}

}  // namespace
}  // namespace distaff::guard_test

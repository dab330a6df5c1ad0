#include "os/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <cerrno>
#include <functional>

namespace distaff::event_loop_test {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  UniqueFd reader, writer;
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  void put() { EXPECT_EQ(write(writer.get(), "x", 1), 1); }
};

struct Told final : Watcher {
  int calls = 0;
  std::function<void(int fd)> then = [](int) {};
  void on_ready(int fd, std::uint32_t) override {
    ++calls;
    then(fd);
  }
};

TEST(EventLoop, TellsOfWhatIsReadyAgainAndAgainUntilItIsRead) {
  EventLoop loop;
  Pipe pipe;
  Told told;
  ASSERT_TRUE(loop.add(pipe.reader.get(), EPOLLIN, &told));
  pipe.put();
  loop.wait({});
  loop.wait({});
  EXPECT_EQ(told.calls, 2);
  loop.remove(pipe.reader.get());
  loop.wait(EventLoop::now());
  EXPECT_EQ(told.calls, 2);
}

TEST(EventLoop, IsNeverEarly) {
  EventLoop loop;
  for (const Duration delay : {Duration(1us), Duration(999us), Duration(1001us), Duration(7ms)}) {
    const TimePoint until = EventLoop::now() + delay;
    loop.wait(until);
    EXPECT_GE(EventLoop::now(), until);
  }
  loop.wait(EventLoop::now() - 1s);  // returns
}

TEST(EventLoop, ASignalDoesNotEndAWait) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, &before);
  const itimerval soon = {{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &soon, nullptr);
  EventLoop loop;
  const TimePoint until = EventLoop::now() + 15ms;
  loop.wait(until);
  EXPECT_GE(EventLoop::now(), until);
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
}

TEST(EventLoop, AWatcherMayRemoveAnotherThatIsReadyToo) {
  EventLoop loop;
  Pipe a, b;
  Told told;
  told.then = [&](int fd) { loop.remove(fd == a.reader.get() ? b.reader.get() : a.reader.get()); };
  loop.add(a.reader.get(), EPOLLIN, &told);
  loop.add(b.reader.get(), EPOLLIN, &told);
  a.put();
  b.put();
  loop.wait({});
  EXPECT_EQ(told.calls, 1);
}

TEST(EventLoop, AnEventOfAClosedFileIsNotToldToTheNextOneOfItsNumber) {
  EventLoop loop;
  Pipe a, b, silent;
  Told told, heir;
  told.then = [&](int fd) {
    UniqueFd& other = fd == a.reader.get() ? b.reader : a.reader;
    const int number = other.get();
    loop.remove(number);
    other.reset();
    ASSERT_EQ(fcntl(silent.reader.get(), F_DUPFD_CLOEXEC, number), number);
    ASSERT_TRUE(loop.add(number, EPOLLIN, &heir));
    other.reset(number);
    told.then = [](int) {};
  };
  loop.add(a.reader.get(), EPOLLIN, &told);
  loop.add(b.reader.get(), EPOLLIN, &told);
  a.put();
  b.put();
  loop.wait({});
  EXPECT_EQ(told.calls, 1);
  EXPECT_EQ(heir.calls, 0);
}

TEST(EventLoop, RefusesFilesThatAreAlwaysReady) {
  EventLoop loop;
  Told told;
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(loop.add(null.get(), EPOLLIN, &told));
  EXPECT_EQ(errno, EPERM);
  loop.remove(null.get());  // nothing happens
}

}  // namespace
}  // namespace distaff::event_loop_test

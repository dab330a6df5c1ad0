#pragma once

// Runs real jobs on a ProcessExecutor and keeps what it tells.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exec/process_executor.h"

namespace distaff {

inline const std::string kChild = DISTAFF_HELPERS "/child";

struct Seen {
  std::string out, err;
  std::size_t moved = 0;
  std::optional<Attempt> end;
  int ends = 0, closes = 0;
  bool kept_open = false;
  // `over` is not later than the end by the executor's clock, and `ended`, when we were told, not
  // earlier.
  TimePoint started, over, ended, closed;
};

class Jobs final : public ExecEvents {
 public:
  explicit Jobs(ProcessExecutor::Options options = {})
      : executor(with_start(options), loop, *this) {
    ::signal(SIGPIPE, SIG_IGN);
    // ThreadSanitizer writes what is buffered when a child ends that could not start its program.
    fflush(nullptr);
  }

  // Starts the next job.
  Executor::StartResult start(Launch launch) {
    const JobId id{++last_};
    seen[number(id)].started = EventLoop::now();
    const Executor::StartResult result = executor.start(id, launch);
    if (result.start != Executor::Start::started) seen.erase(number(id));
    return result;
  }
  Executor::StartResult start(std::vector<std::string> argv) {
    Launch launch;
    launch.argv = std::move(argv);
    return start(std::move(launch));
  }

  // One that must start, and is waited for.
  Seen& run(Launch launch) {
    EXPECT_EQ(start(std::move(launch)).start, Executor::Start::started);
    wait_until([&] { return seen[last_].closes == 1; });
    return seen[last_];
  }
  Seen& run(std::vector<std::string> argv) {
    Launch launch;
    launch.argv = std::move(argv);
    return run(std::move(launch));
  }

  void wait_until(const std::function<bool()>& condition) {
    const TimePoint limit = EventLoop::now() + std::chrono::seconds(200);
    while (!condition()) {
      ASSERT_LT(EventLoop::now(), limit) << "nothing more happens";
      turn(limit);
    }
  }

  // One wait, at most until `limit`.
  void turn(TimePoint limit) {
    loop.wait(std::min(limit, executor.wake_at().value_or(limit)));
    executor.tick(EventLoop::now());
  }

  // Turns until `time` and once more after it: what is due by then is done, however late we are.
  void turn_past(TimePoint time) {
    while (EventLoop::now() < time) turn(time);
    turn(time);
  }

  EventLoop loop;
  std::map<std::uint64_t, Seen> seen;
  std::size_t most = 1 << 20;    // what room() says
  PipeTarget* target = nullptr;  // for stdout
  std::function<void()> when_room = [] {};
  std::function<void(JobId)> when_ended = [](JobId) {};
  std::function<void(JobId)> when_output = [](JobId) {};
  ProcessExecutor executor;

 private:
  static ProcessExecutor::Options with_start(ProcessExecutor::Options options) {
    options.startup = look_around();
    sigdelset(&options.startup.mask, SIGCHLD);  // an executor before us may have blocked it
    return options;
  }

  Intake room(JobId, Stream stream) override {
    when_room();
    return {.most = most, .target = stream == Stream::out ? target : nullptr};
  }
  void on_moved(JobId job, Stream stream, std::size_t bytes) override {
    EXPECT_EQ(stream, Stream::out);
    EXPECT_LE(bytes, most);
    seen[number(job)].moved += bytes;
  }
  void on_output(JobId job, Stream stream, std::string_view bytes) override {
    EXPECT_LE(bytes.size(), most);
    Seen& one = seen[number(job)];
    EXPECT_EQ(one.closes, 0);
    (stream == Stream::out ? one.out : one.err).append(bytes);
    when_output(job);
  }
  void on_end(JobId job, const Attempt& attempt) override {
    Seen& one = seen[number(job)];
    one.end = attempt;
    one.over = one.started + attempt.usage.wall;
    one.ended = EventLoop::now();
    EXPECT_GE(one.ended, one.over) << "it cannot have run for longer than since its start";
    EXPECT_EQ(++one.ends, 1);
    when_ended(job);
  }
  void on_closed(JobId job, bool kept_open) override {
    Seen& one = seen[number(job)];
    one.kept_open = kept_open;
    one.closed = EventLoop::now();
    EXPECT_EQ(++one.closes, 1);
    EXPECT_EQ(one.ends, 1);
  }

  std::uint64_t last_ = 0;
};

// A FIFO that a child waits at until this is closed.
inline UniqueFd hold(const std::string& fifo) {
  return UniqueFd(open(fifo.c_str(), O_RDWR | O_CLOEXEC));
}

inline std::vector<int> open_descriptors() {
  std::vector<int> open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  return open;
}

}  // namespace distaff

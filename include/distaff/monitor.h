#pragma once

// Says now and then how much was done: one line each interval with the tasks that ended in it.
//
//   monitor: started
//   monitor: 37 tasks finished in 2.00 s
//   monitor: 0 tasks finished in 2.00 s
//   monitor: 3 tasks finished in 0.41 s
//   monitor: stopped after 40 tasks in 4.41 s
//
// Lines go to the log (log.h) at level info.  It is no thread and no worker: whoever waits anyway,
// as TaskManager::run() does, asks due() until when it may sleep, and calls tick() when it is time.
// Nothing is said before the first task; what is left of the last interval is said at the end, so
// that the numbers add up.  Interval zero: it says nothing at all.
//
// Time is given by the caller, so tests need no clock.  Not thread-safe: one thread has it.

#include <chrono>
#include <cstdint>
#include <optional>

namespace distaff::inline v0 {

class Monitor {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kDefaultInterval{2};

  // Throws std::invalid_argument if the interval is negative.
  explicit Monitor(std::chrono::nanoseconds interval = kDefaultInterval);

  // Tasks begin; if they have already, nothing happens.
  void begin(TimePoint now);

  // So many ended.
  void count(std::uint64_t tasks = 1) { in_interval_ += tasks; }

  // Says a line if it is time.
  void tick(TimePoint now);

  // Says the rest; begin() may follow.
  void end(TimePoint now);

  // When tick() will have something to say; nothing before begin(), after end() and if it is off.
  std::optional<TimePoint> due() const;

 private:
  void say(TimePoint now);

  std::chrono::nanoseconds interval_;
  std::optional<TimePoint> begun_;
  TimePoint interval_begun_{};
  std::uint64_t in_interval_ = 0;
  std::uint64_t in_all_ = 0;
};

}  // namespace distaff::inline v0

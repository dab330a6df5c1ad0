#pragma once

// A moment by which something shall be done, shared by several waits: each gets what is left.
//
//   distaff::Deadline deadline(5s);
//   for (auto& future : futures) future.get(deadline);   // five seconds for all of them together
//
// Copyable, cheap, safe to read from several threads.  Steady clock: changing the system's time
// changes nothing.

#include <algorithm>
#include <chrono>
#include <optional>

namespace distaff::inline v0 {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = std::chrono::nanoseconds;

  // No deadline: there is always time left.
  Deadline() = default;
  Deadline(std::nullopt_t) {}

  // Counted from now.  Zero or less has passed already: what waits only looks.
  template <class Rep, class Period>
  Deadline(std::chrono::duration<Rep, Period> timeout) : at_(after(timeout)) {}
  Deadline(Clock::time_point at) : at_(at) {}

  // The time left, never below zero; nothing if there is no deadline.
  std::optional<Duration> left() const {
    if (!at_) return std::nullopt;
    return std::max(Duration(0), std::chrono::duration_cast<Duration>(*at_ - Clock::now()));
  }

  bool has_passed() const { return at_ && Clock::now() >= *at_; }
  std::optional<Clock::time_point> at() const { return at_; }

 private:
  // Durations that would run over the clock's range mean: no deadline.
  template <class Rep, class Period>
  static std::optional<Clock::time_point> after(std::chrono::duration<Rep, Period> timeout) {
    using Seconds = std::chrono::duration<double>;
    if (Seconds(timeout) > Seconds(std::chrono::hours(24 * 365 * 100))) return std::nullopt;
    return Clock::now() + std::chrono::ceil<Clock::duration>(timeout);
  }

  std::optional<Clock::time_point> at_;
};

}  // namespace distaff::inline v0

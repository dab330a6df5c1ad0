#include "distaff/monitor.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "distaff/log.h"

namespace distaff::inline v0 {

using std::chrono::duration;

Monitor::Monitor(std::chrono::nanoseconds interval) : interval_(interval) {
  if (interval.count() >= 0) return;
  throw std::invalid_argument(
      fmt::format("monitor interval is {} s; it must be above 0, or 0 for no monitor",
                  duration<double>(interval).count()));
}

void Monitor::begin(TimePoint now) {
  if (begun_ || interval_.count() == 0) return;
  begun_ = now;
  interval_begun_ = now;
  in_interval_ = 0;
  in_all_ = 0;
  log(LogLevel::info, "monitor: started");
}

std::optional<Monitor::TimePoint> Monitor::due() const {
  if (!begun_) return std::nullopt;
  return interval_begun_ + interval_;
}

void Monitor::tick(TimePoint now) {
  const auto at = due();
  if (at && now >= *at) say(now);
}

void Monitor::end(TimePoint now) {
  if (!begun_) return;
  say(now);
  const double seconds = duration<double>(now - *std::exchange(begun_, std::nullopt)).count();
  log(LogLevel::info, fmt::format("monitor: stopped after {} tasks in {:.2f} s", in_all_, seconds));
}

void Monitor::say(TimePoint now) {
  const double seconds = duration<double>(now - interval_begun_).count();
  log(LogLevel::info, fmt::format("monitor: {} tasks finished in {:.2f} s", in_interval_, seconds));
  in_all_ += std::exchange(in_interval_, 0);
  interval_begun_ = now;
}

}  // namespace distaff::inline v0

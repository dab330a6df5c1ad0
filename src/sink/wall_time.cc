#include "sink/wall_time.h"

#include <fmt/format.h>

#include <ctime>

namespace distaff {

WallTime::WallTime(TimePoint now) {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  offset_ =
      std::int64_t{wall.tv_sec} * 1'000'000'000 + wall.tv_nsec - now.time_since_epoch().count();
}

// Taken apart once a second.
void WallTime::append(TimePoint when, std::string& text) {
  const std::int64_t ns = since_1970(when);
  const std::int64_t second = ns / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    const std::time_t time = second;
    tm parts{};
    gmtime_r(&time, &parts);
    text_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  text += text_;
  fmt::format_to(std::back_inserter(text), ".{:03}Z", ns % 1'000'000'000 / 1'000'000);
}

}  // namespace distaff

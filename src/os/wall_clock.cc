#include "os/wall_clock.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

#include "os/fatal.h"

namespace distaff {

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

std::chrono::milliseconds unix_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

time_t instant_of(const CivilTime& time, time_t now) {
  tm parts{};
  localtime_r(&now, &parts);
  if (time.date) {
    parts.tm_year = time.date->year - 1900;
    parts.tm_mon = time.date->month - 1;
    parts.tm_mday = time.date->day;
  }
  parts.tm_hour = time.hour;
  parts.tm_min = time.minute;
  parts.tm_sec = time.second;
  parts.tm_isdst = -1;
  if (time.offset_minutes) return timegm(&parts) - time_t{*time.offset_minutes} * 60;
  tm today = parts;
  const time_t instant = mktime(&today);
  if (time.date || instant > now) return instant;
  ++parts.tm_mday;
  return mktime(&parts);
}

WallAlarm::WallAlarm(EventLoop& loop, time_t when, std::function<void()> ring)
    : loop_(loop),
      timer_(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      ring_(std::move(ring)) {
  itimerspec timer{};
  timer.it_value.tv_sec = when > 0 ? when : 1;  // a time that has passed rings at once
  if (!timer_ || timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &timer, nullptr) < 0 ||
      !loop_.add(timer_.get(), EPOLLIN, this)) {
    die_of_errno("cannot set a timer (timerfd)");
  }
}

WallAlarm::~WallAlarm() { loop_.remove(timer_.get()); }

void WallAlarm::on_ready(int, std::uint32_t) {
  loop_.remove(timer_.get());
  ring_();
}

}  // namespace distaff

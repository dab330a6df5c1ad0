#pragma once

// The time of day: for what is written into logs, and for a run that is to end at a time.

#include <time.h>

#include <chrono>
#include <functional>
#include <string>

#include "base/civil_time.h"
#include "base/unique_fd.h"
#include "os/event_loop.h"

namespace distaff {

// "2026-11-21T10:11:12.345Z": ISO 8601, UTC, milliseconds.  It may jump.
std::string utc_now();

// Since 1970-01-01 UTC.  It may jump.
std::chrono::milliseconds unix_now();

// When it is `time`; without a date the next time after `now`.  A local time that is skipped in
// spring is an hour later, one that comes twice in autumn is one of both.
time_t instant_of(const CivilTime& time, time_t now);

// Calls back once when the clock on the wall shows a time, also if it was set or the machine slept
// meanwhile.
class WallAlarm final : private Watcher {
 public:
  WallAlarm(EventLoop& loop, time_t when, std::function<void()> ring);
  ~WallAlarm();
  WallAlarm(const WallAlarm&) = delete;
  WallAlarm& operator=(const WallAlarm&) = delete;

 private:
  void on_ready(int fd, std::uint32_t events) override;

  EventLoop& loop_;
  UniqueFd timer_;
  std::function<void()> ring_;
};

}  // namespace distaff

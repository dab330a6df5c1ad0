#pragma once

// One plain line on stderr in each interval: how the run stands.
//
//   distaff: progress: 12 done in 30s (0.4/s), 120 of 300 in all, 4 running, 176 waiting,
//   2 groups resting, 1 failed, 0 retries, 7m 30s left              (on one line)
//
// or, with --log-format json, the same numbers as an object (total and left_s only if known):
//
//   {"time":"2026-11-21T10:11:12.345Z","level":"info","message":"progress","interval_s":30.000,
//   "interval_done":12,"rate":0.400,"done":120,"total":300,"running":4,"waiting":176,
//   "resting_groups":2,"failed":1,"retries":0,"left_s":450.000}     (on one line)
//
// The numbers of all lines together are the run's: an interval in which nothing ended gives a line
// with 0, and the end of the run one for the rest, however short.  Before the first job started
// there is nothing to say.  Lines come at whole intervals from the start, so they do not drift; if
// some were missed (the machine slept) they are not made up for: the next one covers the time.

#include <functional>
#include <string>

#include "base/time.h"
#include "collate/byte_sink.h"
#include "model/run_spec.h"
#include "os/wall_clock.h"
#include "sink/observer.h"

namespace distaff {

class ProgressLines final : public Observer {
 public:
  // An interval of zero: no lines.  `sink` must outlive it.  `clock` gives the "time" of JSON.
  ProgressLines(Duration interval, TimePoint start, ByteSink& sink,
                LogFormat format = LogFormat::text, std::function<std::string()> clock = utc_now);

  void tick(const RunCounts& counts, TimePoint now, bool last) override;
  std::optional<TimePoint> next_tick() const override;

 private:
  std::string line(const RunCounts& counts, TimePoint now, bool last) const;
  std::string json(const RunCounts& counts, TimePoint now, bool last) const;
  std::optional<Duration> left(const RunCounts& counts, TimePoint now, bool last) const;

  Duration interval_;
  TimePoint start_;
  TimePoint next_;
  ByteSink& sink_;
  LogFormat format_;
  std::function<std::string()> clock_;
  TimePoint said_at_;  // the last line, and what it told
  std::uint64_t said_done_ = 0;
  std::uint64_t said_bytes_ = 0;
  bool said_any_ = false;
};

}  // namespace distaff

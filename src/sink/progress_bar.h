#pragma once

// How the run stands, on a status line that is always up to date.
//
// It is drawn 10 times a second at most, however many jobs start and end and however often their
// output takes its place, and once a second if nothing changes but the age of what it shows: so it
// costs nothing that could be measured, and a run that only waits sleeps.

#include "base/time.h"
#include "sink/observer.h"
#include "sink/status_line.h"

namespace distaff {

class ProgressBar final : public Observer {
 public:
  // First drawn `delay` after the start of the run, if a job has started by then: a short run shows
  // none.  `line` must outlive it.
  ProgressBar(TimePoint start, Duration delay, StatusLine& line);

  void on_start(const Job& job, Slot slot, TimePoint now) override;
  void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
              TimePoint now) override;

  // The last one erases it, for good.
  void tick(const RunCounts& counts, TimePoint now, bool last) override;
  std::optional<TimePoint> next_tick() const override;

  // Until the next tick, for a terminal that others are about to use.
  void hide() { line_.erase(); }

 private:
  void draw(const RunCounts& counts, TimePoint now);
  bool is_stale() const;

  TimePoint start_;
  StatusLine& line_;
  TimePoint first_;
  std::optional<TimePoint> ticked_;  // when it was last tried
  // What is known since then.
  bool counts_changed_ = false;
  bool was_drawn_ = false;
  bool was_free_ = true;
  bool over_ = false;
};

}  // namespace distaff

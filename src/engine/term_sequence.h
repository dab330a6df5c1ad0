#pragma once

// Ends what runs, step by step: a signal, a while, a harder one.
//
//   TermSequence sequence(spec.term_seq);
//   sequence.begin(now);
//   while (auto signal = sequence.due(now)) executor.signal_all(*signal);

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/run_spec.h"

namespace distaff {

class TermSequence {
 public:
  explicit TermSequence(std::vector<TermStep> steps) : steps_(std::move(steps)) {}

  // Later calls change nothing.
  void begin(TimePoint now);

  // Skips to SIGKILL at once, begun or not.
  void kill_now(TimePoint now);

  // There is no time for the steps: TERM if nothing was sent yet, and SIGKILL a moment later.
  void hurry(TimePoint now);

  bool begun() const { return begun_; }

  // The signal to send at `now`, or nothing; ask again until it gives nothing.
  std::optional<int> due(TimePoint now);

  std::optional<TimePoint> wake_at() const;

 private:
  std::vector<TermStep> steps_;
  std::size_t next_ = 0;  // the step whose time comes at at_
  TimePoint at_{};
  bool begun_ = false;
};

}  // namespace distaff

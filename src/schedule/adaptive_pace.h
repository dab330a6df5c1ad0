#pragma once

// --adaptive: how far apart the requests to one server are, after it said that it has too much to
// do.
//
// Each such word doubles the time between two starts (from what it was without us: the mean of the
// last starts); requests that go well bring it down again step by step, until there is none.

#include <optional>

#include "base/time.h"

namespace distaff {

class AdaptivePace {
 public:
  void started(TimePoint now);

  // The server said so.  False: that was of requests sent before the last slow-down, so nothing
  // changes.
  bool slow_down(TimePoint now);

  void went_well();

  // Between two starts, at least; 0: as they come.
  Duration gap() const { return gap_; }

 private:
  Duration gap_{0};
  Duration mean_{0};  // between the last starts
  std::optional<TimePoint> last_start_, slowed_;
  int good_ = 0;  // since the last step
};

}  // namespace distaff

#pragma once

// The engine's one wait, and its clock.

#include <optional>

#include "base/time.h"

namespace distaff {

class Waiter {
 public:
  virtual ~Waiter() = default;

  virtual TimePoint now() = 0;

  // Waits until something happens or `until` has come; events (ExecEvents, signals, room in the
  // sink) are delivered during the call.  With `input` it also returns when the source may have a
  // record.
  virtual void wait(std::optional<TimePoint> until, bool input) = 0;
};

}  // namespace distaff

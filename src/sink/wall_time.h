#pragma once

// The time of day at moments of the steady clock, for what is written for people.

#include <cstdint>
#include <string>

#include "base/time.h"

namespace distaff {

class WallTime {
 public:
  // `now` is now.  If the time of day is set later, it is not followed.
  explicit WallTime(TimePoint now);

  // Appends "2026-11-21T10:11:12.345Z".
  void append(TimePoint when, std::string& text);

  // Nanoseconds since 1970.
  std::int64_t since_1970(TimePoint when) const {
    return offset_ + when.time_since_epoch().count();
  }

 private:
  std::int64_t offset_;
  std::int64_t second_ = -1;  // that `text_` says
  std::string text_;
};

}  // namespace distaff

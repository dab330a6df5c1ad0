#pragma once

// A time as people write it: of any day, or of one.

#include <optional>
#include <string_view>

#include "base/expected.h"

namespace distaff {

struct CivilDate {
  int year = 0, month = 0, day = 0;  // 1..12, 1..31

  bool operator==(const CivilDate&) const = default;
};

struct CivilTime {
  std::optional<CivilDate> date;  // nothing: the next time it is so late
  int hour = 0, minute = 0, second = 0;
  std::optional<int> offset_minutes;  // east of UTC; nothing: local time

  bool operator==(const CivilTime&) const = default;
};

// "06:30" "06:30:15" "2026-11-27T06:30" "2026-11-27 06:30:00+01:00" "2026-11-27T06:30Z" (RFC 3339
// and ISO 8601 in its extended form).
Expected<CivilTime> parse_civil_time(std::string_view text);

}  // namespace distaff

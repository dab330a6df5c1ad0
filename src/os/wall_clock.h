#pragma once

// The time of day, for what is written into logs.  Nothing is decided by it: it may jump.

#include <string>

namespace distaff {

// "2026-11-21T10:11:12.345Z": ISO 8601, UTC, milliseconds.
std::string utc_now();

}  // namespace distaff

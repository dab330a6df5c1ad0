#pragma once

// The time of day, for what is written into logs.  Nothing is decided by it: it may jump.

#include <chrono>
#include <string>

namespace distaff {

// "2026-11-21T10:11:12.345Z": ISO 8601, UTC, milliseconds.
std::string utc_now();

// Since 1970-01-01 UTC.
std::chrono::milliseconds unix_now();

}  // namespace distaff

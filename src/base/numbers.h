#pragma once

// Reads the numbers, durations and sizes that people write on command lines and in rules.  Decimal
// only (`010` is ten), the whole text must fit, nothing is rounded or clamped without a word.
// The errors say what is wrong with the text and show a right one; the caller puts the option's
// name in front.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/time.h"

namespace distaff {

// "0", "42"; at most `max`.
Expected<std::uint64_t> parse_count(std::string_view text, std::uint64_t max = INT64_MAX);

// "250ms" "1.5s" "2m" "1h" "1d", also "us"; a bare number is seconds unless `unit_needed`.
// Zero and more; at most 10000 days.
Expected<Duration> parse_duration(std::string_view text, bool unit_needed = false);

// "4096" "64k" "10M" "1G" "2T", powers of 1024; upper or lower case.
Expected<std::uint64_t> parse_size(std::string_view text);

// The same in the largest unit that needs no fraction: "64k", "65M", "100".
std::string format_size(std::uint64_t bytes);

// "0.4s", "60s", "2m 5s", "3h 20m", "250ms": short, for people.
std::string format_duration(Duration duration);

}  // namespace distaff

#include "fetch/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

namespace distaff {
namespace {

constexpr std::uint64_t kMost = 1'000'000'000;  // thirty years, which a Duration can hold

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::uint64_t seconds_of(std::string_view digits) {
  std::uint64_t seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return read.ec == std::errc() ? std::min(seconds, kMost) : kMost;
}

// All three forms begin with the day of the week; libcurl would read many others too.
bool begins_with_day(std::string_view value) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun"};
  return std::any_of(kDays.begin(), kDays.end(), [&](std::string_view day) {
    return value.size() > day.size() && std::equal(day.begin(), day.end(), value.begin(),
                                                   [](char a, char b) { return a == lower(b); });
  });
}

}  // namespace

std::optional<Duration> read_retry_after(std::string_view value, std::time_t now) {
  std::uint64_t seconds = 0;
  if (std::all_of(value.begin(), value.end(), is_digit)) {
    if (!value.empty()) seconds = seconds_of(value);
  } else if (begins_with_day(value)) {
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date > now) seconds = std::min(static_cast<std::uint64_t>(date - now), kMost);
  }
  if (seconds == 0) return {};
  return std::chrono::seconds(seconds);
}

}  // namespace distaff

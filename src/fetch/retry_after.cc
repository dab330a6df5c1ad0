#include "fetch/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

#include "fetch/validators.h"

namespace distaff {
namespace {

constexpr std::uint64_t kMost = 1'000'000'000;  // thirty years, which a Duration can hold

std::uint64_t seconds_of(std::string_view digits) {
  std::uint64_t seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return read.ec == std::errc() ? std::min(seconds, kMost) : kMost;
}

}  // namespace

std::optional<Duration> read_retry_after(std::string_view value, std::time_t now) {
  std::uint64_t seconds = 0;
  if (value.find_first_not_of("0123456789") == value.npos) {
    if (!value.empty()) seconds = seconds_of(value);
  } else if (is_http_date(value)) {  // libcurl would read many other forms
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date > now) seconds = std::min(static_cast<std::uint64_t>(date - now), kMost);
  }
  if (seconds == 0) return {};
  return std::chrono::seconds(seconds);
}

}  // namespace distaff

#include "base/numbers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace distaff {
namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {{"us", 1e3}, {"ms", 1e6},   {"s", 1e9},
                           {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
constexpr double kLongest = 10000 * 86400e9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The length of "12", "1.5" or ".5" at the start of `text`.
std::size_t decimal_length(std::string_view text) {
  std::size_t i = 0, digits = 0;
  while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  }
  return digits > 0 ? i : 0;
}

}  // namespace

Expected<std::uint64_t> parse_count(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || !is_digit(text[0])) {
    if (error != std::errc::result_out_of_range) {
      return fail(fmt::format("'{}' is no whole number, such as 10", text));
    }
  }
  if (error == std::errc::result_out_of_range || value > max) {
    return fail(fmt::format("'{}' is too large: at most {}", text, max));
  }
  return value;
}

Expected<Duration> parse_duration(std::string_view text, bool unit_needed) {
  const std::size_t length = decimal_length(text);
  const auto wrong = [&] {
    return fail(fmt::format("'{}' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d", text));
  };
  if (length == 0) return wrong();
  const std::string_view unit = text.substr(length);
  if (unit.empty() && unit_needed) {
    return fail(fmt::format("'{0}' needs a unit, such as {0}s or {0}m", text));
  }
  double scale = unit.empty() ? 1e9 : 0;
  for (const Unit& known : kUnits) {
    if (known.name == unit) scale = known.nanoseconds;
  }
  if (scale == 0) return wrong();
  double value = 0;
  std::from_chars(text.data(), text.data() + length, value);
  if (value * scale > kLongest) return fail(fmt::format("'{}' is too long: at most 10000d", text));
  return Duration(std::llround(value * scale));
}

Expected<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t length = decimal_length(text);
  const std::string_view unit = text.substr(length);
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "k" || unit == "K") shift = 10;
  if (unit == "m" || unit == "M") shift = 20;
  if (unit == "g" || unit == "G") shift = 30;
  if (unit == "t" || unit == "T") shift = 40;
  if (length == 0 || shift < 0) {
    return fail(fmt::format("'{}' is no size, such as 4096, 64k, 10M or 1G", text));
  }
  double value = 0;
  std::from_chars(text.data(), text.data() + length, value);
  value *= static_cast<double>(std::uint64_t{1} << shift);
  if (value >= 9e18) return fail(fmt::format("'{}' is too large", text));
  return static_cast<std::uint64_t>(value);
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& [shift, letter] : {std::pair{40, 'T'}, {30, 'G'}, {20, 'M'}, {10, 'k'}}) {
    if (bytes > 0 && bytes % (std::uint64_t{1} << shift) == 0) {
      return fmt::format("{}{}", bytes >> shift, letter);
    }
  }
  return fmt::format("{}", bytes);
}

std::string format_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 0.0995) return fmt::format("{:.0f}ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f}s", seconds);
  const long whole = std::lround(seconds);
  if (whole < 120) return fmt::format("{}s", whole);
  if (whole < 7200) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 172800) return fmt::format("{}h {}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d {}h", whole / 86400, whole / 3600 % 24);
}

}  // namespace distaff

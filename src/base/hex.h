#pragma once

// Numbers as lower-case hexadecimal digits.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace distaff {

// As many digits as asked for, with zeros in front.
inline void append_hex(std::uint64_t value, int digits, std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += kDigits[(value >> shift) & 15];
}

// Nothing if there is anything but such digits, or none, or more than 16.
inline std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool digit = '0' <= c && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace distaff

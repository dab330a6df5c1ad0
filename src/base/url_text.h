#pragma once

// The characters of URLs, and those that are written with a percent sign.

#include <string>
#include <string_view>

namespace distaff {

// Letters, digits, - . _ ~: the same with and without a percent sign.
inline bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

inline int hex_digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What %XX at the start of `text` stands for; -1 if nothing of that kind is there.
inline int percent_octet(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_digit_value(text[1]);
  const int low = hex_digit_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Appends %XX.
inline void append_percent(char c, std::string& text) {
  constexpr char kHexDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  text += '%';
  text += kHexDigits[byte >> 4];
  text += kHexDigits[byte & 15];
}

}  // namespace distaff

#include "base/columns.h"

#include <cstdint>

namespace distaff {
namespace {

struct Character {
  std::size_t bytes, columns;
};

// A first byte below 0xe1 is one of a character before U+1000.
Character first_character(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80) return {1, 1};
  if (first < 0xe0) return {2, 1};
  if (first < 0xf0) return {3, first == 0xe0 ? 1u : 2u};
  return {4, 2};
}

// The bytes of the longest beginning that has no more columns.
std::size_t beginning(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Character next = first_character(text.substr(bytes));
    if (next.columns > columns) break;
    columns -= next.columns;
    bytes += next.bytes;
  }
  return bytes;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character next = first_character(text.substr(at));
    at += next.bytes;
    columns += next.columns;
  }
  return columns;
}

std::string cut_to_columns(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  if (columns_of(text) <= columns) return std::string(text);
  if (columns <= kCut.size()) return std::string(text.substr(0, beginning(text, columns)));
  std::string cut(text.substr(0, beginning(text, columns - kCut.size())));
  return cut += kCut;
}

}  // namespace distaff

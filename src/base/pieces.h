#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace distaff {

// The pieces of `text`, each up to an `end`, which is no part of it; one without `end` may be last.
// They are views of `text`.
inline std::vector<std::string_view> pieces_of(std::string_view text, char end) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(end), text.size());
    pieces.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return pieces;
}

}  // namespace distaff

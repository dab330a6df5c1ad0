#pragma once

// Is this UTF-8?  Asked of bytes that come in pieces, which may end inside a character.

#include <cstdint>
#include <string_view>

namespace distaff {

// What some programs write before text to say that it is UTF-8: no part of it.
inline constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

class Utf8Check {
 public:
  void feed(std::string_view bytes);

  // All that was fed is valid, and no character is left open.
  bool valid() const { return !broken_ && left_ == 0; }

 private:
  bool broken_ = false;
  std::uint8_t left_ = 0;                    // bytes that the open character still needs
  std::uint8_t least_ = 0x80, most_ = 0xbf;  // and what the next of them may be
};

}  // namespace distaff

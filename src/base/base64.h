#pragma once

// Base64 (RFC 4648, padded) of bytes that come in pieces.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace distaff {

class Base64 {
 public:
  // Appends what can be said so far; up to two bytes are kept for the next call.
  void feed(std::string_view bytes, std::string& text);

  // Nothing more comes: appends the rest.  The next feed() begins anew.
  void finish(std::string& text);

 private:
  std::array<char, 2> kept_{};
  std::size_t size_ = 0;  // of kept_
};

std::string base64(std::string_view bytes);

// The bytes; nothing if the text is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace distaff

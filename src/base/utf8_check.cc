#include "base/utf8_check.h"

namespace distaff {

// As Unicode's table of well-formed sequences says: no longer forms, no surrogates, nothing above
// U+10FFFF.
void Utf8Check::feed(std::string_view bytes) {
  if (broken_) return;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (left_ > 0) {
      if (byte < least_ || byte > most_) {
        broken_ = true;
        return;
      }
      --left_;
      least_ = 0x80;
      most_ = 0xbf;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) {
        broken_ = true;
        return;
      }
      left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      if (byte == 0xe0) least_ = 0xa0;
      if (byte == 0xed) most_ = 0x9f;
      if (byte == 0xf0) least_ = 0x90;
      if (byte == 0xf4) most_ = 0x8f;
    }
  }
}

}  // namespace distaff

#include "base/base64.h"

#include <cstdint>

namespace distaff {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_group(char a, char b, char c, std::string& text) {
  const std::uint32_t bits = std::uint32_t{static_cast<std::uint8_t>(a)} << 16 |
                             std::uint32_t{static_cast<std::uint8_t>(b)} << 8 |
                             std::uint32_t{static_cast<std::uint8_t>(c)};
  const char digits[] = {kDigits[bits >> 18], kDigits[bits >> 12 & 63], kDigits[bits >> 6 & 63],
                         kDigits[bits & 63]};
  text.append(digits, sizeof digits);
}

}  // namespace

void Base64::feed(std::string_view bytes, std::string& text) {
  while (size_ > 0 && !bytes.empty()) {
    const char byte = bytes.front();
    bytes.remove_prefix(1);
    if (size_ == 1) {
      kept_[size_++] = byte;
    } else {
      append_group(kept_[0], kept_[1], byte, text);
      size_ = 0;
    }
  }
  while (bytes.size() >= 3) {
    append_group(bytes[0], bytes[1], bytes[2], text);
    bytes.remove_prefix(3);
  }
  for (const char byte : bytes) kept_[size_++] = byte;
}

void Base64::finish(std::string& text) {
  if (size_ == 0) return;
  append_group(kept_[0], size_ == 2 ? kept_[1] : '\0', '\0', text);
  text.replace(text.size() - (3 - size_), 3 - size_, 3 - size_, '=');
  size_ = 0;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  Base64 encoder;
  encoder.feed(bytes, text);
  encoder.finish(text);
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  std::uint32_t bits = 0;
  int more = 0;  // bits that are in no byte yet
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const std::size_t value = std::string_view(kDigits).find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    more += 6;
    if (more < 8) continue;
    more -= 8;
    bytes += static_cast<char>(bits >> more);
  }
  return bytes;
}

}  // namespace distaff

#include "base/json_text.h"

#include <cstddef>
#include <cstdint>

namespace distaff {
namespace {

bool is_plain(char c) { return static_cast<std::uint8_t>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escape(char c, std::string& json) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<std::uint8_t>(c);
  json += '\\';
  switch (c) {
    case '"':
    case '\\':
      json += c;
      break;
    case '\n':
      json += 'n';
      break;
    case '\r':
      json += 'r';
      break;
    case '\t':
      json += 't';
      break;
    default:
      json += "u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
  }
}

}  // namespace

void append_json_escaped(std::string_view text, std::string& json) {
  std::size_t begin = 0;  // of bytes that stand for themselves
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) continue;
    json.append(text, begin, i - begin);
    append_escape(text[i], json);
    begin = i + 1;
  }
  json.append(text, begin, text.size() - begin);
}

void append_json_string(std::string_view text, std::string& json) {
  json += '"';
  append_json_escaped(text, json);
  json += '"';
}

}  // namespace distaff

#include "base/json_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "base/text.h"

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

std::string json_string(std::string_view text) {
  if (!is_valid_utf8(text)) return json_string(printable(text, text.size() * 4));
  std::string json;
  append_json_string(text, json);
  return json;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  add(name, json_string(value));
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  add(name, fmt::format("{}", value));
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, double value) {
  add(name, fmt::format("{:.3f}", value));
  return *this;
}

std::string JsonObject::line() const { return "{" + members_ + "}\n"; }

void JsonObject::add(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += json_string(name);
  members_ += ':';
  members_ += json;
}

}  // namespace distaff

#include "base/json_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace distaff {

std::string json_string(std::string_view text) {
  if (!is_valid_utf8(text)) return json_string(printable(text, text.size() * 4));
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
  return json += '"';
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

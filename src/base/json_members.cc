#include "base/json_members.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/hex.h"
#include "base/text.h"

namespace distaff {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// The four digits behind \u at text[at].
std::optional<std::uint32_t> unit_at(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return std::nullopt;
  const auto value = parse_hex(text.substr(at + 2, 4));
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

char plain_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    default:
      return c;
  }
}

}  // namespace

JsonMembers::JsonMembers(std::string_view object) : rest_(object) {
  blanks();
  ok_ = skip('{');
}

bool JsonMembers::next(std::string_view& name, std::string_view& value) {
  blanks();
  if (!ok_ || (!std::exchange(first_, false) && !skip(','))) return false;
  blanks();
  if (!string(name)) return false;
  blanks();
  if (!skip(':')) return false;
  blanks();
  return any(value);
}

bool JsonMembers::whole() {
  blanks();
  const bool closed = ok_ && skip('}');
  blanks();
  return closed && rest_.empty();
}

void JsonMembers::blanks() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r"), rest_.size()));
}

bool JsonMembers::skip(char c) {
  if (!rest_.starts_with(c)) return false;
  rest_.remove_prefix(1);
  return true;
}

bool JsonMembers::string(std::string_view& inside) {
  if (!rest_.starts_with('"')) return false;
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == '\\') {
      ++i;
    } else if (rest_[i] == '"') {
      inside = rest_.substr(1, i - 1);
      rest_.remove_prefix(i + 1);
      return true;
    }
  }
  return ok_ = false;
}

bool JsonMembers::any(std::string_view& value) {
  if (rest_.starts_with('"')) return string(value);
  const std::string_view begin = rest_;
  int depth = 0;
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (depth == 0 && (c == ',' || c == '}')) break;
    if (c == '"') {
      std::string_view inside;
      if (!string(inside)) return false;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    rest_.remove_prefix(1);
  }
  value = begin.substr(0, begin.size() - rest_.size());
  return !value.empty();
}

std::string_view json_inside(std::string_view object) {
  const std::size_t open = object.find('{');
  const std::size_t close = object.rfind('}');
  if (open == object.npos || close == object.npos || close <= open) return {};
  const std::string_view inside = object.substr(open + 1, close - open - 1);
  const std::size_t first = inside.find_first_not_of(kBlank);
  if (first == inside.npos) return {};
  return inside.substr(first, inside.find_last_not_of(kBlank) - first + 1);
}

std::string json_unescaped(std::string_view inside) {
  std::string text;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '\\' || i + 1 == inside.size()) {
      text += inside[i];
      continue;
    }
    if (auto code = unit_at(inside, i)) {
      i += 5;
      const auto low = unit_at(inside, i + 1);
      if (*code >= 0xd800 && *code < 0xdc00 && low && *low >= 0xdc00 && *low < 0xe000) {
        code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
        i += 6;
      }
      append_utf8(*code, text);
      continue;
    }
    text += plain_escape(inside[++i]);
  }
  return text;
}

}  // namespace distaff

#include "compose/field_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";
constexpr std::string_view kLetters = "\"\\/bfnrt";

// Four hexadecimal digits; nothing if there are fewer.
std::optional<unsigned> read_hex(std::string_view text) {
  unsigned value = 0;
  const auto digits = text.substr(0, 4);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || digits.size() < 4 || end != digits.data() + 4) return {};
  return value;
}

// The escape at text[at], which is behind a backslash.  False: it is none.
bool read_escape(std::string_view text, std::size_t& at, std::string& name) {
  if (at >= text.size()) return false;
  const char c = text[at++];
  if (const std::size_t plain = kLetters.find(c); plain != kLetters.npos) {
    name += kEscaped[plain];
    return true;
  }
  if (c != 'u') return false;
  auto code = read_hex(text.substr(at));
  if (!code) return false;
  at += 4;
  if (*code >= 0xD800 && *code < 0xDC00 && text.substr(at).starts_with("\\u")) {
    const auto low = read_hex(text.substr(at + 2));
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
    code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    at += 6;
  }
  append_utf8(*code, name);
  return true;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// With `all`, signs are written by their numbers too.
std::string quoted(std::string_view name, bool all) {
  std::string text = "\"";
  for (const char c : name) {
    const std::size_t escaped = kEscaped.find(c);
    if (all && static_cast<unsigned char>(c) < 0x80 && !is_word(c)) {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else if (c != '/' && escaped != kEscaped.npos) {
      text += '\\';
      text += kLetters[escaped];
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  text += '"';
  return is_valid_utf8(name) ? printable_json(text) : text;
}

// Not a line of its own, or with braces, which mean something else beside others.
bool is_no_line(std::string_view name) {
  return name.empty() || std::any_of(name.begin(), name.end(), [](char c) {
           return c == '{' || c == '}' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

// Also with characters that are not seen.
bool needs_quotes(std::string_view name) {
  return is_no_line(name) || printable(name, name.npos) != name;
}

bool is_field(const std::optional<Replacement>& read, const FieldScheme& scheme,
              std::size_t index) {
  if (!read) return false;
  const auto first = std::find(scheme.names.begin(), scheme.names.end(), scheme.names[index]);
  return read->what == Replacement::What::name && read->name == scheme.names[index] &&
         static_cast<std::size_t>(first - scheme.names.begin()) == index;
}

// {} {name} {a.b}: the same whatever the names are.  (A member called "a.b" goes before
// member b of a, where the record is looked at.)
bool is_plain(std::string_view inside) {
  if (inside.empty()) return true;
  if (!is_word(inside.front()) || !is_word(inside.back())) return false;
  if (inside.find("..") != inside.npos) return false;  // may be a name, else {1..9} of bash
  return std::all_of(inside.begin(), inside.end(), [](char c) { return is_word(c) || c == '.'; });
}

}  // namespace

std::optional<QuotedName> read_quoted_name(std::string_view text) {
  if (!text.starts_with('"')) return {};
  QuotedName read;
  for (std::size_t at = 1; at < text.size();) {
    const char c = text[at++];
    if (c == '"') {
      read.length = at;
      return read;
    }
    if (c == '\n') return {};
    if (c != '\\') {
      read.name += c;
    } else if (!read_escape(text, at, read.name)) {
      return {};
    }
  }
  return {};
}

std::optional<Replacement> field_in_braces(std::string_view text, const FieldScheme& scheme) {
  auto read = Template::parse(fmt::format("{{{}}}", text), {.scheme = scheme});
  if (!read || !read->is_single_replacement()) return {};
  const Replacement& found = std::get<Replacement>(read->pieces()[0]);
  const bool field =
      found.what == Replacement::What::name || found.what == Replacement::What::field;
  return field && found.parts.empty() ? std::optional(found) : std::nullopt;
}

FieldSpelling::FieldSpelling(const FieldScheme& scheme) : scheme_(scheme) {
  first_.reserve(scheme.names.size());
  for (std::size_t i = 0; i < scheme.names.size(); ++i) {
    const std::string& name = scheme.names[i];
    first_.emplace(name, i);
    starts_with_quote_ = starts_with_quote_ || name.starts_with('"');
  }
}

// What must hold is that field_in_braces() finds the field again.  It looks for just the name
// first, so that without quotes there is nothing to try.
std::string FieldSpelling::at(std::size_t index) const {
  const std::string& name = scheme_.names[index];
  if (first_.at(name) != index) return std::to_string(index + 1);
  const bool valid = is_valid_utf8(name);
  if (!valid && scheme_.kind == FieldScheme::Kind::named) {
    // JSON has no escape for such bytes; a column has a number, if that is not the name of another.
    const std::string number = std::to_string(index + 1);
    if (!first_.contains(number)) return number;
  }
  if (valid ? !needs_quotes(name) : !is_no_line(name)) return name;
  if (!starts_with_quote_) return quoted(name, false);
  for (const bool all : {false, true}) {
    std::string text = quoted(name, all);
    if (is_field(field_in_braces(text, scheme_), scheme_, index)) return text;
  }
  return std::to_string(index + 1);
}

std::string written_name(const FieldScheme& scheme, std::size_t index) {
  return FieldSpelling(scheme).at(index);
}

Replacement column(const FieldScheme& scheme, std::size_t index) {
  Replacement found;
  found.what = Replacement::What::name;
  found.name = scheme.names[index];
  // Objects have their members in any order.
  found.field = scheme.kind == FieldScheme::Kind::named ? index + 1 : 0;
  return found;
}

bool depends_on_names(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('{', at)) != text.npos; ++at) {
    const std::size_t end = text.find('}', at);
    if (end == text.npos) return false;
    if (!is_plain(text.substr(at + 1, end - at - 1))) return true;
  }
  return false;
}

}  // namespace distaff

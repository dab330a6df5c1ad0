#include "input/json_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Ends what of a string can be taken as it is.
bool is_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

JsonLexer::Token JsonLexer::next() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  column_ = at_ + 1;
  if (at_ == text_.size()) return Token::end;
  switch (const char c = text_[at_]) {
    case '{':
      return one(Token::begin_object);
    case '}':
      return one(Token::end_object);
    case '[':
      return one(Token::begin_array);
    case ']':
      return one(Token::end_array);
    case ':':
      return one(Token::colon);
    case ',':
      return one(Token::comma);
    case '"':
      return string();
    default:
      if (c == '-' || is_digit(c)) return number();
      return is_letter(c) ? word() : unexpected();
  }
}

JsonLexer::Token JsonLexer::one(Token token) {
  ++at_;
  return token;
}

JsonLexer::Token JsonLexer::string() {
  const std::size_t begin = at_ + 1;
  std::size_t at = begin;
  plain_.clear();
  for (std::size_t from = begin;; from = at) {
    while (at < text_.size() && !is_special(text_[at])) ++at;
    const std::string_view piece = text_.substr(from, at - from);
    if (at == text_.size()) return bad(at, "the line ends inside a string");
    if (text_[at] == '"') {
      const bool has_escapes = from != begin;
      if (has_escapes) plain_ += piece;
      value_ = has_escapes ? std::string_view(plain_) : piece;
      at_ = at + 1;
      return Token::string;
    }
    if (text_[at] != '\\') {
      return bad(at, fmt::format("{} inside a string is written as an escape",
                                 printable(text_.substr(at, 1))));
    }
    plain_ += piece;
    const std::size_t escape_at = at;
    if (std::string what = escape(at); !what.empty()) return bad(escape_at, std::move(what));
  }
}

// Appends what it stands for, and goes behind it; else says what is wrong.
std::string JsonLexer::escape(std::size_t& at) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t begin = at;
  if (at + 1 == text_.size()) return "the line ends inside a string";
  const char c = text_[at + 1];
  if (const std::size_t letter = kLetters.find(c); letter != kLetters.npos) {
    plain_ += kMeanings[letter];
    at += 2;
    return {};
  }
  if (c != 'u') return fmt::format("{} is no escape", printable(text_.substr(at, 2)));
  auto code = unit(at);
  if (!code) return fmt::format("{} is no escape", printable(text_.substr(at, 6)));
  at += 6;
  if (*code >= 0xd800 && *code < 0xdc00) {
    const auto low = unit(at);
    if (low && *low >= 0xdc00 && *low < 0xe000) {
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
      at += 6;
    }
  }
  if (*code >= 0xd800 && *code < 0xe000) {
    return fmt::format("{} is half a character (a lone surrogate)",
                       printable(text_.substr(begin, 6)));
  }
  append_utf8(*code, plain_);
  return {};
}

// Of \uXXXX.
std::optional<std::uint32_t> JsonLexer::unit(std::size_t at) const {
  if (text_.substr(std::min(at, text_.size()), 2) != "\\u" || text_.size() < at + 6) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text_.substr(at + 2, 4)) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

JsonLexer::Token JsonLexer::number() {
  std::size_t at = at_;
  if (text_[at] == '-') ++at;
  if (at < text_.size() && is_letter(text_[at])) return word();  // -Infinity
  if (at < text_.size() && text_[at] == '0') {
    ++at;
  } else if (!digits(at)) {
    return bad(at, "a digit is missing in a number");
  }
  if (at < text_.size() && is_digit(text_[at])) return bad(at_, "a number begins with 0");
  if (at < text_.size() && text_[at] == '.' && !digits(++at)) {
    return bad(at, "a digit is missing in a number");
  }
  if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
    ++at;
    if (at < text_.size() && (text_[at] == '+' || text_[at] == '-')) ++at;
    if (!digits(at)) return bad(at, "a digit is missing in a number");
  }
  value_ = text_.substr(at_, at - at_);
  at_ = at;
  return Token::number;
}

bool JsonLexer::digits(std::size_t& at) const {
  const std::size_t begin = at;
  while (at < text_.size() && is_digit(text_[at])) ++at;
  return at > begin;
}

JsonLexer::Token JsonLexer::word() {
  std::size_t end = at_ + 1;
  while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
  value_ = text_.substr(at_, end - at_);
  if (value_ != "true" && value_ != "false" && value_ != "null") {
    return bad(at_, fmt::format("{} is no JSON", printable(value_, 40)));
  }
  at_ = end;
  return Token::word;
}

JsonLexer::Token JsonLexer::unexpected() {
  const std::string shown = printable(text_.substr(at_, 1));
  return bad(at_, text_[at_] == '\'' ? "strings are in double quotes"
                                     : fmt::format("{} is no JSON", shown));
}

JsonLexer::Token JsonLexer::bad(std::size_t at, std::string what) {
  column_ = at + 1;
  mistake_ = std::move(what);
  return Token::bad;
}

}  // namespace distaff

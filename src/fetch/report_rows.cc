#include "fetch/report_rows.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "base/url_text.h"

namespace distaff {
namespace {

constexpr std::size_t kReadAll = 256 << 10;  // bytes at once, where all rows are wanted
constexpr std::size_t kReadOne = 4 << 10;    // … and where one is
constexpr std::size_t kLongest = 64 << 20;   // bytes of a row; beyond, a quote was never closed
constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 4> kNames{"url", "status", "etag", "last_modified"};

// "url" of "fetch_url".
std::string_view our_name(std::string_view name) {
  constexpr std::string_view kPrefix = "fetch_";
  while (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  return name;
}

// Which of kNames it is; kNames.size(): none.
std::size_t column_of(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), our_name(name));
  return static_cast<std::size_t>(found - kNames.begin());
}

std::string& member_of(ReportRow& row, std::size_t column) {
  std::string* const members[] = {&row.url, &row.status, &row.etag, &row.last_modified};
  return *members[column];
}

void append_utf8(unsigned code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Four digits at text[at].
std::optional<unsigned> hex4(std::string_view text, std::size_t at) {
  unsigned value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = i < text.size() ? hex_digit_value(text[i]) : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

// Behind a backslash and `u`; two of them may make one character.
bool take_escaped_character(std::string_view text, std::size_t& at, std::string& plain) {
  auto code = hex4(text, at);
  if (!code) return false;
  at += 4;
  if (*code >= 0xd800 && *code < 0xdc00 && text.substr(at).starts_with("\\u")) {
    const auto low = hex4(text, at + 2);
    if (low && *low >= 0xdc00 && *low < 0xe000) {
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
      at += 6;
    }
  }
  append_utf8(*code, plain);
  return true;
}

bool take_escape(std::string_view text, std::size_t& at, std::string& plain) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (at >= text.size()) return false;
  const char c = text[at++];
  if (c == 'u') return take_escaped_character(text, at, plain);
  const std::size_t letter = kLetters.find(c);
  if (letter == kLetters.npos) return false;
  plain += kMeant[letter];
  return true;
}

void skip_blanks(std::string_view text, std::size_t& at) {
  at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// A number, a word, an array or an object, whose end is found by counting.
std::optional<std::string_view> other_value(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (depth == 0 && (c == ',' || c == '}')) break;
    ++at;
    if (c == '"' && !json_text_at(text, at)) return std::nullopt;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  const std::string_view value = text.substr(begin, at - begin);
  return value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
}

// One `"name": value` of an object.
bool take_member(std::string_view text, std::size_t& at, ReportRow& row) {
  skip_blanks(text, at);
  if (at >= text.size() || text[at++] != '"') return false;
  const auto name = json_text_at(text, at);
  skip_blanks(text, at);
  if (!name || at >= text.size() || text[at++] != ':') return false;
  skip_blanks(text, at);
  std::optional<std::string> value;
  if (at < text.size() && text[at] == '"') {
    value = json_text_at(text, ++at);
  } else if (const auto other = other_value(text, at)) {
    value = *other == "null" ? std::string() : std::string(*other);
  }
  if (!value) return false;
  const std::size_t column = column_of(*name);
  if (column < kNames.size()) member_of(row, column) = *std::move(value);
  skip_blanks(text, at);
  return true;
}

bool parse_json(std::string_view line, ReportRow& row) {
  std::size_t at = 0;
  skip_blanks(line, at);
  if (at >= line.size() || line[at++] != '{') return false;
  while (take_member(line, at, row)) {
    if (at >= line.size()) return false;
    if (line[at] == '}') return true;
    if (line[at++] != ',') return false;
  }
  return false;
}

}  // namespace

std::optional<std::string> json_text_at(std::string_view text, std::size_t& at) {
  std::string plain;
  while (true) {
    const std::size_t end = text.find_first_of("\"\\", at);
    if (end == text.npos) return std::nullopt;
    plain += text.substr(at, end - at);
    at = end + 1;
    if (text[end] == '"') return plain;
    if (!take_escape(text, at, plain)) return std::nullopt;
  }
}

std::string_view take_csv_field(std::string_view& row, char separator, std::string& plain) {
  if (!row.starts_with('"')) {
    const std::string_view field = row.substr(0, row.find(separator));
    row.remove_prefix(std::min(field.size() + 1, row.size()));
    return field;
  }
  plain.clear();
  std::size_t at = 1;
  while (true) {
    const std::size_t quote = std::min(row.find('"', at), row.size());
    plain += row.substr(at, quote - at);
    at = std::min(quote + 1, row.size());
    if (!row.substr(at).starts_with('"')) break;
    plain += '"';
    ++at;
  }
  const std::size_t end = std::min(row.find(separator, at), row.size());
  plain += row.substr(at, end - at);
  row.remove_prefix(std::min(end + 1, row.size()));
  return plain;
}

Expected<ReportRows> ReportRows::open(const std::string& file) {
  UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char first = 0;
  if (!opened || (::pread(opened.get(), &first, 1, 0) < 0)) {
    return fail(fmt::format("cannot read '{}': {}", printable(file), std::strerror(errno)));
  }
  ReportRows rows(std::move(opened));
  if (const auto good = rows.read_header(file); !good) return tl::unexpected(good.error());
  return rows;
}

Expected<void> ReportRows::read_header(const std::string& name) {
  seek(0, kReadAll);
  std::string_view line;
  if (!read_line(line)) return {};
  if (line.starts_with(kBom)) line.remove_prefix(kBom.size());
  json_ = line.starts_with('{');
  if (json_) {
    seek(0, kReadAll);
    return {};
  }
  separator_ = line.find(',') == line.npos && line.find('\t') != line.npos ? '\t' : ',';
  places_.fill(SIZE_MAX);
  std::string_view names = line;
  std::string plain;
  for (std::size_t i = 0; !names.empty(); ++i) {
    const std::size_t column = column_of(take_csv_field(names, separator_, plain));
    if (column < places_.size()) places_[column] = i;
  }
  if (places_[url] != SIZE_MAX) return {};
  return fail(
      fmt::format("'{}' has no column 'url': it is no report of distaff fetch, and no "
                  "archive; its first line is '{}'",
                  printable(name), printable(line, 80)));
}

void ReportRows::seek(std::uint64_t offset, std::size_t read_ahead) {
  buffer_.clear();
  at_ = 0;
  buffer_offset_ = offset;
  read_ahead_ = read_ahead;
}

// More of the file behind what is in the buffer, of which the part that was read goes.
bool ReportRows::fill() {
  buffer_.erase(0, at_);
  buffer_offset_ += at_;
  at_ = 0;
  const std::size_t size = buffer_.size();
  if (size > kLongest) return false;
  buffer_.resize(size + read_ahead_);
  ssize_t got = -1;
  do {
    got = ::pread(file_.get(), buffer_.data() + size, read_ahead_,
                  static_cast<off_t>(buffer_offset_ + size));
  } while (got < 0 && errno == EINTR);
  buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
  return got > 0;
}

// Up to a line end that is in no quotes; of JSON, any.  The last one needs none.
bool ReportRows::read_line(std::string_view& line) {
  std::size_t looked = 0;  // bytes behind at_
  bool quoted = false;
  bool more = true;
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(at_);
    const std::size_t found = rest.find('\n', looked);
    const std::size_t end = std::min(found, rest.size());
    if (!json_ && std::count(rest.begin() + looked, rest.begin() + end, '"') % 2 != 0) {
      quoted = !quoted;
    }
    looked = end;
    const bool ends = found != rest.npos;
    if (ends && quoted) {
      ++looked;
    } else if (ends || !more) {
      line = rest.substr(0, end);
      at_ += ends ? end + 1 : end;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return ends || (end > 0 && !quoted);
    } else {
      more = fill();
    }
  }
}

bool ReportRows::next(ReportRow& row, std::uint64_t& offset) {
  std::string_view line;
  while (true) {
    const std::uint64_t begin = buffer_offset_ + at_;
    if (!read_line(line)) return false;
    offset = begin;
    if (!line.empty() && parse(line, row)) return true;
  }
}

std::optional<ReportRow> ReportRows::at(std::uint64_t offset) {
  seek(offset, kReadOne);
  ReportRow row;
  std::string_view line;
  if (!read_line(line) || !parse(line, row)) return std::nullopt;
  return row;
}

bool ReportRows::parse(std::string_view line, ReportRow& row) const {
  row = {};
  return (json_ ? parse_json(line, row) : parse_csv(line, row)) && !row.url.empty();
}

bool ReportRows::parse_csv(std::string_view line, ReportRow& row) const {
  std::string plain;
  for (std::size_t i = 0; !line.empty(); ++i) {
    const std::string_view field = take_csv_field(line, separator_, plain);
    const auto column = std::find(places_.begin(), places_.end(), i);
    if (column != places_.end()) {
      member_of(row, static_cast<std::size_t>(column - places_.begin())) = field;
    }
  }
  return true;
}

}  // namespace distaff

#include "fetch/report_rows.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/json_members.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/utf8_check.h"

namespace distaff {
namespace {

constexpr std::size_t kReadAll = 256 << 10;  // bytes at once, where all rows are wanted
constexpr std::size_t kReadOne = 4 << 10;    // … and where one is
constexpr std::size_t kLongest = 64 << 20;   // bytes of a row; beyond, a quote was never closed
// As ReportRows::Column has them.
constexpr std::array<std::string_view, 10> kNames{"url",       "status", "etag", "last_modified",
                                                  "final_url", "error",  "mime", "bytes",
                                                  "path",      "note"};
constexpr std::string_view kBinary = "_b64";  // ends the name of a JSON member that is no UTF-8

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
  std::string* const members[] = {&row.url,       &row.status, &row.etag, &row.last_modified,
                                  &row.final_url, &row.error,  &row.mime, &row.bytes,
                                  &row.path,      &row.note};
  static_assert(std::size(members) == kNames.size());
  return *members[column];
}

// As the value of a member means it; null is empty.  Only that of a string has a quote before it.
std::string plain_value(std::string_view value) {
  if (value.data()[-1] == '"') return json_unescaped(value);
  value = value.substr(0, value.find_last_not_of(" \t\r") + 1);
  return value == "null" ? std::string() : std::string(value);
}

bool parse_json(std::string_view line, ReportRow& row) {
  JsonMembers members(line);
  std::string_view name, value;
  while (members.next(name, value)) {
    std::string plain = json_unescaped(name);
    const bool binary = plain.ends_with(kBinary);
    if (binary) plain.resize(plain.size() - kBinary.size());
    const std::size_t column = column_of(plain);
    if (column == kNames.size()) continue;
    std::string text = plain_value(value);
    member_of(row, column) = binary ? from_base64(text).value_or("") : std::move(text);
  }
  return members.whole();
}

}  // namespace

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
  if (line.starts_with(kUtf8Bom)) line.remove_prefix(kUtf8Bom.size());
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
                  printable(name), printable(mask_record(line), 80)));
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

#include "fetch/content_range.h"

#include <curl/curl.h>

#include <charconv>
#include <ctime>
#include <string>

namespace distaff {
namespace {

constexpr time_t kLeastAge = 60;  // seconds

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

time_t time_of(std::string_view date) { return curl_getdate(std::string(date).c_str(), nullptr); }

// The one that was asked for has to be there, the other one may be left out.
bool is_of(const BodyStore::Part& part, const TransferHead& head) {
  const bool by_etag = part.validator.starts_with('"');
  const bool is_same = part.validator == (by_etag ? head.etag : head.last_modified);
  return is_same && !head.ambiguous && (head.etag.empty() || head.etag == part.etag) &&
         (head.last_modified.empty() || head.last_modified == part.last_modified);
}

}  // namespace

std::optional<ContentRange> ContentRange::read(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return {};
  value.remove_prefix(kUnit.size());
  ContentRange range;
  const bool has_range = take_number(value, range.first) && take(value, '-') &&
                         take_number(value, range.last) && take(value, '/');
  if (!has_range || range.last < range.first) return {};
  if (value == "*") return range;
  std::uint64_t total = 0;
  if (!take_number(value, total) || !value.empty() || total <= range.last) return {};
  range.total = total;
  return range;
}

std::optional<ContentRange> continuation(const BodyStore::Part& part, const TransferHead& head,
                                         std::string_view url) {
  auto range = ContentRange::read(head.range);
  if (!range || range->first != part.bytes || !head.encodings.empty() || head.several_parts()) {
    return {};
  }
  if (url != part.url || !is_of(part, head)) return {};
  if (!range->total) {
    if (!part.total || range->last + 1 != *part.total) return {};
    range->total = part.total;
  }
  if (part.total && *range->total != *part.total) return {};
  return range;
}

std::string_view strong_validator(const TransferHead& head) {
  if (head.ambiguous) return {};
  if (head.etag.starts_with('"')) return head.etag;
  if (head.last_modified.empty()) return {};
  const time_t modified = time_of(head.last_modified);
  const time_t answered = head.date.empty() ? std::time(nullptr) : time_of(head.date);
  const bool is_old = modified >= 0 && answered - modified >= kLeastAge;
  return is_old ? std::string_view(head.last_modified) : std::string_view();
}

}  // namespace distaff

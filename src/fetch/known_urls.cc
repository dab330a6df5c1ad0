#include "fetch/known_urls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/compact_map.h"
#include "base/numbers.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "compose/url.h"
#include "fetch/body_name.h"
#include "fetch/report_rows.h"
#include "fetch/sqlite.h"
#include "fetch/validators.h"

namespace distaff {
namespace {

constexpr std::string_view kSqliteBegin = "SQLite format 3";

tl::unexpected<Error> refuse(const std::string& why) { return fail(why); }

// A URL as it is looked for: in one form, and without secrets.
std::string spelling_of(std::string_view url) {
  const auto normal = normal_url(url);
  return mask_url(normal ? *normal : url);
}

// No server sees the fragment.
std::string asked_of(std::string_view url) {
  std::string spelling = spelling_of(url);
  spelling.resize(std::min(spelling.find('#'), spelling.size()));
  return spelling;
}

// Up to its parameters.
std::string_view place_of(std::string_view url) { return url.substr(0, url.find_first_of("?#")); }

bool leads_to(std::string_view earlier, std::string_view now) {
  return earlier.empty() || place_of(spelling_of(earlier)) == place_of(spelling_of(now));
}

// URLs that only a secret tells apart have one row: then a date, which may well be that of both,
// says nothing.
std::optional<KnownBody> checked(KnownBody body, std::string_view masked_url) {
  const bool hides = masked_url.find("***") != masked_url.npos;
  if (!is_etag(body.etag) || (hides && body.etag.starts_with("W/"))) body.etag.clear();
  if (!is_http_date(body.last_modified) || hides) body.last_modified.clear();
  if (body.etag.empty() && body.last_modified.empty()) return std::nullopt;
  return body;
}

// Whether it says something of a whole body.
bool counts(const ReportRow& row) {
  if (!row.error.empty()) return false;
  const bool tells = !row.etag.empty() || !row.last_modified.empty();
  return row.status == "200" || (tells && (row.status == "304" || row.status.empty()));
}

KnownBody body_of(ReportRow&& row) {
  // Earlier versions wrote the bytes of a 304 itself.
  const bool of_answer = row.status == "304" && row.bytes == "0";
  std::optional<std::uint64_t> bytes;
  if (const auto count = parse_count(row.bytes, UINT64_MAX); count && !of_answer) bytes = *count;
  return {std::move(row.etag),
          std::move(row.last_modified),
          std::move(row.final_url),
          std::move(row.mime),
          bytes,
          std::move(row.path),
          std::move(row.note)};
}

class ReportConditions final : public Conditions {
 public:
  explicit ReportConditions(ReportRows rows) : rows_(std::move(rows)) {
    ReportRow row;
    std::unordered_map<std::uint64_t, std::uint64_t> masked;  // bodies by URLs
    for (std::uint64_t offset = 0; rows_.next(row, offset);) {
      if (!counts(row)) continue;
      const std::uint64_t hash = hash_of_text(asked_of(row.url));
      if (row.url.find("***") != row.url.npos) {
        const std::uint64_t body =
            hash_of_text(row.path + '\n' + row.etag + '\n' + row.last_modified);
        if (masked.emplace(hash, body).first->second != body) offset = kUnclear;
      }
      if (offsets_.insert(hash, offset)) continue;
      std::uint64_t& known = *offsets_.find(hash);
      if (known != kUnclear) known = offset;
    }
  }

  std::optional<KnownBody> find(std::string_view url, std::string_view to) override {
    const std::string wanted = asked_of(url);
    const std::uint64_t* offset = std::as_const(offsets_).find(hash_of_text(wanted));
    if (offset == nullptr || *offset == kUnclear) return std::nullopt;
    auto row = rows_.at(*offset);
    if (!row || !counts(*row) || asked_of(row->url) != wanted) return std::nullopt;
    if (!leads_to(row->final_url, to)) return std::nullopt;
    return checked(body_of(*std::move(row)), wanted);
  }

 private:
  static constexpr std::uint64_t kUnclear = UINT64_MAX;

  ReportRows rows_;
  CompactMap offsets_;  // by the hash of the URL
};

class ArchiveConditions final : public Conditions {
 public:
  Expected<void> open(const std::string& file) {
    if (database_.open_for_reading(file) != 0) return refuse(database_.message());
    find_ = database_.prepare(fmt::format(kFind, "mime"));
    if (!find_.valid())
      find_ = database_.prepare(fmt::format(kFind, "NULL"));  // an earlier version's
    if (find_.valid()) return {};
    return refuse(fmt::format("'{}' knows no URLs, as it was not written by distaff fetch ({})",
                              printable(file), database_.message()));
  }

  // It does not say where a URL led, but the names of bodies mostly do.
  std::optional<KnownBody> find(std::string_view url, std::string_view) override {
    const std::string wanted = spelling_of(url);
    find_.text(1, wanted);
    KnownBody found;
    if (find_.row()) {
      found.etag = find_.column(0);
      found.last_modified = find_.column(1);
      found.path = find_.column(2);
      if (const auto size = parse_count(find_.column(3), UINT64_MAX)) found.bytes = *size;
      found.mime = find_.column(4);
    }
    find_.reset();
    return checked(std::move(found), wanted);
  }

 private:
  static constexpr std::string_view kFind =
      "SELECT etag, last_modified, name,"
      " (SELECT sz FROM sqlar WHERE sqlar.name=distaff.name), {} FROM distaff WHERE url=?";

  SqliteDatabase database_;
  SqliteStatement find_;
};

}  // namespace

Expected<std::unique_ptr<Conditions>> open_conditions(const std::string& file) {
  char begin[kSqliteBegin.size()];
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = opened ? ::pread(opened.get(), begin, sizeof begin, 0) : -1;
  if (size < 0) {
    return refuse(fmt::format("cannot read '{}': {}; name an earlier report or archive",
                              printable(file), std::strerror(errno)));
  }
  if (std::string_view(begin, static_cast<std::size_t>(size)) == kSqliteBegin) {
    auto archive = std::make_unique<ArchiveConditions>();
    if (const auto good = archive->open(file); !good) return tl::unexpected(good.error());
    return archive;
  }
  auto rows = ReportRows::open(file);
  if (!rows) return refuse(rows.error().message);
  return std::make_unique<ReportConditions>(*std::move(rows));
}

}  // namespace distaff

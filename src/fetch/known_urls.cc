#include "fetch/known_urls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/compact_map.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "base/url_text.h"
#include "fetch/body_name.h"
#include "fetch/report_rows.h"
#include "fetch/sqlite.h"

namespace distaff {
namespace {

constexpr std::string_view kSqliteBegin = "SQLite format 3";

tl::unexpected<Error> refuse(const std::string& why) { return fail(why); }

// A URL as it is looked for: without secrets, in the spelling that is sent.
std::string spelling_of(std::string_view url) {
  std::string masked = mask_url(url);
  const auto wide = [](char c) { return static_cast<unsigned char>(c) > 0x7f; };
  if (std::none_of(masked.begin(), masked.end(), wide)) return masked;
  std::string ascii;
  for (const char c : masked) {
    if (wide(c)) {
      append_percent(c, ascii);
    } else {
      ascii += c;
    }
  }
  return ascii;
}

bool is_good(const ReportRow& row) {
  const bool whole = row.status.empty() || row.status == "200" || row.status == "304";
  return whole && !(row.etag.empty() && row.last_modified.empty());
}

class ReportConditions final : public Conditions {
 public:
  explicit ReportConditions(ReportRows rows) : rows_(std::move(rows)) {
    ReportRow row;
    for (std::uint64_t offset = 0; rows_.next(row, offset);) {
      if (!is_good(row)) continue;
      const std::uint64_t hash = hash_of_text(spelling_of(row.url));
      if (!offsets_.insert(hash, offset)) *offsets_.find(hash) = offset;
    }
  }

  std::optional<Validators> find(std::string_view url) override {
    const std::string wanted = spelling_of(url);
    const std::uint64_t* offset = std::as_const(offsets_).find(hash_of_text(wanted));
    if (offset == nullptr) return std::nullopt;
    auto row = rows_.at(*offset);
    if (!row || !is_good(*row) || spelling_of(row->url) != wanted) return std::nullopt;
    return Validators{std::move(row->etag), std::move(row->last_modified)};
  }

 private:
  ReportRows rows_;
  CompactMap offsets_;  // by the hash of the URL
};

class ArchiveConditions final : public Conditions {
 public:
  Expected<void> open(const std::string& file) {
    if (database_.open_for_reading(file) != 0) return refuse(database_.message());
    find_ = database_.prepare("SELECT etag, last_modified FROM distaff WHERE url=?");
    if (find_.valid()) return {};
    return refuse(fmt::format("'{}' knows no URLs, as it was not written by distaff fetch ({})",
                              printable(file), database_.message()));
  }

  std::optional<Validators> find(std::string_view url) override {
    const std::string masked = mask_url(url);
    find_.text(1, masked);
    Validators found;
    if (find_.row()) found = {find_.column(0), find_.column(1)};
    find_.reset();
    if (found.etag.empty() && found.last_modified.empty()) return std::nullopt;
    return found;
  }

 private:
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

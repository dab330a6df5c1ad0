#pragma once

// Rows of an earlier report: CSV with a header, or JSON lines.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/unique_fd.h"

namespace distaff {

// What of a row matters here.  Empty: the row does not say.
struct ReportRow {
  std::string url;
  std::string status;
  std::string etag;
  std::string last_modified;
  std::string final_url;
  std::string error;
  std::string mime;
  std::string bytes;
  std::string path;
  std::string note;

  bool operator==(const ReportRow&) const = default;
};

class ReportRows {
 public:
  // Reads the header.  Error: the file cannot be read, or has no column `url`.
  //
  // Of several columns of one name ours is the last: it stands behind those of the input, and is
  // called `fetch_url` where the input has a `url`.
  static Expected<ReportRows> open(const std::string& file);

  // The next row, and where it begins; false at the end.  Rows that are none (torn, no object) are
  // skipped.
  bool next(ReportRow& row, std::uint64_t& offset);

  // The row that begins there.
  std::optional<ReportRow> at(std::uint64_t offset);

 private:
  enum Column {
    url,
    status,
    etag,
    last_modified,
    final_url,
    error,
    mime,
    bytes,
    path,
    note,
    columns
  };

  explicit ReportRows(UniqueFd file) : file_(std::move(file)) {}
  Expected<void> read_header(const std::string& name);
  void seek(std::uint64_t offset, std::size_t read_ahead);
  bool read_line(std::string_view& line);
  bool fill();
  bool parse(std::string_view line, ReportRow& row) const;
  bool parse_csv(std::string_view line, ReportRow& row) const;

  UniqueFd file_;
  bool json_ = false;
  char separator_ = ',';
  std::array<std::size_t, columns> places_{};  // of each in a row of CSV; SIZE_MAX: there is none

  std::string buffer_;
  std::size_t at_ = 0;               // what of it was read
  std::uint64_t buffer_offset_ = 0;  // where it stands in the file
  std::size_t read_ahead_ = 0;       // bytes that are read at once
};

// Takes the first field off a row of CSV, with the separator behind it; quotes are taken off.
// Valid until `row` or `plain` change.
std::string_view take_csv_field(std::string_view& row, char separator, std::string& plain);

}  // namespace distaff

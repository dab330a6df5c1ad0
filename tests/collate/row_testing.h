#pragma once

// Writes rows as the collator does, and makes the jobs for them.

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "collate/row_format.h"

namespace distaff {

inline Job job_of(Record record, std::uint64_t seq = 1) {
  Job job;
  job.id = JobId{seq};
  job.records.push_back(std::move(record));
  return job;
}

inline Record line(std::string text) {
  Record record;
  record.text = std::move(text);
  return record;
}

inline Record row_of(std::shared_ptr<const FieldNames> names,
                     std::vector<std::optional<std::string>> fields) {
  Record record;
  record.text = "the row as it came";
  record.names = std::move(names);
  record.fields = std::move(fields);
  return record;
}

inline std::shared_ptr<const FieldNames> names_of(FieldNames names) {
  return std::make_shared<const FieldNames>(std::move(names));
}

inline Attempt exited(int status) { return {Outcome::exited(status), {}}; }

// The stream comes in pieces that end anywhere.
inline void write_stream(RowFormat& rows, Stream stream, std::string_view bytes,
                         std::minstd_rand& random, std::string& row) {
  rows.before(stream, is_valid_utf8(bytes), row);
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), random() % 9);
    rows.encode(bytes.substr(0, size), row);
    bytes.remove_prefix(size);
  }
  rows.after(stream, row);
}

inline std::string finish_row(RowFormat& rows, std::string_view head, std::string_view out,
                              std::string_view err, std::minstd_rand& random) {
  std::string row;
  rows.begin(head, row);
  write_stream(rows, Stream::out, out, random, row);
  write_stream(rows, Stream::err, err, random, row);
  rows.tail(row);
  return row;
}

inline std::string whole_row(RowFormat& rows, const Job& job, const Attempt& attempt = {},
                             std::string_view out = {}, std::string_view err = {}) {
  std::minstd_rand random(1);
  const std::string head = rows.head(job, attempt, 1, 1);
  return finish_row(rows, head, out, err, random);
}

// Bytes that are likely to be in the way: quotes, commas, line ends, NUL, broken UTF-8.
inline std::string random_bytes(std::minstd_rand& random) {
  static const std::vector<std::string> pieces{"a",
                                               "b",
                                               ",",
                                               "\"",
                                               "\n",
                                               "\r\n",
                                               "\\",
                                               std::string(1, '\0'),
                                               "\xff",
                                               "\xc3\xa9",
                                               " ",
                                               "\t",
                                               "\\n",
                                               "{",
                                               "'",
                                               "\xed\xa0",
                                               "\x7f",
                                               "\x01",
                                               "\xf0\x9f\x98\x80"};
  std::string bytes;
  // Half of them are valid UTF-8.
  const bool text = random() % 2 == 0;
  for (std::size_t left = random() % 8; left > 0; --left) {
    const std::string& piece = pieces[random() % pieces.size()];
    if (!text || is_valid_utf8(piece)) bytes += piece;
  }
  return bytes;
}

}  // namespace distaff

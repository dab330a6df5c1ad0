#pragma once

// Whether a part of a body goes on with the part that we have.
//
// Source: RFC 9110 14.4 (Content-Range), 15.3.7.3 (which parts may be joined), 8.8.2.2 (when a date
// tells two versions apart).

#include <cstdint>
#include <optional>
#include <string_view>

#include "fetch/body_store.h"
#include "fetch/transfer.h"

namespace distaff {

// "bytes 500-999/1000", "bytes 500-999/*"
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> total;

  std::uint64_t size() const { return last - first + 1; }

  // Nothing, if it says something else, or what cannot be.
  static std::optional<ContentRange> read(std::string_view value);
};

// The range that is in a 206 from `url`, if it goes on where `part` ends and is of the same
// version, of which the end is known; nothing otherwise.  Then `total` is set.
std::optional<ContentRange> continuation(const BodyStore::Part& part, const TransferHead& head,
                                         std::string_view url);

// What tells this version of a body from every other one: a strong ETag, or a Last-Modified that is
// a minute older than the answer.  Empty: nothing does.
std::string_view strong_validator(const TransferHead& head);

}  // namespace distaff

#pragma once

// What one record, or a batch of them, asks to have done.

#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "model/record.h"

namespace distaff {

struct Job {
  JobId id{};
  std::vector<Record> records;     // at least one
  std::optional<std::string> key;  // nothing: belongs to no group
  Identity identity;               // with a journal only

  // Not empty: it can never start, and why ("no field 3 in this record").  It still counts, and
  // ends as Outcome::not_started without having held a slot.
  std::string problem;

  std::size_t memory() const {
    std::size_t bytes = sizeof(Job) + (key ? key->capacity() : 0) + problem.capacity();
    for (const Record& record : records) bytes += record.memory();
    return bytes;
  }
};

}  // namespace distaff

#pragma once

// What one record, or a batch of them, asks to have done.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "model/packed_texts.h"
#include "model/record.h"

namespace distaff {

struct Job {
  JobId id{};
  std::vector<Record> records;     // at least one; of a batch that is packed just the first
  std::optional<std::string> key;  // nothing: belongs to no group
  Identity identity;               // with a journal only

  // Not empty: it can never start, and why ("no field 3 in this record").  It still counts, and
  // ends as Outcome::not_started without having held a slot.
  std::string problem;

  // The texts of all records, of a batch of which nothing else is needed; else null.
  std::shared_ptr<const PackedTexts> packed;

  std::size_t size() const { return packed ? packed->count() : records.size(); }

  // Calls `each` with the text of each record, in order.
  template <class Each>
  void each_text(Each each) const {
    if (packed) return packed->each(each);
    for (const Record& record : records) each(std::string_view(record.text));
  }

  std::size_t memory() const {
    std::size_t bytes = sizeof(Job) + (key ? key->capacity() : 0) + problem.capacity() +
                        (packed ? packed->memory() : 0);
    for (const Record& record : records) bytes += record.memory();
    return bytes;
  }
};

}  // namespace distaff

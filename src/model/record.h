#pragma once

// One unit of input, and what is known about its fields before the first one is read.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace distaff {

using FieldNames = std::vector<std::string>;

struct Record {
  // The bytes as they came, without the delimiter that ended them.  For a tuple of `:::` values
  // they are joined by a space.
  std::string text;

  // By number, from {1}.  Empty for a record without fields (a plain line): there {1} is the text.
  // Nothing: the field is missing (absent JSON member, a capture that took no part); that is not
  // the same as empty.  A short CSV row just has fewer.
  std::vector<std::optional<std::string>> fields;

  // names->at(i) is the name of field i + 1; null if fields have no names.  Shared by records that
  // have the same names.
  std::shared_ptr<const FieldNames> names;

  // Not empty: this record cannot become a job, and why ("a NUL byte in the line; use -0 …").
  std::string problem;

  // It was longer than --max-record: its bytes are not kept, `text` is empty, and `problem` says
  // so.
  bool bytes_lost = false;

  // Makes it a record of that text, without fields.
  void begin(std::string_view bytes) {
    begin();
    text.assign(bytes);
  }

  // The same, whose text is the caller's to set: it is still that of the record before.
  void begin() {
    fields.clear();
    names.reset();
    problem.clear();
    bytes_lost = false;
  }

  // Bytes of memory it takes, roughly.
  std::size_t memory() const;
};

// How records stand in the input: what a file of some of them has to look like.
struct Framing {
  std::string header;         // the line with the names, as it came; empty: none
  std::string ending = "\n";  // of it and of each record
};

// Which fields records have, as far as it is known at the start.  A template is checked against it.
struct FieldScheme {
  enum class Kind {
    none,      // a record is just its text; {1} is the same as {}
    numbered,  // {1} {2} …, from --split, ::: or batches
    named,     // CSV, TSV, --match: exactly `names` (and by number)
    open,      // JSON lines: names differ from record to record
  };
  Kind kind = Kind::none;
  // For named.  For open, those of the first object and of objects in it ("a.b"), if they were
  // asked for: see learn_names().
  FieldNames names;
  std::optional<std::size_t> count;  // for numbered: how many there are, if that is certain

  bool operator==(const FieldScheme&) const = default;
};

}  // namespace distaff

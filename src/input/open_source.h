#pragma once

// Makes the Source that an InputSpec asks for.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "input/source.h"
#include "model/record.h"
#include "model/run_spec.h"

namespace distaff {

struct OpenedSource {
  std::unique_ptr<Source> source;
  FieldScheme scheme;  // what is known of the fields; a CSV header has been read for it
  // No file had a CSV header, so the names are not known and no record will come: nothing may be
  // checked against them.
  bool empty = false;
  // Several `:::` lists make tuples: a word that is just {} is one word for each of their values.
  // A single list makes records without fields, where {1} is the same as {}.
  bool tuples = false;
  // How many records will come, if that is known without reading (`:::` lists of words).
  std::optional<std::uint64_t> total;
};

// Opens the first file (the others must exist) and those of `::::`, and reads a CSV header, waiting
// for it if it must: signals should still act by themselves then.
// Errors: a file that cannot be read, lists of unequal length, a bad regex.
Expected<OpenedSource> open_source(const InputSpec& spec, std::size_t buffer_size = 64 << 10);

// Tells a JSON source, before its first record, which dotted names ({a.b}: member b of member a)
// are wanted.  Each is a field of every record, after the object's own, and missing where it is
// absent.  Other sources ignore it.
void want_fields(Source& source, const std::vector<std::string>& names);

// Waits for the first record of JSON lines, and puts the names of its members into the scheme.
// Other sources have theirs.
void learn_names(OpenedSource& opened);

// Waits for the first record of CSV or TSV without a header: how many fields it has.  0: there is
// none, or this is no such source.  To be asked before the first record is read, which comes all
// the same.
std::size_t first_row_fields(Source& source);

}  // namespace distaff

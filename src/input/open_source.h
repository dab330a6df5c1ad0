#pragma once

// Makes the Source that an InputSpec asks for.

#include <memory>
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
  // `:::` lists make tuples: a word that is just {} is one word for each of their values.
  bool tuples = false;
  // How many records will come, if that is known without reading (`:::` lists).
  std::optional<std::uint64_t> total;
};

// Opens the first file (the others must exist) and reads a CSV header, waiting for it if it must.
// Errors: a file that cannot be read, lists of unequal length, a bad regex.
Expected<OpenedSource> open_source(const InputSpec& spec);

// Tells a JSON source which dotted names ({a.b}) are wanted as fields; others ignore it.
void want_fields(Source& source, const std::vector<std::string>& names);

}  // namespace distaff

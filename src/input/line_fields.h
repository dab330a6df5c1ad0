#pragma once

// Finds the fields in a line: --split and --match.

#include <memory>

#include "base/expected.h"
#include "model/record.h"
#include "model/run_spec.h"

namespace distaff {

class LineFields {
 public:
  virtual ~LineFields() = default;

  // Fills in fields, names and problem of a record that has its text.  False: it is to be skipped.
  virtual bool find(Record& record) = 0;

  // What all records have.
  virtual FieldScheme scheme() const = 0;
};

// Null if neither --split nor --match was given.
Expected<std::unique_ptr<LineFields>> make_line_fields(const InputSpec& spec);

}  // namespace distaff

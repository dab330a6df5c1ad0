#pragma once

// --fields: what may stand in braces.

#include <string>

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

// The names of the fields, one a line.  Where only a record can tell them, reads the first one,
// waiting for it if it must: signals should still act by themselves then.
// Errors: input that cannot be read or understood, and records that have no fields.
Expected<std::string> list_fields(const InputSpec& input);

}  // namespace distaff

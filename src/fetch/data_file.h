#pragma once

// The file of `--data @FILE`.

#include <string>

#include "base/expected.h"

namespace distaff {

// All that is in it; waits for it if it is a pipe.  At most 1 GB: each request holds a copy.
Expected<std::string> read_data_file(const std::string& file);

}  // namespace distaff

#pragma once

// Carries out a RunSpec whose jobs are URLs.

#include "base/expected.h"
#include "model/run_spec.h"
#include "os/startup.h"

namespace distaff {

// Gives the exit status.  An error is one of the options or of the input's first bytes, and nothing
// was fetched.
Expected<int> fetch(RunSpec spec, Startup& startup);

}  // namespace distaff

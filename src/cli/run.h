#pragma once

// Builds the program that a RunSpec asks for out of the rooms, and runs it.

#include <string>

#include "base/expected.h"
#include "model/run_spec.h"
#include "os/startup.h"

namespace distaff {

// The exit status; an error is a mistake that was found before the first job.  A run that was ended
// by a signal ends the process by it.
// `not_found_advice` is added to the message if the program of every job is not found.
Expected<int> run(const RunSpec& spec, const std::string& not_found_advice, Startup& startup);

}  // namespace distaff

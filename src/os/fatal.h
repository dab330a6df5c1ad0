#pragma once

// For the few calls at start that only fail on a machine that is out of everything.

namespace distaff {

// Prints "distaff: WHAT: <errno's text>" on stderr and ends the program with status 3 (the run
// could not go on).
[[noreturn]] void die_of_errno(const char* what);

}  // namespace distaff

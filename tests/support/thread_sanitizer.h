#pragma once

// The counts of std::exception_ptr are changed inside libstdc++.so, which knows nothing of
// ThreadSanitizer: it sees the last owner destroy what others have read, but not that they had let
// go of it.  To be included by one file of a test program.

#include "support/timing.h"

#if DISTAFF_TEST_THREAD_SANITIZER
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
#endif

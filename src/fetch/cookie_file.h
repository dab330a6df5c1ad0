#pragma once

// --cookie FILE: whether cookies can be read from it.

#include <string>

#include "base/expected.h"

namespace distaff {

// libcurl takes what it can of a file, and of one that is none, no cookies, without a word.  The
// error names the first line that is none.  What cannot be read twice (a pipe) is left to libcurl.
Expected<void> check_cookie_file(const std::string& file);

}  // namespace distaff

#pragma once

// A file that has no name: it is gone when it is closed, also after SIGKILL.

#include <string>

#include "base/expected.h"
#include "base/unique_fd.h"

namespace distaff {

// For reading and writing, in `directory`.  Empty, with errno, if it cannot be made there.
UniqueFd open_unnamed_file(const std::string& directory);

// Can files be made in this directory?  The error says why not.
Expected<void> check_writable_directory(const std::string& directory);

}  // namespace distaff

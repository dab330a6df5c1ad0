#pragma once

// A file that others read at any time: they find the old content or the new one, each whole.

#include <string>
#include <string_view>

#include "base/expected.h"

namespace distaff {

// Of the last part of a path: "a" of "a/b", "." of "b", "/" of "/b".
std::string directory_of(const std::string& path);

// Gives the file this content.  Of a symbolic link the file behind it is replaced.  A file that was
// there keeps its mode.  What is no regular file (a pipe, /dev/null) is written to as it is.
Expected<void> replace_file(const std::string& path, std::string_view content);

// What is in the file, at most `most` bytes of it; empty if there is none or it cannot be read.
std::string read_file(const std::string& path, std::size_t most);

// Can the file be made or replaced?  Error: something else than a file has its name, or its
// directory is none that may be written to.
Expected<void> check_replaceable(const std::string& path);

// Sets the file's time to now, and makes it if it is not there.
Expected<void> touch_file(const std::string& path);

}  // namespace distaff

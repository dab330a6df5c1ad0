#pragma once

// Small files whole, and small questions about files that help a message to say what is wrong.

#include <optional>
#include <string>

namespace distaff {

// All of a file, as of /proc, which tells no sizes; nothing if it cannot be read.
std::optional<std::string> text_of_file(const std::string& path);

// The name of the regular file behind a descriptor, without its directories; empty if it is no
// regular file, or the kernel does not tell.
std::string file_name_of(int fd);

// The descriptor is /dev/null, open for reading.
bool is_null_device(int fd);

// Also by a symbolic link.
bool is_directory(const std::string& path);

// What a script names behind its #!, up to the end of the line or a blank: a carriage return that
// stands there is part of it, as it is for the kernel.  Empty if the file is no such script.
std::string interpreter_of(const std::string& path);

}  // namespace distaff

#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace distaff {

// All of a file, for a test; nothing if it cannot be read.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace distaff

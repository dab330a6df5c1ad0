#pragma once

// A directory of its own for a test, gone with all that is in it at the end.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace distaff {

class TempDir {
 public:
  TempDir() {
    std::string pattern = std::filesystem::temp_directory_path() / "distaff-test-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Makes a file, and the directories on the way; gives its path.
  std::string file(std::string_view name, std::string_view text, mode_t mode = 0644) const {
    const std::filesystem::path path = *this / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string fifo(std::string_view name) const {
    const std::string path = *this / name;
    mkfifo(path.c_str(), 0600);
    return path;
  }

 private:
  std::string path_;
};

}  // namespace distaff

#pragma once

// Files to read, and all that a source gives.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "input/open_source.h"

namespace distaff {

class TemporaryFiles {
 public:
  TemporaryFiles() {
    std::string pattern = testing::TempDir() + "distaffXXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFiles() { std::filesystem::remove_all(directory_); }
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string make(const std::string& name, std::string_view text) const {
    std::filesystem::remove(path(name));  // faster than to write over it
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string directory_;
};

// Makes `fd` the stdin of this process for as long as it lives.
class AsStdin {
 public:
  explicit AsStdin(int fd) : before_(::fcntl(0, F_DUPFD_CLOEXEC, 3)) { ::dup2(fd, 0); }
  ~AsStdin() { ::dup2(before_.get(), 0); }
  AsStdin(const AsStdin&) = delete;
  AsStdin& operator=(const AsStdin&) = delete;

 private:
  UniqueFd before_;
};

inline bool readable(int fd, int milliseconds = 0) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) > 0;
}

using Fields = std::vector<std::optional<std::string>>;

struct Drained {
  std::vector<Record> records;
  std::optional<Error> error;
  int waits = 0;

  std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Record& record : records) result.push_back(record.text);
    return result;
  }
  std::vector<Fields> fields() const {
    std::vector<Fields> result;
    for (const Record& record : records) result.push_back(record.fields);
    return result;
  }
};

// Reads to the end, waiting as the source says.
inline Drained drain(Source& source) {
  Drained drained;
  while (true) {
    Record record;
    switch (source.next(record)) {
      case Source::Next::record:
        drained.records.push_back(std::move(record));
        break;
      case Source::Next::wait:
        ++drained.waits;
        if (!readable(source.wait_fd(), 200'000)) {
          ADD_FAILURE() << "waits for nothing";
          return drained;
        }
        break;
      case Source::Next::end:
        return drained;
      case Source::Next::failed:
        drained.error = source.error();
        EXPECT_EQ(source.next(record), Source::Next::failed) << "stays failed";
        return drained;
    }
  }
}

// What `spec` gives for a file with this text.
inline Drained drain_text(std::string_view text, InputSpec spec,
                          std::size_t buffer_size = 64 << 10) {
  static const TemporaryFiles files;  // one for all: making directories is slow
  spec.files = {files.make("in", text)};
  auto opened = open_source(spec, buffer_size);
  if (!opened) {
    Drained drained;
    drained.error = opened.error();
    return drained;
  }
  return drain(*opened->source);
}

// Random cases: how many, and where from.  DISTAFF_RANDOM_CASES asks for more.
inline int random_cases(int usual) {
  const char* asked = std::getenv("DISTAFF_RANDOM_CASES");
  return asked != nullptr ? std::atoi(asked) : usual;
}
inline std::uint32_t random_seed() {
  const char* asked = std::getenv("DISTAFF_SEED");
  return asked != nullptr ? static_cast<std::uint32_t>(std::strtoul(asked, nullptr, 10))
                          : std::random_device()();
}

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string text(std::string_view letters, std::size_t longest) {
    std::string result(below(longest + 1), ' ');
    for (char& c : result) c = letters[below(letters.size())];
    return result;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace distaff

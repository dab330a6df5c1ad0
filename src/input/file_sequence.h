#pragma once

// The bytes of several files, one file after the other, never blocking.
//
// One call of Source::next() is a turn, in which one buffer is read at most, even if that gave no
// record: an endless line, or endless empty ones, must not keep the program from its signals and
// its jobs.  After that fill() says wait, and wait_fd() is readable at once if there may be more.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "os/byte_reader.h"
#include "os/wait_gate.h"

namespace distaff {

// A record that is longer must not cost its memory for the rest of the run.
inline constexpr std::size_t kHugeRecord = 1 << 20;

class FileSequence {
 public:
  enum class Fill {
    data,      // data() is not empty
    wait,      // this turn gives no more
    file_end,  // the file is used up; the next fill() begins the one after it
    end,       // no more files
    failed,    // error() says why
  };

  struct Options {
    std::size_t buffer_size = ByteReader::kBufferSize;
    int stdin_fd = 0;  // what "-" means
    // A file whose first bytes say that it is no text is a failure; else only worth a warning.
    bool text = true;
  };

  // Opens the first file; the others must exist.  No names: stdin.
  static Expected<FileSequence> open(std::vector<std::string> names, Options options);

  void begin_turn() { filled_ = false; }

  // Needs data() to be empty.
  Fill fill();

  std::string_view data() const { return reader_ ? reader_->data() : std::string_view(); }
  void consume(std::size_t bytes) { reader_->consume(bytes); }

  // For messages: the file being read, "stdin" for stdin.
  const std::string& name() const { return name_; }

  // Counts files from 1: it changes when another one begins.
  std::size_t file_number() const { return next_; }

  // The same number from the first time fill() said wait; -1 before.
  int wait_fd() const { return gate_.fd(); }

  const Error& error() const { return error_; }

  // Of a file that is hardly meant to be read as it is; once for each.
  std::string take_warning() { return std::exchange(warning_, {}); }

 private:
  FileSequence(std::vector<std::string> names, Options options);

  Expected<void> open_next();
  void close();
  bool is_as_meant();
  Fill wait();
  Fill fail(Error error);

  std::vector<std::string> files_;
  Options options_;
  std::size_t next_ = 0;  // in files_
  std::string name_;
  std::optional<ByteReader> reader_;  // of files_[next_ - 1]; nothing between two files
  WaitGate gate_;                     // goes before the reader, whose descriptor it may hold
  std::string first_bytes_;           // of the file, until they are enough to tell what it is
  bool filled_ = false;               // this turn has had its buffer
  bool failed_ = false;
  Error error_;
  std::string warning_;
};

}  // namespace distaff

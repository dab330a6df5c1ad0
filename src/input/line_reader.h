#pragma once

// Cuts the bytes of files into pieces that end in a delimiter.  The last one of a file needs none,
// and none goes over from one file to the next.

#include <cstdint>
#include <string>
#include <string_view>

#include "input/file_sequence.h"

namespace distaff {

class LineReader {
 public:
  enum class Next { line, wait, end, failed };

  // The delimiter is one byte at least.
  LineReader(FileSequence files, std::string delimiter);

  void begin_turn() { files_.begin_turn(); }

  // `line` is the next one, without its delimiter, valid until the next call.
  Next next(std::string_view& line);

  // False: no byte of the last line is NUL.  Looked for once a buffer, not once a line.
  bool may_hold_nul() const { return nul_seen_; }

  // Where the last line came from; lines count from 1 in each file.
  const std::string& file() const { return line_file_; }
  std::uint64_t line_number() const { return line_number_; }

  int wait_fd() const { return files_.wait_fd(); }
  const Error& error() const { return files_.error(); }

 private:
  bool cut(std::string_view& line);
  bool cut_across(std::string_view& line);
  std::size_t find_in(std::string_view data) const;
  void begin_buffer();
  void count_line();

  FileSequence files_;
  std::string delimiter_;
  std::string pending_;            // the beginning of a line that went over the buffer's end
  bool pending_returned_ = false;  // it is a view into pending_ that the caller has
  bool nul_seen_ = false;
  std::size_t line_file_number_ = 0;
  std::string line_file_;
  std::uint64_t line_number_ = 0;
};

}  // namespace distaff

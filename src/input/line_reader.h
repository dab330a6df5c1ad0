#pragma once

// Cuts the bytes of files into pieces that end in a delimiter.  The last one of a file needs none,
// and none goes over from one file to the next.
//
// A piece that is longer than it may be is told of as soon as it is, and the rest of it is skipped
// without being kept: an input without a delimiter costs time but no memory.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "input/file_sequence.h"

namespace distaff {

class LineReader {
 public:
  enum class Next {
    line,
    too_long,  // there is one, and it is not given
    wait,
    end,
    failed,
  };

  struct Options {
    std::string delimiter = "\n";     // one byte at least
    std::uint64_t most = UINT64_MAX;  // bytes of a line
    bool drop_bom = false;            // a UTF-8 byte order mark at the start of a file
  };

  LineReader(FileSequence files, Options options);

  void begin_turn() { files_.begin_turn(); }

  // `line` is the next one, without its delimiter, valid until the next call.
  Next next(std::string_view& line);

  // The line that next() gave, which is not valid any more: a long one is moved and not copied.
  void give(std::string_view line, std::string& text) {
    if (!pending_returned_ || line.size() < kHugeRecord) {
      text.assign(line);
    } else {
      give_pending(line, text);
    }
  }

  // False: no byte of the last line is NUL.  Looked for once a buffer, not once a line.
  bool may_hold_nul() const { return nul_seen_; }

  // Where the last line came from; lines count from 1 in each file.
  const std::string& file() const { return line_file_; }
  std::uint64_t line_number() const { return line_number_; }

  // Why a line that was too long is no job.
  std::string too_long() const;

  // Once, of the first such line whose end is not in sight: what there is to wait for.  And of
  // files that are no lists.
  std::string take_warning() {
    std::string warning = files_.take_warning();
    return warning.empty() ? std::exchange(warning_, {}) : warning;
  }

  int wait_fd() const { return files_.wait_fd(); }
  const Error& error() const { return files_.error(); }

 private:
  Next take(std::string_view& line);
  void give_pending(std::string_view line, std::string& text);
  Next begin_skipping();
  bool cut(std::string_view& line);
  bool cut_across(std::string_view& line);
  std::size_t find_in(std::string_view data) const;
  void keep(std::string_view data);
  void forget_pending();
  void begin_buffer();
  void count_line();

  FileSequence files_;
  Options options_;
  std::string pending_;            // the beginning of a line that went over the buffer's end
  bool pending_returned_ = false;  // it is a view into pending_ that the caller has
  bool skipping_ = false;          // what comes is the rest of a line that is too long
  bool nul_seen_ = false;
  std::size_t line_file_number_ = 0;
  std::string line_file_;
  std::uint64_t line_number_ = 0;
  bool warned_ = false;
  std::string warning_;
};

}  // namespace distaff

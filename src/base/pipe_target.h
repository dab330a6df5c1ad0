#pragma once

// Bytes that the kernel moves without showing them to us: from a pipe into a file, from a part of a
// file into another.  Pure rooms pass these on; only os, exec and sink look inside.

#include <cstddef>
#include <cstdint>

namespace distaff {

// A file into which the kernel can move what waits in a pipe.
class PipeTarget {
 public:
  struct Moved {
    enum class Why {
      most,     // as much as was asked for
      empty,    // nothing more is in the pipe now
      ended,    // nothing more will be: all its writers are gone
      full,     // the target has no room now
      refused,  // it cannot be done this way: the pipe has to be read
    };
    std::size_t bytes = 0;  // may be more than none, whatever the reason it ended
    Why why = Why::most;
  };

  // Moves up to `most` bytes; never blocks.
  virtual Moved take_from(int pipe, std::size_t most) = 0;

 protected:
  ~PipeTarget() = default;
};

// `length` bytes from `offset` on of an open file.
struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const FilePart&) const = default;
};

}  // namespace distaff

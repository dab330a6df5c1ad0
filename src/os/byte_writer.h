#pragma once

// Writes to an inherited file, pipe, terminal or socket without ever blocking on its reader.
//
// O_NONBLOCK on the descriptor itself is forbidden: the flag belongs to the open file, which the
// shell and the jobs share.  A pipe or terminal is opened again through /proc/self/fd, which gives
// an open file of our own.  A regular file is not: the second open file would have an offset of its
// own and lose O_APPEND; it needs no such care, since writing to it waits for no reader.

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/pipe_target.h"
#include "base/unique_fd.h"

namespace distaff {

class ByteWriter {
 public:
  // How a descriptor is written.
  enum class Way {
    plain,       // regular files, /dev/null: always ready
    own_open,    // an open file of our own that has O_NONBLOCK
    nowait,      // pwritev2 with RWF_NOWAIT: pipes we may not open again
    poll_first,  // where RWF_NOWAIT is not known: ask poll(), then write no more than surely fits
    send,        // sockets
  };

  // `fd` stays open while the writer lives; its flags stay as they are.  `way`: nothing for the
  // best there is.  Needs SIGPIPE ignored.
  explicit ByteWriter(int fd, std::optional<Way> way = std::nullopt);

  struct Result {
    std::size_t written = 0;  // of both together
    int error = 0;            // an errno; 0 and not all written: full, ask again when there is room
  };
  // Writes `first`, then `second`, as far as there is room now.
  Result write(std::string_view first, std::string_view second = {});

  // The kernel's ways past our memory, where the file takes them (not terminals, sockets, or files
  // that are appended to).  Neither blocks on a reader.
  bool can_move() const { return move_ != Move::none; }
  PipeTarget::Moved move_from_pipe(int pipe, std::size_t most);
  // A `written` of nothing without an error, and can_move() false after it: it has to be read.
  Result write_part(const FilePart& part);

  // Becomes writable when there is room again.
  int wait_fd() const { return own_ ? own_.get() : fd_; }

  // Blocks until there is room or the reader is gone.
  void wait_for_room() const;

  Way way() const { return way_; }

 private:
  enum class Move { none, pipe, file };

  Way choose_way();
  Move choose_move() const;
  bool reopen(int flags);
  long write_some(std::string_view first, std::string_view second);

  int fd_;
  UniqueFd own_;
  std::size_t fits_;  // for poll_first
  Way way_;
  Move move_ = Move::none;
};

// Whether two descriptors are one open file (after `2>&1`), or of the same pipe, terminal, device
// or file that is appended to: then the order of writes is the order in which things stand there.
bool same_destination(int a, int b);

}  // namespace distaff

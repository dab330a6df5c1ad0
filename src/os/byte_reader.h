#pragma once

// Reads a file, pipe, terminal or socket without ever blocking on it, one buffer at a time.
//
// The simple way, O_NONBLOCK on the descriptor, is forbidden for one that we inherited: the flag
// belongs to the open file, which the shell and the jobs share.  So a pipe or terminal is opened
// again through /proc/self/fd, which gives an open file of our own; where that cannot be (another
// user's pipe, no /proc, sockets) there is for each kind a call that does not wait.  poll() before
// a plain read() is not one: another reader of the same pipe may take the data between the two.
//
// Nothing is read before the last buffer is used up, so at most one buffer is ever taken ahead of
// what was needed; the rest stays for whoever reads the descriptor next.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/unique_fd.h"

namespace distaff {

class ByteReader {
 public:
  static constexpr std::size_t kBufferSize = 64 << 10;

  enum class Fill {
    data,    // data() is not empty
    wait,    // nothing now: ask again when wait_fd() is readable
    end,     // there will be no more
    failed,  // error() says why
  };

  // How a descriptor is read.
  enum class Way {
    plain,       // regular files, /dev/zero: always ready
    own_open,    // an open file of our own that has O_NONBLOCK
    nowait,      // preadv2 with RWF_NOWAIT: pipes we may not open again
    splice,      // into a pipe of our own: where RWF_NOWAIT is not known
    recv,        // sockets
    poll_first,  // terminals we may not open again, other devices: they hand out what is there
  };

  struct Options {
    std::size_t buffer_size = kBufferSize;
    std::optional<Way> way;  // for inherited ones; nothing: the best there is
  };

  // A descriptor that others share.  It stays open, and its flags stay as they are.  `name` is for
  // messages.
  static Expected<ByteReader> inherit(int fd, std::string name, Options options);
  static Expected<ByteReader> inherit(int fd, std::string name);

  // A file of our own.  A FIFO is opened without waiting for its writer, and one that had no
  // writer yet is not at its end.
  static Expected<ByteReader> open(const std::string& path, Options options);
  static Expected<ByteReader> open(const std::string& path);

  // Reads more, with one successful read at most.  Needs data() to be empty.
  Fill fill();

  // What was read and not consumed.  Valid until the next fill().
  std::string_view data() const { return data_; }
  void consume(std::size_t bytes) { data_.remove_prefix(bytes); }

  // -1 if it never says wait.  Must be out of every epoll set before the reader goes.
  int wait_fd() const;

  Way way() const { return way_; }
  const std::string& name() const { return name_; }
  const Error& error() const { return error_; }

 private:
  ByteReader(std::string name, std::size_t buffer_size);

  bool choose_way();
  bool reopen();
  Fill read_once();
  long read_some();
  long read_spliced();

  std::string name_;
  UniqueFd own_;  // what we opened, if anything
  int fd_ = -1;   // what is read: own_ or the inherited one
  Way way_ = Way::plain;
  bool await_writer_ = false;  // a FIFO that may not have had a writer yet
  UniqueFd splice_in_, splice_out_;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffer_size_ = 0;
  std::string_view data_;  // in buffer_
  Error error_;
};

// Waits without limit until `fd` is readable or at its end; for what is read before a run starts.
void wait_until_readable(int fd);

// Can this file be opened for reading later?  The error says why not.
Expected<void> check_readable(const std::string& path);

}  // namespace distaff

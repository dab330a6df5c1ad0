#pragma once

// What goes to one file: gathered, written without blocking, and kept while there is no room.
//
// Jobs write little at a time, and a system call for each piece would be most of the cost of
// passing it on.  So small pieces are gathered until flush(), which comes before every wait: nobody
// sees a byte later than without.  Large ones go out directly, without being copied.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "os/byte_writer.h"
#include "os/event_loop.h"

namespace distaff {

class WriteQueue final : private Watcher, private PipeTarget {
 public:
  WriteQueue(EventLoop& loop, int fd);
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;
  ~WriteQueue();

  void write(std::string_view bytes);

  // Writes what there is room for now.
  void flush();

  // There was no room, and the loop will tell when there is.
  bool blocked() const { return full_; }

  // Writes the beginning of the part of a file, as much as there is room for.  Nothing, and not
  // blocked: it has to be read and written.
  std::size_t write_part(const FilePart& part);

  // Where what is in a pipe can be moved behind all that was written; null if that cannot be now.
  PipeTarget* straight();

  // Blocks until all is written, or it failed.
  void finish();

  std::size_t pending() const { return pending_; }

  // All that write() was given so far, and whether as much as that was is out.
  std::uint64_t taken() const { return taken_; }
  bool has_written(std::uint64_t mark) const { return taken_ - pending_ - lost_ >= mark; }

  // An errno once writing failed; what was pending then and all that comes after is dropped.
  int error() const { return error_; }

 private:
  void on_ready(int fd, std::uint32_t events) override;
  Moved take_from(int pipe, std::size_t most) override;
  void append(std::string_view bytes);
  void push(std::string_view more);
  void written(std::size_t bytes);
  std::string_view front() const;
  void watch();
  void unwatch();
  void fail(int error, std::size_t dropped);

  EventLoop& loop_;
  ByteWriter writer_;
  std::deque<std::string> blocks_;  // each but the last is full; of the first, begin_ are written
  std::size_t begin_ = 0;
  std::size_t pending_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t lost_ = 0;  // of the taken: dropped
  bool full_ = false;       // there was no room, and the loop will tell when there is
  int error_ = 0;
};

}  // namespace distaff

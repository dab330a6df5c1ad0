#pragma once

// A pool's end of the socket of a worker process.
//
// Nothing here blocks: what there is no room for is kept, and sent when an event says that there
// is. The events, of bytes that came and of room while something is kept, are those of one epoll
// descriptor.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "lib/frame.h"

namespace distaff::inline v0::detail {

class WorkerSocket {
 public:
  explicit WorkerSocket(std::size_t max_message) : in_(max_message) {}
  WorkerSocket(const WorkerSocket&) = delete;
  WorkerSocket& operator=(const WorkerSocket&) = delete;

  // Events come by `epoll` as `key`.  0 or an errno; then it is not open.
  int open(UniqueFd socket, int epoll, std::uint64_t key);
  // It may be opened again.
  void close();

  // Sends a frame, or keeps it for send_more().  That the worker is dead is not told here.
  void send(std::string frame);
  void send_more();
  // A frame is kept of which no byte was sent.
  bool has_unsent() const { return sent_ == 0 && !out_.empty(); }
  std::string take_unsent();

  // Receives once.  The end comes once.
  FrameReader::Got receive();
  // A frame that was received; throws MessageError if it is none.
  std::optional<Frame> next() { return in_.next(); }
  // From now on it is at its end, whatever comes.
  void stop_listening();
  bool at_end() const { return at_end_; }

 private:
  void watch();

  UniqueFd socket_;
  int epoll_ = -1;
  std::uint64_t key_ = 0;
  FrameReader in_;
  bool at_end_ = false;  // and no event comes any more
  std::deque<std::string> out_;
  std::size_t sent_ = 0;  // bytes of the first of `out_`
  bool watched_for_room_ = false;
};

}  // namespace distaff::inline v0::detail

#pragma once

// Frames from a socket.  What they are is told in distaff/process_pool.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "distaff/detail/frames.h"

namespace distaff::inline v0::detail {

struct Frame {
  FrameTag tag = FrameTag::bye;
  std::uint64_t id = 0;
  std::string payload;
};

// A long payload is received where it stays; many short frames by one call.
class FrameReader {
 public:
  enum class Got { some, nothing, end };

  explicit FrameReader(std::size_t max_payload) : max_payload_(max_payload) {}
  void set_max_payload(std::size_t bytes) { max_payload_ = bytes; }

  // Receives once.  `nothing`: a non-blocking socket has none now; `end`: the other side is gone.
  Got fill(int socket);
  // A frame that is complete, if there is one.  Throws MessageError if it is longer than allowed,
  // or none at all.
  std::optional<Frame> next();

 private:
  static constexpr std::size_t kBuffer = 16 * 1024;

  std::size_t max_payload_;
  std::string buffer_;  // bytes [begin_, end_) are of frames not yet taken
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  bool in_payload_ = false;  // of `frame_`, `length_` bytes, of which `filled_` are there
  Frame frame_;
  std::size_t length_ = 0;
  std::size_t filled_ = 0;
};

// Blocking; false if the other side is gone.
bool send_all(int socket, std::string_view bytes);

}  // namespace distaff::inline v0::detail

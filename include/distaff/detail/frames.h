#pragma once

// The head of a frame.  Not for users; the frames are told of in process_pool.h.

#include <cstddef>
#include <cstdint>
#include <string>

namespace distaff::inline v0::detail {

enum class FrameTag : std::uint8_t {
  start = 1,
  started = 2,
  task = 3,
  chunk = 4,
  result = 5,
  error = 6,
  worker_error = 7,
  bye = 8,
};

// Length, tag and id.
inline constexpr std::size_t kFrameHead = 13;

// Room for the head, to be followed by the payload.
inline std::string begin_frame() { return std::string(kFrameHead, '\0'); }

// Fills in the head.  The payload must be below 4 GiB.
void seal_frame(std::string& frame, FrameTag tag, std::uint64_t id);

}  // namespace distaff::inline v0::detail

#pragma once

// In which order futures ended.  Not for users: see completion_queue.h.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "distaff/deadline.h"
#include "distaff/detail/future_state.h"

namespace distaff::inline v0::detail {

class ReadyQueue {
 public:
  // Has `key` appear in the queue when the state is done.
  static void watch(const std::shared_ptr<ReadyQueue>& queue, FutureBase& state, std::uint64_t key);

  void push(std::uint64_t key);
  // The key that has waited longest; nothing when the time is over.
  std::optional<std::uint64_t> pop(const Deadline& deadline);

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::uint64_t> keys_;
};

}  // namespace distaff::inline v0::detail

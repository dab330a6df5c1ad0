#pragma once

// How much may be held back, and whether all of it is used up.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "collate/spill_store.h"

namespace distaff {

// Memory is counted by its owner and given to each call; the spill store counts itself.
class Budget {
 public:
  Budget(std::size_t memory, SpillStore* spill)
      : memory_(std::min(memory, SIZE_MAX / 4)), spill_(spill) {}

  // Memory is for the many jobs that write a little.  What a job holds beyond kQuiet counts as
  // loud, and all loud ones together take no more than a sixteenth while there is a spill store:
  // the kernel moves large outputs there and back, which is faster than our copying them.
  static constexpr std::size_t kQuiet = std::size_t{16} << 10;
  void charge(std::size_t before, std::size_t after) { loud_ += loud(after) - loud(before); }
  bool too_loud(std::size_t memory_of_job) const {
    return memory_of_job >= kQuiet && loud_ >= memory_ / 16;
  }

  void take_memory_away() { memory_ = 0; }
  std::size_t memory_left(std::size_t used) const { return used < memory_ ? memory_ - used : 0; }

  // What is spilled takes memory too, a little for each job and each part: as long as that is
  // little.
  bool spill_has_room(std::size_t used) const {
    return spill_ != nullptr && used < 2 * memory_ + kBookkeeping && spill_->room() > 0;
  }
  SpillStore* spill() const { return spill_; }

  // Somebody was refused: nothing is left.
  void exhaust(std::size_t used) {
    full_ = true;
    used_then_ = used;
  }

  // Full is full until an eighth of the memory came free, or the spill store has room again: else
  // every job would be woken for each few bytes.
  void review(std::size_t used) {
    if (full_ && ((used < used_then_ && used <= memory_ - memory_ / 8) || spill_has_room(used))) {
      full_ = false;
    }
  }

  // The job that had the turn is done: the others may try.
  void relax() { full_ = false; }

  bool full() const { return full_; }

 private:
  static constexpr std::size_t kBookkeeping = std::size_t{1} << 20;

  static std::size_t loud(std::size_t memory) { return memory > kQuiet ? memory - kQuiet : 0; }

  std::size_t memory_;
  SpillStore* spill_;
  std::size_t loud_ = 0;
  bool full_ = false;
  std::size_t used_then_ = 0;
};

}  // namespace distaff

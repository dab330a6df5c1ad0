#pragma once

// Bytes that are held back, first in, first out: in memory, and before that in the spill.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "collate/spill_store.h"

namespace distaff {

class HeldQueue {
 public:
  // `spill` must outlive it, and may be null.
  explicit HeldQueue(SpillStore* spill) : spill_(spill) {}

  void append(std::string_view bytes);

  // Of what is there: bytes that are not in files.
  std::size_t in_memory() const { return memory_.size(); }

  // Moves what is in memory to the spill.  False: there was no room for all of it.
  bool move_to_spill();

  // The first `size` bytes, which stay there until consume(); fewer if there are no more.  What it
  // gives is good until the next call.  If the spill does not give back what it took, all is gone.
  std::string_view front(std::size_t size);
  void consume(std::size_t size);

  std::uint64_t size() const { return size_; }
  void clear();

 private:
  bool read_more();

  SpillStore* spill_;
  std::uint64_t size_ = 0;
  std::string piece_;  // what comes first
  std::size_t begin_ = 0;
  std::deque<FilePart> spilled_;
  std::string memory_;
};

}  // namespace distaff

#pragma once

// The jobs a scheduler knows, in one array of places that are used again, with links for the
// queues they wait in, and a hash from job numbers to places.

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "model/ids.h"

namespace distaff {

class JobTable {
 public:
  using Place = std::uint32_t;
  static constexpr Place kNone = UINT32_MAX;

  enum class State : std::uint8_t { free, waiting, running, retrying };

  struct Entry {
    JobId id{};
    std::uint64_t age = 0;                   // the order of add()
    TimePoint again_at = TimePoint::min();   // for a further attempt
    TimePoint picked_at = TimePoint::min();  // the last time
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::uint32_t group = 0;
    Place previous = kNone;  // in the group's queue, while waiting
    Place next = kNone;
    State state = State::free;
    bool again = false;  // picked before, and to be picked again
  };

  Place add(const Entry& entry);
  Place find(JobId id) const;  // kNone: unknown
  void remove(Place place);

  Entry& operator[](Place place) { return entries_[place]; }
  const Entry& operator[](Place place) const { return entries_[place]; }

  const std::vector<Entry>& entries() const { return entries_; }  // also free ones

 private:
  std::size_t home(JobId id) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<Place> free_;
  std::vector<Place> hash_;  // open addressing, linear probing; a power of two, at most half full
  int shift_ = 63;           // 64 less the bits of a place in it
  std::size_t size_ = 0;
};

}  // namespace distaff

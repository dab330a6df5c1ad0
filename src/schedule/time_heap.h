#pragma once

// Small numbers ordered by a time, each at most once; the earliest can be seen at once, any can be
// moved or taken out in O(log n).

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace distaff {

class TimeHeap {
 public:
  using Id = std::uint32_t;
  struct Entry {
    TimePoint at;
    Id id;
  };

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const std::vector<Entry>& entries() const { return entries_; }  // in no order that is promised
  const Entry& first() const { return entries_.front(); }         // needs !empty()
  bool contains(Id id) const { return id < place_.size() && place_[id] != kNowhere; }

  // Adds `id`, or moves it to another time.
  void put(Id id, TimePoint at);

  // Nothing happens if it is not there.
  void remove(Id id);

 private:
  static constexpr std::uint32_t kNowhere = UINT32_MAX;

  static bool before(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.id < b.id;
  }
  void set(std::size_t place, const Entry& entry);
  void rise(std::size_t place, const Entry& entry);
  void sink(std::size_t place, const Entry& entry);

  std::vector<Entry> entries_;        // a binary heap
  std::vector<std::uint32_t> place_;  // of each id in it
};

}  // namespace distaff

#include "schedule/job_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace distaff {

JobTable::Place JobTable::add(const Entry& entry) {
  if (2 * (size_ + 1) > hash_.size()) grow();
  Place place = static_cast<Place>(entries_.size());
  if (free_.empty()) {
    entries_.push_back(entry);
  } else {
    place = free_.back();
    free_.pop_back();
    entries_[place] = entry;
  }
  std::size_t at = home(entry.id);
  while (hash_[at] != kNone) {
    assert(entries_[hash_[at]].id != entry.id && "a job is added once");
    at = (at + 1) & (hash_.size() - 1);
  }
  hash_[at] = place;
  ++size_;
  return place;
}

JobTable::Place JobTable::find(JobId id) const {
  if (hash_.empty()) return kNone;
  std::size_t at = home(id);
  while (hash_[at] != kNone && entries_[hash_[at]].id != id) at = (at + 1) & (hash_.size() - 1);
  return hash_[at];
}

void JobTable::remove(Place place) {
  const std::size_t mask = hash_.size() - 1;
  std::size_t hole = home(entries_[place].id);
  while (hash_[hole] != place) hole = (hole + 1) & mask;
  // Close the gap, so that no search ends too early at it: move up those that may stand there.
  for (std::size_t at = (hole + 1) & mask; hash_[at] != kNone; at = (at + 1) & mask) {
    const std::size_t wanted = home(entries_[hash_[at]].id);
    if (((at - wanted) & mask) >= ((at - hole) & mask)) {
      hash_[hole] = hash_[at];
      hole = at;
    }
  }
  hash_[hole] = kNone;
  entries_[place].state = State::free;
  free_.push_back(place);
  --size_;
}

// Fibonacci hashing: numbers in a row are spread evenly, and so are those with a stride, as when
// every thousandth record belongs to a group that is stuck.
std::size_t JobTable::home(JobId id) const { return (number(id) * 0x9e3779b97f4a7c15) >> shift_; }

void JobTable::grow() {
  hash_.assign(std::max<std::size_t>(64, 2 * hash_.size()), kNone);
  shift_ = 64 - std::countr_zero(hash_.size());
  for (Place place = 0; place < entries_.size(); ++place) {
    if (entries_[place].state == State::free) continue;
    std::size_t at = home(entries_[place].id);
    while (hash_[at] != kNone) at = (at + 1) & (hash_.size() - 1);
    hash_[at] = place;
  }
}

}  // namespace distaff

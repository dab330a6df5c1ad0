#include "schedule/time_heap.h"

namespace distaff {

void TimeHeap::put(Id id, TimePoint at) {
  if (id >= place_.size()) place_.resize(id + 1, kNowhere);
  const Entry entry{at, id};
  std::size_t place = place_[id];
  if (place == kNowhere) {
    place = entries_.size();
    entries_.push_back(entry);
    rise(place, entry);
  } else if (before(entry, entries_[place])) {
    rise(place, entry);
  } else {
    sink(place, entry);
  }
}

void TimeHeap::remove(Id id) {
  if (!contains(id)) return;
  const std::size_t place = place_[id];
  place_[id] = kNowhere;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (last.id == id) return;
  if (place > 0 && before(last, entries_[(place - 1) / 2])) {
    rise(place, last);
  } else {
    sink(place, last);
  }
}

void TimeHeap::set(std::size_t place, const Entry& entry) {
  entries_[place] = entry;
  place_[entry.id] = static_cast<std::uint32_t>(place);
}

void TimeHeap::rise(std::size_t place, const Entry& entry) {
  while (place > 0 && before(entry, entries_[(place - 1) / 2])) {
    set(place, entries_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  set(place, entry);
}

void TimeHeap::sink(std::size_t place, const Entry& entry) {
  const std::size_t size = entries_.size();
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= size) break;
    if (child + 1 < size && before(entries_[child + 1], entries_[child])) ++child;
    if (!before(entries_[child], entry)) break;
    set(place, entries_[child]);
    place = child;
  }
  set(place, entry);
}

}  // namespace distaff

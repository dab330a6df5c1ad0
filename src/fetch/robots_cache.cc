#include "fetch/robots_cache.h"

#include <utility>

namespace distaff {
namespace {

constexpr std::size_t kPerEntry = 200;  // nodes of the list and the table

}  // namespace

const RobotsCache::Entry* RobotsCache::find(std::string_view origin, TimePoint now) {
  const auto found = by_origin_.find(origin);
  if (found == by_origin_.end()) return nullptr;
  if (found->second->until <= now) {
    forget(found->second);
    return nullptr;
  }
  known_.splice(known_.begin(), known_, found->second);
  return &found->second->entry;
}

void RobotsCache::put(std::string_view origin, Entry entry, TimePoint until) {
  const auto found = by_origin_.find(origin);
  if (found != by_origin_.end()) forget(found->second);
  const std::size_t reason = entry.failure ? entry.failure->reason.size() : 0;
  const std::size_t size = kPerEntry + origin.size() + reason + entry.robots.memory();
  known_.push_front({std::string(origin), std::move(entry), until, size});
  by_origin_.emplace(known_.front().origin, known_.begin());
  bytes_ += size;
  while (known_.size() > 1 && (bytes_ > options_.bytes || known_.size() > options_.entries)) {
    forget(std::prev(known_.end()));
  }
}

void RobotsCache::forget(Place place) {
  bytes_ -= place->bytes;
  by_origin_.erase(place->origin);
  known_.erase(place);
}

}  // namespace distaff

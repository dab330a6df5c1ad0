#pragma once

// What is known of the robots.txt of each origin (scheme, host and port): bounded in number and
// memory, so that a run over ten million hosts needs no more than one over some thousand; what was
// not asked for longest is forgotten first, and asked of the server again.

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "compose/robots.h"
#include "model/outcome.h"

namespace distaff {

class RobotsCache {
 public:
  struct Options {
    std::size_t entries = 20'000;
    std::size_t bytes = 8 << 20;
  };
  struct Entry {
    Robots robots = Robots::allow_all();
    std::optional<Outcome> failure;  // that it could not be read, if that is why it forbids all
  };

  RobotsCache() : RobotsCache(Options{}) {}
  explicit RobotsCache(Options options) : options_(options) {}

  // Null if it is not known, or what is known has become too old.  Valid until put().
  const Entry* find(std::string_view origin, TimePoint now);

  // One that is larger than all the room there is, is kept until the next comes.
  void put(std::string_view origin, Entry entry, TimePoint until);

  std::size_t entries() const { return by_origin_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Known {
    std::string origin;
    Entry entry;
    TimePoint until;
    std::size_t bytes = 0;
  };
  using Place = std::list<Known>::iterator;

  void forget(Place place);

  Options options_;
  std::list<Known> known_;  // what was asked for last is in front
  std::unordered_map<std::string_view, Place> by_origin_;
  std::size_t bytes_ = 0;
};

}  // namespace distaff

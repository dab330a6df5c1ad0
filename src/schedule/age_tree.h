#pragma once

// Finds the oldest group that may start a job at a given time.
//
// The question has two sides, age and time, and two heaps (groups that may start by age, resting
// ones by the end of their rest) answer it only after everything whose rest is over was moved from
// one to the other.  If 100 000 groups were paused until one moment, the first decision after it
// would move them all: tens of milliseconds in which nothing starts.  Moving a few at a time is
// quick, but then a younger group may go first.
//
// So groups stay where they are: a search tree by age, in which every node also knows the earliest
// time in its subtree.  The oldest group for a time is found on one way down: left if something
// there is early enough, else this node, else right.  Time passing moves nothing.
//
// It is a treap: random priorities keep it balanced.  Its shape depends on them, its answers do
// not.  Nodes lie in one array by group number, so a change allocates nothing.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace distaff {

class AgeTree {
 public:
  using Id = std::uint32_t;

  // Adds `id`, or moves it.  No two may have the same age.
  void put(Id id, std::uint64_t age, TimePoint from);

  // Nothing happens if it is not there.
  void remove(Id id);

  bool contains(Id id) const { return id < nodes_.size() && nodes_[id].priority != 0; }

  // The one with the least age of those whose time is `now` or earlier.
  std::optional<Id> oldest_at(TimePoint now) const;

  // The earliest time of all; TimePoint::max() if there are none.
  TimePoint earliest() const { return earliest_of(root_); }

  // Calls see(id) for those whose time is `now` or earlier, oldest first, until it returns false.
  // Returns the earliest time after `now` among the ones passed.
  template <class See>
  TimePoint visit(TimePoint now, See&& see) const {
    TimePoint next = TimePoint::max();
    visit_below(root_, now, see, next);
    return next;
  }

 private:
  static constexpr Id kNone = UINT32_MAX;

  struct Node {
    std::uint64_t age = 0;
    TimePoint from{};
    TimePoint earliest{};  // of the subtree
    Id left = kNone;
    Id right = kNone;
    std::uint32_t priority = 0;  // at least that of its children; 0: not in the tree
  };

  TimePoint earliest_of(Id id) const {
    return id == kNone ? TimePoint::max() : nodes_[id].earliest;
  }
  void refresh(Node& node) const;
  Id insert(Id root, Id id);
  Id erase(Id root, std::uint64_t age);
  void retime(Id root, Id id, TimePoint from);
  void split(Id root, std::uint64_t age, Id& older, Id& younger);
  Id merge(Id older, Id younger);

  template <class See>
  bool visit_below(Id id, TimePoint now, See& see, TimePoint& next) const {
    if (id == kNone) return true;
    const Node& node = nodes_[id];
    if (node.earliest > now) {
      if (node.earliest < next) next = node.earliest;
      return true;
    }
    if (!visit_below(node.left, now, see, next)) return false;
    if (node.from <= now) {
      if (!see(id)) return false;
    } else if (node.from < next) {
      next = node.from;
    }
    return visit_below(node.right, now, see, next);
  }

  std::vector<Node> nodes_;
  Id root_ = kNone;
  std::uint32_t random_ = 0x9e3779b9;
};

}  // namespace distaff

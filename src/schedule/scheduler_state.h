#pragma once

// The inside of Scheduler.
//
// How it is kept.  Each group has a queue of waiting jobs and a moment, its hold, before which
// nothing of it may start: the latest of its rest, its pause and its next token.  Groups that could
// start their oldest waiting job but for the hold stand in `by_age`, a tree that gives the oldest
// for a time; those with a job that waits for its retry in `by_retry`, another such tree, which is
// asked first.  Groups with nothing to do stand in `idle`, by the time from which they can be
// forgotten.  After each change of a group, update() puts it where it belongs; nothing else does.
//
// Jobs without a group are one more group, without limits: the lane.  As it never holds anything,
// its order by age is the order in which groups of one job each would go.

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "schedule/age_tree.h"
#include "schedule/job_table.h"
#include "schedule/scheduler.h"
#include "schedule/time_heap.h"
#include "schedule/token_bucket.h"

namespace distaff {
namespace scheduling {

using Index = std::uint32_t;  // of a group
using Place = JobTable::Place;
using State = JobTable::State;

inline constexpr Index kLane = 0;
inline constexpr TimePoint kAlways = TimePoint::min();
inline constexpr TimePoint kNever = TimePoint::max();

// A sum that ends at the last moment instead of running over.
inline TimePoint after(TimePoint at, Duration wait) {
  if (at > TimePoint{} && wait >= kNever - at) return kNever;
  return at + wait;
}

struct Group {
  bool alive = false;
  int limit = 1;
  Throttle throttle;
  std::unique_ptr<TokenBucket> bucket;

  Place head = JobTable::kNone;  // waiting jobs, by age
  Place tail = JobTable::kNone;
  std::int64_t waiting = 0;
  int running = 0;   // jobs, also those that wait for a retry
  int retrying = 0;  // of these, those that wait for a retry
  TimePoint rest_until = kAlways;
  TimePoint paused_until = kAlways;

  TimePoint held_until() const { return std::max(rest_until, paused_until); }
  TimePoint hold() const {
    return bucket ? std::max(held_until(), bucket->available_at(1)) : held_until();
  }
  TimePoint forget_at() const {
    return bucket ? std::max(held_until(), bucket->full_at()) : held_until();
  }
};

// How many jobs may start, as of a time: for wants_more(), which is asked before each record, so
// counting anew each time would be quadratic in the slots.
struct Count {
  bool valid = false;
  std::int64_t jobs = 0;     // at least so many; exact if less than the slots that were free
  TimePoint at = kAlways;    // counted at
  TimePoint until = kNever;  // from then on there may be more
};

}  // namespace scheduling

struct Scheduler::Impl {
  using Index = scheduling::Index;
  using Place = scheduling::Place;
  using State = scheduling::State;
  using Group = scheduling::Group;

  explicit Impl(const Options& options);

  Place find(JobId job, State state);
  void link(Group& group, Place place);
  void unlink(Group& group, Place place);
  void link_retry(Group& group, Place place);
  void unlink_retry(Group& group, Place place);
  Place first_retry(Index index) const;
  void take_out(Place place);
  void start(Place place, TimePoint now);
  void rest(Group& group, TimePoint from, std::optional<Duration> given);
  void update(Index index);
  std::int64_t due_retries(Index index, TimePoint now, std::int64_t most);
  std::int64_t startable(Index index, TimePoint now, bool open);
  void count(TimePoint now, std::int64_t enough);
  void drop(Place place);

  std::size_t buffer;
  std::size_t buffer_bytes;
  Duration delay;
  std::uint64_t random;
  int slots;

  int running = 0;  // slots taken
  std::size_t waiting_jobs = 0;
  std::size_t waiting_records = 0;
  std::size_t waiting_bytes = 0;   // without those that wait for a retry
  std::size_t retrying_bytes = 0;  // just those
  std::uint64_t next_age = 1;
  TimePoint latest = scheduling::kAlways;  // time seen

  TimePoint next_start = scheduling::kAlways;  // for the delay
  Place last_start = JobTable::kNone;
  TimePoint next_start_before = scheduling::kAlways;  // as it was without last_start

  JobTable jobs;
  std::vector<Group> groups;
  std::vector<Index> free_groups;
  std::set<std::tuple<Index, TimePoint, std::uint64_t, Place>> retries;  // group, when, age

  AgeTree by_age;    // groups with waiting jobs and a free place, by the oldest
  AgeTree by_retry;  // groups with retries, by the first of them
  TimeHeap resting;  // those of by_age that were held when last looked at, by their hold
  TimeHeap idle;     // groups with no jobs, by when they can be forgotten
  scheduling::Count counted;
};

}  // namespace distaff

#pragma once

// Decides which waiting job starts next, and when.
//
// A Scheduler knows jobs only by number and groups only by handle.  It starts nothing, reads no
// clock and takes no lock: its owner reports what happened and at what time, then asks what to do.
// The same calls give the same answers, so a run that went wrong can be replayed from its calls.
//
// Promises:
//   - jobs of one group start in the order they were added;
//   - between groups that may start a job, the job added first goes first; jobs without a group
//     count as groups of their own without limits;
//   - no job that may start waits while a slot is free;
//   - a decision costs O(log groups), whatever waits, also when all groups are released at once;
//   - a group that is empty, idle, rested and not paused, and whose bucket is full again, is
//     forgotten, and its handle used again.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "distaff/limits.h"
#include "model/ids.h"

namespace distaff {

class Scheduler {
 public:
  struct Options {
    int slots = 1;                        // jobs running at once, over all groups
    std::size_t buffer = 16384;           // records waiting at once
    std::size_t buffer_bytes = 64 << 20;  // and their memory; one job always fits
    Duration delay{0};                    // between any two starts
    std::uint64_t seed = 1;               // for drawing rests from a range
  };

  explicit Scheduler(Options options);
  Scheduler(Scheduler&&) noexcept;
  ~Scheduler();

  // Makes a group with its bucket full.  It lives until take_forgotten() names it.
  GroupId add_group(const GroupLimits& limits);

  // False while the buffer is full, or as many jobs, or bytes of them, wait for a retry as it may
  // hold; one of either kind always fits.  This is what bounds memory: the owner stops reading
  // input until it is true again.
  bool has_room() const;

  // True if a further job could be of use at `now`: there is room, and more free slots than jobs
  // that may start (one that only waits for the delay may).  So without limits nothing is read
  // beyond what the slots can take.  Ask again after pick(): a start makes room.
  bool wants_more(TimePoint now);

  // Queues a job behind the others of its group.  Needs a number that no job waiting or running
  // has.  Its owner asks has_room() before it reads a job; one that was read then may be added
  // whenever its owner likes.  Weights are for the buffer's bounds.
  void add(JobId job, std::optional<GroupId> group, std::size_t records = 1, std::size_t bytes = 0);

  // Takes the next job that may start at `now`, or nothing.  The job counts as running from here
  // on, even if starting it fails later.
  std::optional<JobId> pick(TimePoint now);

  // The same for one waiting job, also if no slot is free: it goes beyond them.  It must be the
  // first of its group, and the group's limits and the delay hold for it as always.
  bool pick_this(JobId job, TimePoint now);

  // The earliest time at which pick_this() would take it, `now` itself if it would now; nothing if
  // that depends on another call.
  std::optional<TimePoint> wake_at_this(JobId job, TimePoint now);

  // A picked job could not be started for a shortage (EAGAIN): it is again the first of its group,
  // as if it had not been picked; its rate token and the delay are given back.  (Exactly, if that
  // happens before the next pick() at a later time; else a part of the token may be lost.)
  void put_back(JobId job);

  // A picked job ended, in whatever way.  Its group rests as its limits say, or for `rest` if that
  // is given (a throttle by outcome).
  void end(JobId job, TimePoint now, std::optional<Duration> rest = std::nullopt);

  // A picked job's attempt ended and another will follow not before `again_at`: it gives its slot
  // back but keeps its place in its group (it counts as running there).  pick() gives it again,
  // before jobs that were never picked; of several that may start, within a group the one whose
  // time came first, between groups the oldest.  Its group does not rest in between, but a rest
  // that another job's end set, a pause and the rate hold for it as for any start.
  void retry(JobId job, TimePoint again_at);

  // A picked job took one of several steps, and its next one is due: it gives its slot back and
  // waits in `group`, which may be another than before, at the place that its age gives it there.
  // The group it leaves rests as after end().
  void go_on(JobId job, std::optional<GroupId> group, TimePoint now,
             std::optional<Duration> rest = std::nullopt);

  // A rest of the group as its limits say, which nobody takes: for who sets the time of a retry.
  Duration draw_rest(GroupId group);

  // A waiting job (also one that waits for a retry) will not be started.  After one that waited
  // for a retry the group rests as its limits say, counted from the time of that retry: the last
  // attempt ended before it.
  void drop(JobId job);

  // Nothing of the group starts before `until`; of several the latest counts.  Running jobs go on.
  void pause(GroupId group, TimePoint until);

  // The same, but this moment counts, also if it is earlier than one before.  TimePoint::max(): not
  // until another call.
  void set_pause(GroupId group, TimePoint until);

  // The moment before which nothing of the group starts, for its rest, a pause or its rate.
  TimePoint held_until(GroupId group) const;

  // Changes how many may run at once; fewer than run now just starts nothing for a while.
  void set_slots(int slots);

  // The earliest time at which pick() could give more than it gave so far without another call:
  // `now` itself if it would give a job now; nothing if there is none.
  std::optional<TimePoint> wake_at(TimePoint now);

  // Groups that were forgotten since the last call, at most a thousand or so, so that no call
  // takes long: their handles are invalid from now on.
  std::vector<GroupId> take_forgotten(TimePoint now);

  std::size_t waiting() const;          // jobs, also those that wait for a retry
  std::size_t waiting_records() const;  // not yet picked
  std::size_t retrying() const;         // of those that wait, those that had a try
  int running() const;                  // jobs in slots

  // Groups whose next job only waits for the end of a rest or pause, or for a token.
  std::size_t resting_groups(TimePoint now);

  // Some of them, at most `most`: those whose next job may start first, in that order.
  struct Held {
    enum class Why { rest, pause, rate };
    GroupId group{};
    TimePoint until{};  // TimePoint::max(): not before another call
    Why why = Why::rest;
  };
  std::vector<Held> held_groups(TimePoint now, std::size_t most);

  // Takes out all waiting jobs, also those that wait for a retry, oldest first: the run stops.
  std::vector<JobId> drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff

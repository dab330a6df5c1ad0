#pragma once

// Which group of the scheduler a job belongs to, by its key, and what its outcome does to the
// group.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/job.h"
#include "model/outcome.h"
#include "schedule/pacing.h"
#include "schedule/scheduler.h"

namespace distaff {

class Groups {
 public:
  struct Options {
    bool keyed = false;    // jobs have groups by their keys, or none
    bool limited = false;  // without keys: all jobs are one group
  };

  // Both must outlive it.
  Groups(Options options, Scheduler& scheduler, Pacing& pacing)
      : options_(options), scheduler_(scheduler), pacing_(pacing) {}

  // Nothing if the job belongs to none.  A key that is seen for the first time makes a group.
  std::optional<GroupId> of(const Job& job);

  // Sets the pause that the outcome asks for, and gives the rest that is to follow; nothing: the
  // one that the group's limits say.
  std::optional<Duration> pace(const Job& job, const Outcome& outcome, bool failed, TimePoint now);

  // Lets go of the groups that the scheduler has forgotten.
  void forget(TimePoint now);

 private:
  Options options_;
  Scheduler& scheduler_;
  Pacing& pacing_;
  std::unordered_map<std::string, GroupId> groups_;
  std::vector<std::string> keys_;  // by GroupId
};

}  // namespace distaff

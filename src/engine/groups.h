#pragma once

// Which group of the scheduler a job belongs to, by its key, and what its outcome does to the
// group.
//
// A group may have a circuit breaker: after so many attempts in a row that failed it is paused, and
// then one job tries alone.  If that goes well the others follow, else the pause begins anew.  Jobs
// that ran when the group was paused end as they may, and count no more.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/job.h"
#include "model/outcome.h"
#include "schedule/adaptive_pace.h"
#include "schedule/pacing.h"
#include "schedule/scheduler.h"

namespace distaff {

class Groups {
 public:
  struct Options {
    bool keyed = false;     // jobs have groups by their keys, or none
    bool limited = false;   // without keys: all jobs are one group
    bool adaptive = false;  // groups slow down when their servers say so
  };

  // Both must outlive it.
  Groups(Options options, Scheduler& scheduler, Pacing& pacing)
      : options_(options), scheduler_(scheduler), pacing_(pacing), spaced_(options.adaptive) {}

  // Nothing if the job belongs to none.  A key that is seen for the first time makes a group.
  std::optional<GroupId> of(const Job& job);

  // What holds for the job.  Lives as long as the Pacing.
  const Policy& policy(const Job& job) const;

  // An attempt was picked and is about to start; it did not, and the job was put back.
  void starts(const Job& job, TimePoint now);
  void put_back(const Job& job);

  // An attempt ended, or one of its requests.  Sets the pauses that its outcome asks for, and gives
  // the rest that is to follow; nothing: the one that the group's limits say.
  std::optional<Duration> ended(const Job& job, const Attempt& attempt, bool failed, TimePoint now);

  // How long the job's group rests between two starts, as its limits say, drawn anew.
  Duration draw_rest(const Job& job);

  // How long a failed attempt would pause the job's group, whether it has one or not.
  Duration pause_after(const Job& job, const Attempt& attempt);

  // Lets go of the groups that the scheduler has forgotten.
  void forget(TimePoint now);

  // What breakers did since the last call, a line each, for people.
  std::vector<std::string> take_messages();

  // Of a paused group: "10 failures in a row", or empty if its breaker does not hold it.
  std::string why_paused(GroupId group) const;
  const std::string& key(GroupId group) const { return entries_[number(group)].key; }

 private:
  struct Entry {
    std::string key;
    const Policy* policy = nullptr;
    int failures = 0;  // in a row
    bool open = false;
    JobId probe{0};   // tries alone
    Duration gap{0};  // between starts, at least: the server's wish (Crawl-delay)
    std::unique_ptr<AdaptivePace> pace;  // with Options::adaptive
  };

  bool in_group(const Job& job) const;
  Entry* find(const Job& job, GroupId& id);
  void take_wishes(Entry& entry, GroupId id, const Attempt& attempt, bool retry_after,
                   TimePoint now);
  void break_or_mend(Entry& entry, GroupId id, JobId job, bool failed, TimePoint now);

  Options options_;
  Scheduler& scheduler_;
  Pacing& pacing_;
  std::unordered_map<std::string, GroupId> groups_;
  std::vector<Entry> entries_;  // by GroupId
  std::vector<std::string> messages_;
  bool spaced_ = false;  // some group has, or had, a gap between its starts
};

}  // namespace distaff

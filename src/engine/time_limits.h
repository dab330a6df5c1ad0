#pragma once

// Which running jobs have had their time: --timeout and --idle-timeout.
//
// A limit that is a percentage counts from the median run time of the jobs that went well.  Until
// there are kEnough of those nothing is known; then it holds for those that run already too.  As
// the median moves, a limit is looked at again when it was to bite.

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/run_spec.h"

namespace distaff {

// The median of the last kSample values.
class MedianTime {
 public:
  static constexpr std::size_t kSample = 1023;

  void add(Duration value);
  std::size_t count() const { return values_.size(); }
  Duration get() const;  // needs one value at least

 private:
  std::vector<Duration> values_;  // as they came, around `next_`
  std::multiset<Duration> low_;   // the lower half, and the middle one
  std::multiset<Duration> high_;
  std::size_t next_ = 0;
};

class TimeLimits {
 public:
  static constexpr std::size_t kEnough = 10;

  explicit TimeLimits(Duration idle) : idle_(idle) {}

  void started(JobId job, const TimeLimit& limit, TimePoint now);
  void wrote(JobId job, TimePoint now);

  // Its pipe was left alone: it cannot write, so it is not idle until it could again.
  void left_alone(JobId job, bool alone);

  void ended(JobId job);
  void went_well(Duration wall);

  // All of us were stopped for so long (Ctrl-Z): that does not count.
  void stopped_for(Duration pause);

  struct Over {
    JobId job;
    bool idle;       // it wrote nothing for too long; else it ran for too long
    Duration limit;  // that was passed
  };
  // Each job is named once at the most.
  std::vector<Over> take_over(TimePoint now);
  std::optional<TimePoint> wake_at() const;

 private:
  struct Running {
    TimePoint since, wrote;
    TimeLimit limit;
    bool alone = false;
    std::optional<TimePoint> look_at;  // in times_
  };

  std::optional<Duration> limit_of(const Running& running) const;
  void set(JobId job, Running& running);

  Duration idle_;
  MedianTime median_;
  bool percent_ = false;  // some limit is a percentage
  std::unordered_map<JobId, Running> running_;
  std::set<std::pair<TimePoint, JobId>> times_;
};

}  // namespace distaff

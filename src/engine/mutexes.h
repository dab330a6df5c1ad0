#pragma once

// --mutex: jobs whose value is equal never overlap, here and in other runs of the same user.
//
// Within the run only the first job of each value is given to the scheduler; the next one follows
// when it has ended for good.  So they go in input order, and one that waits holds no slot, no
// output that others wait for, and no place in its group: later jobs of the group may pass it.
// (A job that the scheduler has picked and that then waited for one of ours could wait for a job
// which, with ordered output, waits for it.)
//
// Against other runs there is a lock outside, taken when the first attempt is about to start and
// kept until the job has ended for good.  If another run has it, the job leaves the scheduler and
// is given to it again after a while: nobody tells us when it is free.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "base/time.h"
#include "compose/template.h"
#include "model/job.h"

namespace distaff {

// Locks by value that all runs share.
class ValueLocks {
 public:
  virtual ~ValueLocks() = default;

  // Never waits.  False: another run has it.
  virtual Expected<bool> take(std::string_view value) = 0;
  virtual void give_back(std::string_view value) = 0;
};

// --mutex as it was written.
class MutexTemplate {
 public:
  // Errors: {%}, which is not known before a job starts; text that is just a field's name.
  static Expected<MutexTemplate> compile(std::string_view text, const TemplateSyntax& syntax);

  // Empty: the job needs none.
  Expected<std::string> of(const Job& job) const;

  bool has_record() const { return template_.has_record(); }
  void collect_names(std::vector<std::string>& names) const { template_.collect_names(names); }

 private:
  explicit MutexTemplate(Template text) : template_(std::move(text)) {}

  Template template_;
};

class Mutexes {
 public:
  struct Options {
    std::size_t buffer = 16384;           // records that wait at once behind others
    std::size_t buffer_bytes = 64 << 20;  // and their memory; one job always fits
  };

  // All must outlive it.
  Mutexes(Options options, const MutexTemplate& text, ValueLocks& locks)
      : options_(options), text_(text), locks_(locks) {}

  // False while too many wait: nothing should be read.
  bool has_room() const {
    return queued_records_ == 0 ||
           (queued_records_ < options_.buffer && queued_bytes_ < options_.buffer_bytes);
  }

  // A job was read.  True: the scheduler may have it; false: ended() will name it.  Error: it has
  // no value and cannot start.
  Expected<bool> add(const Job& job);

  // The scheduler picked it.  True: it may start, and has the lock.  False: another run has it;
  // due() will name it.
  Expected<bool> take(JobId job, TimePoint now);

  // Jobs for the scheduler that another run's lock kept out a while ago.
  std::vector<JobId> due(TimePoint now);
  std::optional<TimePoint> wake_at() const;

  // It has ended for good, or will never run.  Gives the one that waited for it.
  std::optional<JobId> ended(JobId job);

  // Takes out all that wait, in the order of their numbers: the run stops.
  std::vector<JobId> drain();

  std::size_t waiting() const { return queued_ + parked_.size(); }
  std::size_t waiting_for_others() const { return parked_.size(); }  // for another run

 private:
  struct Queued {
    JobId job;
    std::size_t records, bytes;
  };
  struct Value {
    bool locked = false;
    Duration pause{0};  // before it is tried again
    std::deque<Queued> queue;
  };
  using Values = std::unordered_map<std::string, Value>;

  Options options_;
  const MutexTemplate& text_;
  ValueLocks& locks_;

  Values values_;  // with one job in the scheduler, running or parked
  std::unordered_map<JobId, Values::value_type*> first_;  // that job
  std::set<std::pair<TimePoint, JobId>> parked_;
  std::size_t queued_ = 0;
  std::size_t queued_records_ = 0;
  std::size_t queued_bytes_ = 0;
};

}  // namespace distaff

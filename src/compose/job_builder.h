#pragma once

// Collects records into jobs: one each, or batches that end when they are full, when the next
// record has another key, or with the input.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "compose/group_key.h"
#include "compose/launch_template.h"
#include "model/job.h"
#include "model/run_spec.h"

namespace distaff {

class JobBuilder {
 public:
  struct Limits {
    std::uint64_t max_records = 1;         // 0: as many as fit
    std::uint64_t max_bytes = 128 << 10;   // of a job's arguments, with NULs
    std::uint64_t system_bytes = 2 << 20;  // what execve takes for argv and environment …
    // … and what of it our environment and the DISTAFF_ variables take, with NULs and pointers.
    std::uint64_t environment_bytes = 0;
    bool feeds_stdin = false;  // records go to stdin: max_bytes bounds that of a batch too
    std::size_t spread = 1;    // at the end of the input, what is collected is so many jobs
  };

  // `command` and `key` must outlive the builder; `key` may be null.
  JobBuilder(Limits limits, const LaunchTemplate& command, const GroupKey* key);

  // Takes the next record.  Gives at most two jobs: the batch that it ended, and one of its own
  // that is complete at once; take them with pop() until that gives nothing.
  void add(Record&& record);

  // The input has ended: what was collected is a job.
  void finish();

  // The next complete job.  Numbered from 1 in the order of input.
  std::optional<Job> pop();
  bool has_job() const { return !ready_.empty(); }

  // Records that are collected but in no job yet.
  std::size_t pending() const { return batch_.size(); }

 private:
  // What a record takes of the two limits.
  struct Size {
    std::uint64_t arguments = 0;
    std::uint64_t system = 0;
    std::uint64_t fed = 0;  // to stdin
  };

  Size size_of(const Record& record, JobFill& fill) const;
  bool fits(const Size& size) const;
  std::string problem_of(const Record& record, const Size& size) const;
  std::optional<std::string> key_of(const Record& record) const;
  Size first_size_of(const Record& record);
  bool is_too_long(const Size& size) const;
  void finish_batch(std::string problem = {});
  void begin_batch(std::size_t records);

  const LaunchTemplate& command_;
  const GroupKey* key_;
  std::uint64_t max_records_;
  std::uint64_t max_arguments_;  // of one record
  std::uint64_t max_batch_;      // of several, which may have to go into one string
  std::uint64_t max_system_;     // for what records add
  std::size_t pointer_bytes_;    // of it, what the pointers of one record take
  std::uint64_t max_fed_;        // of several records; one alone may be longer
  std::size_t spread_;

  std::vector<Record> batch_;
  std::optional<std::string> batch_key_;
  Size batch_size_;
  JobFill fill_;
  std::size_t last_size_ = 0;  // records in the batch before this one
  std::uint64_t next_id_ = 1;
  std::deque<Job> ready_;
};

}  // namespace distaff

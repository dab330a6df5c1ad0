#pragma once

// Collects records into jobs: one each, or batches that end when they are full, when the next
// record has another key, or with the input.

#include <cstdint>
#include <optional>

#include "compose/command.h"
#include "compose/group_key.h"
#include "model/job.h"
#include "model/run_spec.h"

namespace distaff {

class JobBuilder {
 public:
  struct Limits {
    std::uint64_t max_records = 1;         // 0: as many as fit
    std::uint64_t max_bytes = 128 << 10;   // of a command line, with NULs
    std::uint64_t system_bytes = 2 << 20;  // what execve takes for argv and environment …
    std::uint64_t environment_bytes = 0;   // … and what of it the environment takes
  };

  // `command` and `key` must outlive the builder; `key` may be null.
  JobBuilder(Limits limits, const CommandTemplate& command, const GroupKey* key);

  // Takes the next record.  Gives at most two jobs: the batch that it ended, and one of its own
  // that is complete at once; take them with pop() until that gives nothing.
  void add(Record record);

  // The input has ended: what was collected is a job.
  void finish();

  // The next complete job.  Numbered from 1 in the order of input.
  std::optional<Job> pop();

  // Records that are collected but in no job yet.
  std::size_t pending() const;
};

}  // namespace distaff

#pragma once

// Collects records into jobs: one each, or batches that end when they are full, when the next
// record has another key, or with the input.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

    // Of a batch nothing is needed but the texts of its records, each followed by `record_end`: it
    // is packed.  Records with fields are not, but for `packs_fields`.
    bool packs = false;
    bool packs_fields = false;
    std::string record_end = "\n";
  };

  // `command` and `key` must outlive the builder; `key` may be null.
  JobBuilder(Limits limits, const LaunchTemplate& command, const GroupKey* key);

  // Takes the next record.  Gives at most two jobs: the batch that it ended, and one of its own
  // that is complete at once; take them with pop() until that gives nothing.
  void add(Record&& record);

  // The input has ended: what was collected is a job, or several where it is spread.
  void finish();

  // What was collected is a job, which will never start.
  void give_up() { finish_batch(); }

  // The next complete job.  Numbered from 1 in the order of input.
  std::optional<Job> pop();
  bool has_job() const { return !ready_.empty(); }

  // Records that are collected but in no job yet.
  std::size_t pending() const { return packed_ ? packed_->count() : batch_.size(); }

 private:
  // What a record takes of the two limits.
  struct Size {
    std::uint64_t arguments = 0;
    std::uint64_t system = 0;
    std::uint64_t fed = 0;     // to stdin
    std::uint64_t memory = 0;  // of a batch that goes there and is not packed
  };

  Size size_of(const Record& record, JobFill& fill) const;
  bool fits(const Size& size) const;
  std::string problem_of(const Record& record, const Size& size) const;
  std::optional<std::string> key_of(const Record& record) const;
  Size first_size_of(const Record& record);
  bool is_too_long(const Size& size) const;
  bool may_pack(const Record& record) const;
  void put(Record&& record);
  void put(std::string_view text);
  void finish_packed();
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
  std::uint64_t max_memory_;     // the same
  std::size_t spread_;
  bool packs_;
  bool packs_fields_;
  std::string record_end_;

  std::vector<Record> batch_;            // just the first, if it is packed
  std::shared_ptr<PackedTexts> packed_;  // null: batch_ has at most one record, or all of them
  std::optional<std::string> batch_key_;
  Size batch_size_;
  JobFill fill_;
  std::size_t last_size_ = 0;  // records in the batch before this one
  std::uint64_t next_id_ = 1;
  std::deque<Job> ready_;
};

}  // namespace distaff

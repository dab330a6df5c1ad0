#pragma once

// Which job a process below us belongs to.
//
// What a job starts is below it while the job lives; then it is an orphan, and comes to us.  Whose
// it is tells, in this order: that we saw it below the job before; its process group or session,
// if we saw these there; the job's number in the environment it was started with.  A process that
// had none of these when its parent died is nobody's.
//
// Only processes below us are ever looked at, so that strangers cannot be mistaken for ours,
// whatever they have in their environment.

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/ids.h"
#include "os/process_table.h"

namespace distaff {

class JobTrees {
 public:
  // Of each job the processes that live; those of no job we know are nobody's.
  static constexpr JobId kNobody{0};
  using Trees = std::unordered_map<JobId, std::vector<ProcessEntry>>;

  // `run_id` is what our jobs have as DISTAFF_RUN; empty: nothing.
  explicit JobTrees(std::string run_id) : run_id_(std::move(run_id)) {}

  // What is below those jobs that are `wanted`, and all orphans.  `job_of` gives the job whose
  // process a child of ours is; an orphan is no job's.
  Trees look(const std::function<std::optional<JobId>(pid_t)>& job_of,
             const std::function<bool(JobId)>& wanted) const;

  // Until forget(), the process, its group and its session are the job's.
  void remember(JobId job, const ProcessEntry& process);
  bool knows(const ProcessEntry& process) const;
  void forget(JobId job);

  // The group's leader was a job that ended and left somebody in it.
  void remember_group(JobId job, pid_t group);

 private:
  struct Known {
    std::uint64_t started = 0;
    JobId job{};
  };
  struct Marks {
    std::vector<pid_t> processes, groups, sessions;
  };

  JobId owner_of(const ProcessEntry& orphan) const;

  std::string run_id_;
  std::unordered_map<pid_t, Known> processes_;
  std::unordered_map<pid_t, JobId> groups_, sessions_;
  std::unordered_map<JobId, Marks> marks_;
  std::unordered_map<pid_t, JobId> left_groups_;
};

}  // namespace distaff

#include "exec/job_trees.h"

#include <unistd.h>

#include "base/numbers.h"

namespace distaff {
namespace {

constexpr std::size_t kMostLeftGroups = 10'000;

}  // namespace

JobTrees::Trees JobTrees::look(const std::function<std::optional<JobId>(pid_t)>& job_of,
                               const std::function<bool(JobId)>& wanted) const {
  Trees trees;
  std::unordered_map<pid_t, JobId> owners;
  const auto wants = [&](pid_t child) {
    const auto job = job_of(child);
    if (job) owners[child] = *job;
    return !job || wanted(*job);
  };
  for (const Descendant& one : descendants(wants)) {
    const auto [owner, is_orphan] = owners.try_emplace(one.top);
    if (is_orphan) owner->second = owner_of(one.process);
    if (!one.process.zombie) trees[owner->second].push_back(one.process);
  }
  return trees;
}

JobId JobTrees::owner_of(const ProcessEntry& orphan) const {
  if (const auto found = processes_.find(orphan.pid);
      found != processes_.end() && found->second.started == orphan.started) {
    return found->second.job;
  }
  if (const auto found = groups_.find(orphan.group); found != groups_.end()) return found->second;
  if (const auto found = sessions_.find(orphan.session); found != sessions_.end()) {
    return found->second;
  }
  if (!run_id_.empty() && environment_variable(orphan.pid, "DISTAFF_RUN") == run_id_) {
    const auto job = parse_count(environment_variable(orphan.pid, "DISTAFF_SEQ").value_or(""));
    if (job) return JobId{*job};
  }
  const auto left = left_groups_.find(orphan.group);
  return left != left_groups_.end() ? left->second : kNobody;
}

// Our own group and session say nothing: jobs on the terminal have them too.
void JobTrees::remember(JobId job, const ProcessEntry& process) {
  Marks& marks = marks_[job];
  processes_[process.pid] = {process.started, job};
  marks.processes.push_back(process.pid);
  if (process.group != getpgrp() && groups_.emplace(process.group, job).second) {
    marks.groups.push_back(process.group);
  }
  if (process.session != getsid(0) && sessions_.emplace(process.session, job).second) {
    marks.sessions.push_back(process.session);
  }
}

bool JobTrees::knows(const ProcessEntry& process) const {
  const auto found = processes_.find(process.pid);
  return found != processes_.end() && found->second.started == process.started;
}

void JobTrees::forget(JobId job) {
  const auto found = marks_.find(job);
  if (found == marks_.end()) return;
  for (const pid_t pid : found->second.processes) {
    const auto known = processes_.find(pid);
    if (known != processes_.end() && known->second.job == job) processes_.erase(known);
  }
  for (const pid_t group : found->second.groups) groups_.erase(group);
  for (const pid_t session : found->second.sessions) sessions_.erase(session);
  marks_.erase(found);
}

void JobTrees::remember_group(JobId job, pid_t group) {
  if (left_groups_.size() < kMostLeftGroups) left_groups_[group] = job;
}

}  // namespace distaff

#include "engine/groups.h"

namespace distaff {
namespace {

std::string key_of(const Job& job) { return job.key.value_or(std::string()); }

}  // namespace

std::optional<GroupId> Groups::of(const Job& job) {
  if (!job.problem.empty()) return std::nullopt;
  if (options_.keyed ? !job.key : !options_.limited) return std::nullopt;
  const std::string key = key_of(job);
  const auto known = groups_.find(key);
  if (known != groups_.end()) return known->second;
  const GroupId id = scheduler_.add_group(pacing_.limits_for(key));
  groups_.emplace(key, id);
  if (keys_.size() <= number(id)) keys_.resize(number(id) + 1);
  keys_[number(id)] = key;
  return id;
}

std::optional<Duration> Groups::pace(const Job& job, const Outcome& outcome, bool failed,
                                     TimePoint now) {
  if (groups_.empty()) return std::nullopt;
  const auto group = groups_.find(key_of(job));
  if (group == groups_.end()) return std::nullopt;
  const Pace asked = pacing_.after(group->first, outcome, failed);
  if (asked.pause) scheduler_.pause(group->second, now + *asked.pause);
  return asked.rest;
}

void Groups::forget(TimePoint now) {
  for (const GroupId id : scheduler_.take_forgotten(now)) {
    groups_.erase(keys_[number(id)]);
    keys_[number(id)] = {};
  }
}

}  // namespace distaff

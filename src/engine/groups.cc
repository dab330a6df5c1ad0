#include "engine/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"

namespace distaff {
namespace {

std::string key_of(const Job& job) { return job.key.value_or(std::string()); }

std::string name_of(const std::string& key) {
  return key.empty() ? std::string("the run") : "group " + printable(key, 80);
}

// The server has too much to do.
bool wants_less(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::responded && (outcome.value == 429 || outcome.value == 503);
}

}  // namespace

bool Groups::in_group(const Job& job) const {
  if (!job.problem.empty()) return false;
  return options_.keyed ? job.key.has_value() : options_.limited;
}

std::optional<GroupId> Groups::of(const Job& job) {
  if (!in_group(job)) return std::nullopt;
  const std::string key = key_of(job);
  const auto known = groups_.find(key);
  if (known != groups_.end()) return known->second;
  const GroupId id = scheduler_.add_group(pacing_.limits_for(key));
  groups_.emplace(key, id);
  if (entries_.size() <= number(id)) entries_.resize(number(id) + 1);
  Entry& entry = entries_[number(id)];
  entry = Entry{};
  entry.key = key;
  entry.policy = &pacing_.policy_for(key);
  if (options_.adaptive) entry.pace = std::make_unique<AdaptivePace>();
  return id;
}

Groups::Entry* Groups::find(const Job& job, GroupId& id) {
  if (groups_.empty() || !in_group(job)) return nullptr;
  const auto group = groups_.find(key_of(job));
  if (group == groups_.end()) return nullptr;
  id = group->second;
  return &entries_[number(id)];
}

const Policy& Groups::policy(const Job& job) const {
  if (!pacing_.has_policies() || !in_group(job)) return pacing_.policy();
  const auto group = groups_.find(key_of(job));
  return group == groups_.end() ? pacing_.policy() : *entries_[number(group->second)].policy;
}

// ---- attempts

void Groups::starts(const Job& job, TimePoint now) {
  if (!pacing_.has_policies() && !spaced_) return;
  GroupId id{};
  Entry* const entry = find(job, id);
  if (entry == nullptr) return;
  if (entry->pace) entry->pace->started(now);
  const Duration gap = std::max(entry->gap, entry->pace ? entry->pace->gap() : Duration{0});
  if (gap.count() > 0) scheduler_.pause(id, now + gap);
  if (!entry->open || entry->probe != JobId{0}) return;
  entry->probe = job.id;
  scheduler_.set_pause(id, TimePoint::max());
}

void Groups::put_back(const Job& job) {
  if (!pacing_.has_policies()) return;
  GroupId id{};
  Entry* const entry = find(job, id);
  if (entry == nullptr || entry->probe != job.id) return;
  entry->probe = JobId{0};
  scheduler_.set_pause(id, TimePoint::min());
}

Duration Groups::draw_rest(const Job& job) {
  GroupId id{};
  return find(job, id) == nullptr ? Duration{0} : scheduler_.draw_rest(id);
}

std::optional<Duration> Groups::ended(const Job& job, const Attempt& attempt, bool failed,
                                      TimePoint now) {
  GroupId id{};
  Entry* const entry = find(job, id);
  if (entry == nullptr) return std::nullopt;
  if (entry->policy->breaker) break_or_mend(*entry, id, job.id, failed, now);
  const Pace asked = pacing_.after(entry->key, attempt, failed);
  if (asked.pause) scheduler_.pause(id, now + *asked.pause);
  take_wishes(*entry, id, attempt, !asked.as_asked, now);
  return asked.rest;
}

Duration Groups::pause_after(const Job& job, const Attempt& attempt) {
  const Pace asked = pacing_.after(job.key.value_or(""), attempt, true);
  const Duration pause = asked.pause.value_or(Duration{0});
  return asked.as_asked ? pause : std::max(pause, attempt.retry_after.value_or(Duration{0}));
}

// Of its server.
void Groups::take_wishes(Entry& entry, GroupId id, const Attempt& attempt, bool retry_after,
                         TimePoint now) {
  Duration wait = attempt.rest_at_least;
  if (wait.count() > 0) {
    entry.gap = wait;
    spaced_ = true;
  }
  if (attempt.retry_after && retry_after) wait = std::max(wait, *attempt.retry_after);
  if (entry.pace && wants_less(attempt.outcome)) {
    if (entry.pace->slow_down(now)) {
      messages_.push_back(fmt::format("{}: {}; from now on {} between two requests",
                                      name_of(entry.key), describe(attempt.outcome),
                                      format_duration(entry.pace->gap())));
    }
    wait = std::max(wait, entry.pace->gap());
  } else if (entry.pace && attempt.outcome.kind == Outcome::Kind::responded) {
    entry.pace->went_well();
  }
  if (wait.count() > 0) scheduler_.pause(id, now + wait);
}

void Groups::break_or_mend(Entry& entry, GroupId id, JobId job, bool failed, TimePoint now) {
  const BreakSpec& breaker = *entry.policy->breaker;
  const std::string pause = format_duration(breaker.pause);
  if (!entry.open) {
    entry.failures = failed ? entry.failures + 1 : 0;
    if (entry.failures < breaker.failures) return;
    entry.open = true;
    scheduler_.pause(id, now + breaker.pause);
    messages_.push_back(fmt::format("{}: {} failures in a row; nothing of it starts for {}",
                                    name_of(entry.key), entry.failures, pause));
    return;
  }
  if (entry.probe != job) return;
  entry.probe = JobId{0};
  if (failed) {
    scheduler_.set_pause(id, now + breaker.pause);
    messages_.push_back(fmt::format("{}: job {} failed too; nothing of it starts for another {}",
                                    name_of(entry.key), number(job), pause));
    return;
  }
  entry.open = false;
  entry.failures = 0;
  scheduler_.set_pause(id, TimePoint::min());
  messages_.push_back(
      fmt::format("{}: job {} went well; it goes on", name_of(entry.key), number(job)));
}

// ---- the rest

void Groups::forget(TimePoint now) {
  for (const GroupId id : scheduler_.take_forgotten(now)) {
    groups_.erase(entries_[number(id)].key);
    entries_[number(id)] = {};
  }
}

std::vector<std::string> Groups::take_messages() { return std::exchange(messages_, {}); }

std::string Groups::why_paused(GroupId group) const {
  const Entry& entry = entries_[number(group)];
  if (!entry.open) return {};
  if (entry.probe != JobId{0}) return fmt::format("job {} tries first", number(entry.probe));
  return fmt::format("{} failures in a row", entry.failures);
}

}  // namespace distaff

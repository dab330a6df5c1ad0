#include "engine/time_limits.h"

#include <algorithm>
#include <iterator>

namespace distaff {

void MedianTime::add(Duration value) {
  if (values_.size() < kSample) {
    values_.push_back(value);
  } else {
    const Duration oldest = values_[next_];
    auto& half = oldest <= *low_.rbegin() ? low_ : high_;
    half.erase(half.find(oldest));
    values_[next_] = value;
    next_ = (next_ + 1) % kSample;
  }
  (low_.empty() || value <= *low_.rbegin() ? low_ : high_).insert(value);
  // The lower half has as many as the upper, or one more.
  while (low_.size() > high_.size() + 1) high_.insert(low_.extract(std::prev(low_.end())));
  while (high_.size() > low_.size()) low_.insert(high_.extract(high_.begin()));
}

Duration MedianTime::get() const { return *low_.rbegin(); }

std::optional<Duration> TimeLimits::limit_of(const Running& running) const {
  if (running.limit.percent == 0) {
    return running.limit.any() ? std::optional(running.limit.most) : std::nullopt;
  }
  if (median_.count() < kEnough) return std::nullopt;
  return Duration(median_.get().count() / 100 * running.limit.percent);
}

// Looks at it when the first of its limits is over.
void TimeLimits::set(JobId job, Running& running) {
  if (running.look_at) times_.erase({*running.look_at, job});
  running.look_at.reset();
  if (const auto limit = limit_of(running)) running.look_at = running.since + *limit;
  if (idle_.count() > 0 && (!running.look_at || running.wrote + idle_ < *running.look_at)) {
    running.look_at = running.wrote + idle_;
  }
  if (running.look_at) times_.emplace(*running.look_at, job);
}

void TimeLimits::started(JobId job, const TimeLimit& limit, TimePoint now) {
  if (!limit.any() && idle_.count() == 0) return;
  percent_ = percent_ || limit.percent > 0;
  Running& running = running_[job];
  running = {now, now, limit, false, {}};
  set(job, running);
}

// Only remembered: when its time comes it is seen that it is not idle.
void TimeLimits::wrote(JobId job, TimePoint now) {
  if (idle_.count() == 0) return;
  const auto at = running_.find(job);
  if (at == running_.end()) return;
  at->second.wrote = now;
  at->second.alone = false;
}

void TimeLimits::left_alone(JobId job, bool alone) {
  if (idle_.count() == 0) return;
  const auto at = running_.find(job);
  if (at != running_.end()) at->second.alone = alone;
}

void TimeLimits::ended(JobId job) {
  if (running_.empty()) return;
  const auto at = running_.find(job);
  if (at == running_.end()) return;
  if (at->second.look_at) times_.erase({*at->second.look_at, job});
  running_.erase(at);
}

void TimeLimits::went_well(Duration wall) {
  if (!percent_) return;
  median_.add(wall);
  if (median_.count() != kEnough) return;
  for (auto& [job, running] : running_) set(job, running);
}

void TimeLimits::stopped_for(Duration pause) {
  for (auto& [job, running] : running_) {
    running.since += pause;
    running.wrote += pause;
    set(job, running);
  }
}

std::vector<TimeLimits::Over> TimeLimits::take_over(TimePoint now) {
  std::vector<Over> over;
  while (!times_.empty() && times_.begin()->first <= now) {
    const JobId job = times_.begin()->second;
    Running& running = running_.at(job);
    if (running.alone) running.wrote = now;
    const auto limit = limit_of(running);
    if (limit && now - running.since >= *limit) {
      over.push_back({job, false, *limit});
    } else if (idle_.count() > 0 && now - running.wrote >= idle_) {
      over.push_back({job, true, idle_});
    } else {
      set(job, running);
      continue;
    }
    ended(job);
  }
  return over;
}

std::optional<TimePoint> TimeLimits::wake_at() const {
  if (times_.empty()) return std::nullopt;
  return times_.begin()->first;
}

}  // namespace distaff

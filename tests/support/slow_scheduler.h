#pragma once

// The scheduler's promises in their plainest form: every question looks at every job and every
// group, and a bucket is filled anew from the list of all starts.  What the real one is compared
// with.  Throttles need to be of one length: it cannot know what was drawn.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "schedule/scheduler.h"

namespace distaff::testing {

class SlowScheduler {
 public:
  explicit SlowScheduler(Scheduler::Options options) : options_(options) {}

  void add_group(std::uint32_t id, const GroupLimits& limits) { groups_[id] = Group{limits}; }

  void add(std::uint64_t id, std::uint32_t group, std::size_t records, std::size_t bytes) {
    Job job;
    job.age = next_age_++;
    job.group = group;
    job.records = records;
    job.bytes = bytes;
    jobs_[id] = job;
  }

  // 0: none.
  std::uint64_t pick(TimePoint now) {
    if (running() >= options_.slots || now < next_start()) return 0;
    std::uint64_t picked = oldest(retry_heads(), now);
    if (picked == 0) picked = oldest(waiting_heads(), now);
    if (picked == 0) return 0;
    Job& job = jobs_[picked];
    job.state = Job::State::running;
    job.picked_at = now;
    if (job.group != 0) groups_[job.group].starts.push_back(now);
    starts_.push_back(now);
    return picked;
  }

  // Needs to come at the time of the last start.
  void put_back(std::uint64_t id) {
    Job& job = jobs_[id];
    job.state = job.again ? Job::State::retrying : Job::State::waiting;
    if (job.group != 0) groups_[job.group].starts.pop_back();
    starts_.pop_back();
  }

  void end(std::uint64_t id, TimePoint now, std::optional<Duration> rest) {
    rest_from(jobs_[id].group, now, rest);
    jobs_.erase(id);
  }

  void retry(std::uint64_t id, TimePoint again_at) {
    Job& job = jobs_[id];
    job.state = Job::State::retrying;
    job.again = true;
    job.again_at = again_at;
  }

  void go_on(std::uint64_t id, std::uint32_t group, TimePoint now, std::optional<Duration> rest) {
    Job& job = jobs_[id];
    rest_from(job.group, now, rest);
    job.state = Job::State::waiting;
    job.again = false;
    job.group = group;
  }

  void drop(std::uint64_t id) {
    const Job& job = jobs_[id];
    if (job.state == Job::State::retrying) rest_from(job.group, job.again_at, std::nullopt);
    jobs_.erase(id);
  }

  void pause(std::uint32_t group, TimePoint until) {
    groups_[group].paused_until = std::max(groups_[group].paused_until, until);
  }
  void set_pause(std::uint32_t group, TimePoint until) { groups_[group].paused_until = until; }

  void set_slots(int slots) { options_.slots = slots; }

  bool has_room() const {
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::size_t retrying = 0;
    std::size_t retrying_bytes = 0;
    for (const auto& [id, job] : jobs_) {
      if (job.state == Job::State::retrying) {
        ++retrying;
        retrying_bytes += job.bytes;
      }
      if (job.state != Job::State::waiting) continue;
      records += job.records;
      bytes += job.bytes;
    }
    if (retrying >= options_.buffer) return false;
    if (retrying > 1 && retrying_bytes >= options_.buffer_bytes) return false;
    return records == 0 || (records < options_.buffer && bytes < options_.buffer_bytes);
  }

  bool wants_more(TimePoint now) const {
    std::int64_t startable = 0;
    std::set<std::uint32_t> seen;
    for (const auto& [id, job] : jobs_) seen.insert(job.group);
    for (const std::uint32_t group : seen) startable += startable_of(group, now);
    return has_room() && options_.slots > running() && startable < options_.slots - running();
  }

  std::optional<TimePoint> wake_at(TimePoint now) const {
    if (running() >= options_.slots) return std::nullopt;
    std::optional<TimePoint> first;
    for (const auto& heads : {retry_heads(), waiting_heads()}) {
      for (const std::uint64_t id : heads) {
        const TimePoint from = start_from(jobs_.at(id));
        first = std::min(from, first.value_or(from));
      }
    }
    if (!first) return std::nullopt;
    return std::max({*first, now, next_start()});
  }

  std::size_t resting_groups(TimePoint now) const {
    std::size_t resting = 0;
    for (const std::uint64_t id : waiting_heads()) resting += start_from(jobs_.at(id)) > now;
    return resting;
  }

  std::vector<std::uint32_t> take_forgotten(TimePoint now) {
    std::vector<std::uint32_t> forgotten;
    for (const auto& [id, group] : groups_) {
      bool used = false;
      for (const auto& [job_id, job] : jobs_) used = used || job.group == id;
      const bool full = !group.limits.rate || level(group, now) == capacity(group);
      if (!used && full && group.rest_until <= now && group.paused_until <= now) {
        forgotten.push_back(id);
      }
    }
    for (const std::uint32_t id : forgotten) groups_.erase(id);
    return forgotten;
  }

  std::uint32_t group_of(std::uint64_t id) const { return jobs_.at(id).group; }

  std::size_t waiting() const { return jobs_.size() - static_cast<std::size_t>(running()); }

  int running() const {
    int running = 0;
    for (const auto& [id, job] : jobs_) running += job.state == Job::State::running;
    return running;
  }

  std::vector<std::uint64_t> waiting_by_age() const {
    std::map<std::uint64_t, std::uint64_t> found;
    for (const auto& [id, job] : jobs_) {
      if (job.state != Job::State::running) found[job.age] = id;
    }
    std::vector<std::uint64_t> ids;
    for (const auto& [age, id] : found) ids.push_back(id);
    return ids;
  }

 private:
  struct Job {
    enum class State { waiting, running, retrying };
    State state = State::waiting;
    std::uint64_t age = 0;
    std::uint32_t group = 0;  // 0: none
    std::size_t records = 1;
    std::size_t bytes = 0;
    bool again = false;
    TimePoint again_at = TimePoint::min();
    TimePoint picked_at = TimePoint::min();
  };
  struct Group {
    GroupLimits limits;
    TimePoint rest_until = TimePoint::min();
    TimePoint paused_until = TimePoint::min();
    std::vector<TimePoint> starts = {};
  };

  static std::int64_t capacity(const Group& group) {
    return static_cast<std::int64_t>(group.limits.rate->burst) * group.limits.rate->per.count();
  }

  // Of the bucket, in parts of which a token has as many as a period has nanoseconds.
  static std::int64_t level(const Group& group, TimePoint now) {
    const auto gain = static_cast<std::int64_t>(group.limits.rate->count);
    std::int64_t level = capacity(group);
    TimePoint last{};
    for (const TimePoint start : group.starts) {
      level = std::min(capacity(group), level + (start - last).count() * gain);
      level -= group.limits.rate->per.count();
      last = start;
    }
    return std::min(capacity(group), level + (now - last).count() * gain);
  }

  static TimePoint token_at(const Group& group) {
    if (group.starts.empty()) return TimePoint::min();
    const std::int64_t missing = group.limits.rate->per.count() - level(group, group.starts.back());
    if (missing <= 0) return TimePoint::min();
    const auto gain = static_cast<std::int64_t>(group.limits.rate->count);
    return group.starts.back() + Duration((missing + gain - 1) / gain);
  }

  // The first moment at which nothing but places and slots holds the job.
  TimePoint start_from(const Job& job) const {
    TimePoint from = job.again ? job.again_at : TimePoint::min();
    if (job.group == 0) return from;
    const Group& group = groups_.at(job.group);
    from = std::max({from, group.rest_until, group.paused_until});
    return group.limits.rate ? std::max(from, token_at(group)) : from;
  }

  TimePoint next_start() const {
    if (starts_.empty() || options_.delay.count() == 0) return TimePoint::min();
    return starts_.back() + options_.delay;
  }

  bool place_free(std::uint32_t id) const {
    if (id == 0) return true;
    const GroupLimits& limits = groups_.at(id).limits;
    return !limits.parallelism || places_taken(id) < *limits.parallelism;
  }

  std::int64_t places_taken(std::uint32_t id) const {
    std::int64_t taken = 0;
    for (const auto& [job_id, job] : jobs_) {
      taken += job.group == id && job.state != Job::State::waiting;
    }
    return taken;
  }

  std::vector<std::uint64_t> waiting_heads() const {
    std::map<std::uint32_t, std::uint64_t> heads;
    for (const auto& [id, job] : jobs_) {
      if (job.state != Job::State::waiting || !place_free(job.group)) continue;
      std::uint64_t& head = heads[job.group];
      if (head == 0 || job.age < jobs_.at(head).age) head = id;
    }
    return values(heads);
  }

  std::vector<std::uint64_t> retry_heads() const {
    std::map<std::uint32_t, std::uint64_t> heads;
    for (const auto& [id, job] : jobs_) {
      if (job.state != Job::State::retrying) continue;
      std::uint64_t& head = heads[job.group];
      if (head == 0 || std::pair(job.again_at, job.age) <
                           std::pair(jobs_.at(head).again_at, jobs_.at(head).age)) {
        head = id;
      }
    }
    return values(heads);
  }

  static std::vector<std::uint64_t> values(const std::map<std::uint32_t, std::uint64_t>& heads) {
    std::vector<std::uint64_t> ids;
    for (const auto& [group, id] : heads) ids.push_back(id);
    return ids;
  }

  std::uint64_t oldest(const std::vector<std::uint64_t>& heads, TimePoint now) const {
    std::uint64_t found = 0;
    for (const std::uint64_t id : heads) {
      const Job& job = jobs_.at(id);
      if (start_from(job) <= now && (found == 0 || job.age < jobs_.at(found).age)) found = id;
    }
    return found;
  }

  std::int64_t startable_of(std::uint32_t id, TimePoint now) const {
    std::int64_t due = 0;
    std::int64_t waiting = 0;
    for (const auto& [job_id, job] : jobs_) {
      if (job.group != id) continue;
      due += job.state == Job::State::retrying && job.again_at <= now;
      waiting += job.state == Job::State::waiting;
    }
    if (id == 0) return due + waiting;
    const Group& group = groups_.at(id);
    if (group.rest_until > now || group.paused_until > now) return 0;
    if (group.limits.parallelism) {
      waiting = std::min(waiting, *group.limits.parallelism - places_taken(id));
    }
    const std::int64_t all = due + waiting;
    if (!group.limits.rate) return all;
    return std::min(all, level(group, now) / group.limits.rate->per.count());
  }

  void rest_from(std::uint32_t id, TimePoint from, std::optional<Duration> rest) {
    if (id == 0) return;
    Group& group = groups_[id];
    const Duration wait = rest.value_or(group.limits.throttle.least);
    if (wait.count() > 0) group.rest_until = std::max(group.rest_until, from + wait);
  }

  Scheduler::Options options_;
  std::map<std::uint64_t, Job> jobs_;
  std::map<std::uint32_t, Group> groups_;
  std::vector<TimePoint> starts_;
  std::uint64_t next_age_ = 1;
};

}  // namespace distaff::testing

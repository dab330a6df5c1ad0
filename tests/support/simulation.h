#pragma once

// A whole run in no time: the scheduler with a source, slots and jobs of known length on a manual
// clock, turned as the engine turns it.  What is written down can be asked afterwards.

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schedule/scheduler.h"

namespace distaff::testing {

inline TimePoint at(Duration since) { return TimePoint(since); }

struct Item {
  std::optional<std::string> group;
  Duration takes{0};
  Duration arrives{0};  // a slow source has it only then
  bool fails = false;
};

struct Span {
  std::uint64_t job = 0;  // from 1, in the order of the source
  std::optional<std::string> group;
  TimePoint start;
  TimePoint end;
};

class Simulation {
 public:
  struct Setup {
    int workers = 4;
    std::size_t buffer = 1024;
    std::function<GroupLimits(const std::string&)> limits = {};  // none: one at once
    std::function<std::optional<Duration>(const Span&, const Item&)> rest = {};  // by outcome
    TimePoint until = TimePoint::max();                                          // looks away then
  };

  explicit Simulation(Setup setup) : setup_(std::move(setup)) {}

  // What happened.
  std::vector<Span> spans;  // by start
  std::uint64_t pulled = 0;
  std::size_t most_ahead = 0;  // pulled and not ended
  std::size_t wakes = 0;
  int limits_asked = 0;
  TimePoint now{};

  void run(const std::vector<Item>& items) {
    std::size_t next = 0;
    run([&]() -> std::optional<Item> {
      if (next == items.size()) return std::nullopt;
      return items[next++];
    });
  }

  void run(const std::function<std::optional<Item>()>& source) {
    Scheduler scheduler({.slots = setup_.workers, .buffer = setup_.buffer});
    std::optional<Item> coming;
    bool more = true;
    for (;;) {
      ++wakes;
      end_jobs(scheduler);
      // A start can make room for a record, and a record can be started.
      for (bool moved = true; moved;) {
        moved = false;
        while (more && scheduler.wants_more(now)) {
          if (!coming) coming = source();
          more = coming.has_value();
          if (!coming || at(coming->arrives) > now) break;
          pull(scheduler, *coming);
          coming.reset();
        }
        while (const auto job = scheduler.pick(now)) {
          start(*job);
          moved = true;
        }
      }
      for (const GroupId group : scheduler.take_forgotten(now)) forget(group);
      const auto next = next_moment(scheduler, coming);
      if (!next || *next > setup_.until) return;
      now = *next;
    }
  }

  // The most jobs at once, of one group or of all.
  int most_at_once(const std::optional<std::string>& group = std::nullopt) const {
    std::vector<std::pair<TimePoint, int>> steps;
    for (const Span& span : spans) {
      if (group && span.group != group) continue;
      steps.emplace_back(span.start, 1);
      steps.emplace_back(span.end, -1);
    }
    std::sort(steps.begin(), steps.end());  // ends before starts of the same moment
    int running = 0;
    int most = 0;
    for (const auto& step : steps) most = std::max(most, running += step.second);
    return most;
  }

  // From the end of each job of the group to the start of its next.
  std::vector<Duration> gaps(const std::string& group) const {
    std::vector<Duration> found;
    std::optional<TimePoint> last_end;
    for (const Span& span : spans) {
      if (span.group != group) continue;
      if (last_end) found.push_back(span.start - *last_end);
      last_end = span.end;
    }
    return found;
  }

  std::vector<std::uint64_t> started(const std::optional<std::string>& group) const {
    std::vector<std::uint64_t> jobs;
    for (const Span& span : spans) {
      if (span.group == group) jobs.push_back(span.job);
    }
    return jobs;
  }

  Duration wall() const {
    TimePoint last{};
    for (const Span& span : spans) last = std::max(last, span.end);
    return last - TimePoint{};
  }

  std::size_t known_groups() const { return handles_.size(); }

 private:
  void pull(Scheduler& scheduler, const Item& item) {
    ++pulled;
    items_[pulled] = item;
    std::optional<GroupId> group;
    if (item.group) {
      auto known = handles_.find(*item.group);
      if (known == handles_.end()) {
        ++limits_asked;
        const auto limits = setup_.limits ? setup_.limits(*item.group) : GroupLimits{};
        known = handles_.emplace(*item.group, scheduler.add_group(limits)).first;
        names_[known->second] = *item.group;
      }
      group = known->second;
    }
    scheduler.add(JobId{pulled}, group);
    most_ahead = std::max(most_ahead, items_.size());
  }

  void start(JobId job) {
    const Item& item = items_[number(job)];
    spans.push_back({number(job), item.group, now, now + item.takes});
    running_.emplace(now + item.takes, spans.size() - 1);
  }

  void end_jobs(Scheduler& scheduler) {
    while (!running_.empty() && running_.begin()->first <= now) {
      const Span& span = spans[running_.begin()->second];
      const Item& item = items_[span.job];
      scheduler.end(JobId{span.job}, now,
                    setup_.rest && span.group ? setup_.rest(span, item) : std::nullopt);
      items_.erase(span.job);
      running_.erase(running_.begin());
    }
  }

  void forget(GroupId group) {
    handles_.erase(names_[group]);
    names_.erase(group);
  }

  std::optional<TimePoint> next_moment(Scheduler& scheduler, const std::optional<Item>& coming) {
    std::optional<TimePoint> next = scheduler.wake_at(now);
    const auto consider = [&](TimePoint moment) { next = std::min(moment, next.value_or(moment)); };
    if (!running_.empty()) consider(running_.begin()->first);
    if (coming && at(coming->arrives) > now) consider(at(coming->arrives));
    return next;
  }

  Setup setup_;
  std::map<std::uint64_t, Item> items_;  // pulled and not ended
  std::map<std::string, GroupId> handles_;
  std::map<GroupId, std::string> names_;
  std::multimap<TimePoint, std::size_t> running_;
};

}  // namespace distaff::testing

// Random runs of the scheduler beside one that is slow and obvious: every answer must be the same.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <utility>

#include "schedule/age_tree.h"
#include "schedule/time_heap.h"
#include "schedule/token_bucket.h"
#include "support/simulation.h"
#include "support/slow_scheduler.h"

namespace distaff::testing::oracle_test {
namespace {

int property_count(int fast) {
  const char* const count = std::getenv("DISTAFF_PROPERTY_COUNT");
  return count ? std::atoi(count) : fast;
}

class RandomRun {
 public:
  explicit RandomRun(std::uint32_t seed)
      : random_(seed), options_(random_options()), fast_(options_), slow_(options_) {}

  void step() {
    switch (below(15)) {
      case 0:
        return add_group();
      case 1:
      case 2:
      case 3:
        return add();
      case 4:
      case 5:
        return pick();
      case 6:
      case 7:
        return end();
      case 8:
        return retry();
      case 9:
        return drop();
      case 10:
        return pause();
      case 11:
        return forget();
      case 12:
        return set_slots();
      case 13:
        return go_on();
      default:
        return pass_time();
    }
  }

  // Each must agree at any moment.
  void compare() {
    ASSERT_EQ(fast_.has_room(), slow_.has_room());
    ASSERT_EQ(fast_.wants_more(now_), slow_.wants_more(now_));
    ASSERT_EQ(fast_.wake_at(now_), slow_.wake_at(now_));
    ASSERT_EQ(fast_.waiting(), slow_.waiting());
    ASSERT_EQ(fast_.running(), slow_.running());
    ASSERT_EQ(fast_.resting_groups(now_), slow_.resting_groups(now_));
  }

  void finish() {
    std::vector<std::uint64_t> drained;
    for (const JobId job : fast_.drain()) drained.push_back(number(job));
    ASSERT_EQ(drained, slow_.waiting_by_age());
    ASSERT_EQ(fast_.waiting(), 0u);
    for (const std::uint64_t job : running_) fast_.end(JobId{job}, now_);
    const auto forgotten = fast_.take_forgotten(TimePoint::max() - Duration(1));
    ASSERT_EQ(forgotten.size(), groups_.size());
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool once_in(std::uint64_t times) { return below(times) == 0; }
  Duration some_time(std::uint64_t most) { return Duration(below(most + 1)); }

  Scheduler::Options random_options() {
    Scheduler::Options options;
    options.slots = static_cast<int>(1 + below(6));
    options.buffer = 1 + below(30);
    options.buffer_bytes = 10 + below(100);
    if (once_in(4)) options.delay = some_time(8);
    return options;
  }

  void add_group() {
    if (groups_.size() >= 8) return;
    GroupLimits limits;
    if (once_in(3)) limits.throttle.least = limits.throttle.most = some_time(20);
    if (once_in(2) && !limits.throttle.any()) {
      limits.parallelism = static_cast<int>(1 + below(4));
      if (once_in(4)) limits.parallelism.reset();
    }
    if (once_in(3)) {
      limits.rate = Rate{static_cast<double>(1 + below(4)), Duration(1 + below(30)),
                         static_cast<double>(1 + below(4))};
    }
    const std::uint32_t id = number(fast_.add_group(limits));
    ASSERT_EQ(std::count(groups_.begin(), groups_.end(), id), 0);
    slow_.add_group(id, limits);
    groups_.push_back(id);
  }

  void add() {
    for (std::uint64_t more = 1 + below(4); more > 0 && fast_.has_room(); --more) {
      const std::uint64_t job = ++last_job_;
      const std::uint32_t group = groups_.empty() || once_in(4) ? 0 : any(groups_);
      const std::size_t records = 1 + below(3);
      const std::size_t bytes = below(10);
      fast_.add(JobId{job}, group == 0 ? std::optional<GroupId>() : GroupId{group}, records, bytes);
      slow_.add(job, group, records, bytes);
      if (once_in(3)) {
        ASSERT_EQ(fast_.wants_more(now_), slow_.wants_more(now_));
      }
    }
  }

  void pick() {
    std::vector<std::uint64_t> picked;
    for (;;) {
      const std::uint64_t job = slow_.pick(now_);
      ASSERT_EQ(fast_.pick(now_), job == 0 ? std::optional<JobId>() : JobId{job});
      if (job == 0) break;
      picked.push_back(job);
      if (once_in(3)) {
        ASSERT_EQ(fast_.wants_more(now_), slow_.wants_more(now_));
      }
      if (once_in(8)) break;
    }
    // A shortage: the last ones, in any order, come back.
    std::vector<std::uint64_t> back;
    while (!picked.empty() && once_in(4)) {
      back.push_back(picked.back());
      picked.pop_back();
    }
    std::shuffle(back.begin(), back.end(), random_);
    for (const std::uint64_t job : back) {
      fast_.put_back(JobId{job});
      slow_.put_back(job);
    }
    running_.insert(running_.end(), picked.begin(), picked.end());
  }

  void end() {
    if (running_.empty()) return;
    const std::uint64_t job = take_any(running_);
    std::optional<Duration> rest;
    if (once_in(4)) rest = some_time(30);
    fast_.end(JobId{job}, now_, rest);
    slow_.end(job, now_, rest);
  }

  void retry() {
    if (running_.empty()) return;
    const std::uint64_t job = take_any(running_);
    const TimePoint again_at = now_ + some_time(20);
    fast_.retry(JobId{job}, again_at);
    slow_.retry(job, again_at);
  }

  // Often in the same group, as a redirect within a host.
  void go_on() {
    if (running_.empty()) return;
    const std::uint64_t job = take_any(running_);
    std::uint32_t group = slow_.group_of(job);
    if (once_in(2)) group = groups_.empty() || once_in(4) ? 0 : any(groups_);
    std::optional<Duration> rest;
    if (once_in(4)) rest = some_time(30);
    fast_.go_on(JobId{job}, group == 0 ? std::optional<GroupId>() : GroupId{group}, now_, rest);
    slow_.go_on(job, group, now_, rest);
  }

  void drop() {
    const auto waiting = slow_.waiting_by_age();
    if (waiting.empty() || !once_in(2)) return;
    const std::uint64_t job = any(waiting);
    fast_.drop(JobId{job});
    slow_.drop(job);
  }

  void pause() {
    if (groups_.empty()) return;
    const std::uint32_t group = any(groups_);
    const TimePoint until = now_ + some_time(40) - Duration(5);
    if (once_in(3)) {
      fast_.set_pause(GroupId{group}, until);
      slow_.set_pause(group, until);
    } else {
      fast_.pause(GroupId{group}, until);
      slow_.pause(group, until);
    }
  }

  void forget() {
    std::vector<std::uint32_t> forgotten;
    for (const GroupId group : fast_.take_forgotten(now_)) forgotten.push_back(number(group));
    std::sort(forgotten.begin(), forgotten.end());
    ASSERT_EQ(forgotten, slow_.take_forgotten(now_));
    for (const std::uint32_t group : forgotten) {
      groups_.erase(std::find(groups_.begin(), groups_.end(), group));
    }
  }

  void set_slots() {
    const int slots = static_cast<int>(below(7));
    fast_.set_slots(slots);
    slow_.set_slots(slots);
  }

  void pass_time() {
    const auto wake = slow_.wake_at(now_);
    if (wake && once_in(2)) {
      now_ = std::max(now_, *wake - Duration(below(2)));
    } else {
      now_ += some_time(once_in(10) ? 200 : 10);
    }
  }

  template <class T>
  T any(const std::vector<T>& of) {
    return of[below(of.size())];
  }
  std::uint64_t take_any(std::vector<std::uint64_t>& of) {
    std::swap(of[below(of.size())], of.back());
    const std::uint64_t taken = of.back();
    of.pop_back();
    return taken;
  }

  std::mt19937 random_;
  Scheduler::Options options_;
  Scheduler fast_;
  SlowScheduler slow_;
  TimePoint now_ = at(std::chrono::seconds(1));
  std::vector<std::uint32_t> groups_;
  std::vector<std::uint64_t> running_;
  std::uint64_t last_job_ = 0;
};

TEST(SchedulerOracle, AnswersAsTheObviousOneInRandomRuns) {
  const std::uint32_t first = std::random_device()();
  for (int i = 0; i < property_count(200); ++i) {
    const std::uint32_t seed = first + static_cast<std::uint32_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomRun run(seed);
    for (int step = 0; step < 400; ++step) {
      ASSERT_NO_FATAL_FAILURE(run.step()) << "step " << step;
      ASSERT_NO_FATAL_FAILURE(run.compare()) << "step " << step;
    }
    ASSERT_NO_FATAL_FAILURE(run.finish());
  }
}

// The parts, against plain maps.
struct Aged {
  std::uint64_t age;
  TimePoint from;
};

TEST(SchedulerOracle, AgeTreeFindsTheOldestOfThoseThatMayStart) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  AgeTree tree;
  std::map<std::uint32_t, Aged> plain;
  for (int step = 0; step < 20 * property_count(200); ++step) {
    const auto id = static_cast<std::uint32_t>(random() % 200);
    const bool known = plain.count(id) != 0;
    if (random() % 3 == 0) {
      tree.remove(id);
      plain.erase(id);
    } else {
      const bool keep_age = known && random() % 2 == 0;
      const std::uint64_t age = keep_age ? plain[id].age : (random() >> 12) * 200 + id;
      plain[id] = {age, at(Duration(random() % 1000))};
      tree.put(id, age, plain[id].from);
    }
    const TimePoint now = at(Duration(random() % 1000));
    std::map<std::uint64_t, std::uint32_t> due;
    TimePoint next = TimePoint::max();
    for (const auto& [other, entry] : plain) {
      if (entry.from <= now) due[entry.age] = other;
      if (entry.from > now) next = std::min(next, entry.from);
    }
    ASSERT_EQ(tree.oldest_at(now),
              due.empty() ? std::optional<std::uint32_t>() : due.begin()->second);
    std::vector<std::uint32_t> expected;
    for (const auto& [age, other] : due) expected.push_back(other);
    std::vector<std::uint32_t> visited;
    const TimePoint found = tree.visit(now, [&](std::uint32_t seen) {
      visited.push_back(seen);
      return true;
    });
    ASSERT_EQ(found, next);
    ASSERT_EQ(visited, expected);
  }
}

TEST(SchedulerOracle, TimeHeapGivesTheEarliest) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TimeHeap heap;
  std::map<std::uint32_t, TimePoint> plain;
  for (int step = 0; step < 20 * property_count(200); ++step) {
    const auto id = static_cast<std::uint32_t>(random() % 100);
    if (random() % 3 == 0) {
      heap.remove(id);
      plain.erase(id);
    } else {
      plain[id] = at(Duration(random() % 50));
      heap.put(id, plain[id]);
    }
    ASSERT_EQ(heap.size(), plain.size());
    ASSERT_EQ(heap.contains(id), plain.count(id) != 0);
    std::set<std::pair<TimePoint, std::uint32_t>> sorted;
    for (const auto& [other, when] : plain) sorted.emplace(when, other);
    TimeHeap rest = heap;
    for (const auto& [when, other] : sorted) {
      ASSERT_EQ(rest.first().at, when);
      ASSERT_EQ(rest.first().id, other);
      rest.remove(other);
    }
  }
}

// A bucket that took tokens and got some back must never be ahead of one that took only the rest.
TEST(SchedulerOracle, TokenBucketNeverGivesBackMoreThanWasTaken) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 4 * property_count(200); ++i) {
    const Rate rate{static_cast<double>(1 + random() % 3), Duration(1 + random() % 20),
                    static_cast<double>(1 + random() % 4)};
    TokenBucket bucket(rate);
    std::vector<TimePoint> taken;
    TimePoint now = at(Duration(100));
    for (int step = 0; step < 30; ++step) {
      now += Duration(random() % 8);
      if (bucket.available(now) >= 1) {
        ASSERT_GE(now, bucket.available_at(1));
        bucket.take(now);
        taken.push_back(now);
      } else {
        ASSERT_LT(now, bucket.available_at(1));
      }
      if (!taken.empty() && random() % 4 == 0) {
        const std::size_t which = random() % taken.size();
        bucket.give_back(taken[which]);
        taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(which));
      }
      TokenBucket plain(rate);
      for (const TimePoint start : taken) plain.take(start);
      ASSERT_GE(std::max(now, bucket.available_at(1)), plain.available_at(1));
      ASSERT_LE(bucket.available(now), plain.available(now));
      ASSERT_GE(std::max(now, bucket.full_at()), plain.full_at());
    }
  }
}

}  // namespace
}  // namespace distaff::testing::oracle_test

// What a decision of the scheduler costs: no-op jobs over a manual clock, so nothing but the
// scheduler is measured.  Prints nanoseconds a job (add, pick and end of it together) and the
// longest single call of pick(); judges nothing.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "schedule/scheduler.h"

namespace {

using distaff::Duration;
using distaff::GroupId;
using distaff::GroupLimits;
using distaff::JobId;
using distaff::Scheduler;
using distaff::TimePoint;
using namespace std::chrono_literals;

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Load {
  const char* name;
  std::uint64_t jobs;
  std::size_t groups;  // 0: jobs without a group
  GroupLimits limits;
  std::size_t buffer;
  bool refill_late;  // keep the buffer full although the slots would take less
};

// Jobs of all groups in turn, four slots; keeps as many waiting as the load says.
void measure(const Load& load) {
  Scheduler scheduler({.slots = 4, .buffer = load.buffer});
  std::vector<GroupId> groups;
  for (std::size_t i = 0; i < load.groups; ++i) groups.push_back(scheduler.add_group(load.limits));
  std::uint64_t added = 0;
  std::uint64_t ended = 0;
  TimePoint now{1s};
  std::vector<JobId> running;
  const auto fill = [&] {
    while (added < load.jobs && scheduler.has_room() &&
           (load.refill_late || scheduler.wants_more(now))) {
      const auto group =
          load.groups == 0 ? std::optional<GroupId>() : std::optional(groups[added % load.groups]);
      scheduler.add(JobId{++added}, group);
    }
  };
  fill();
  const double begin = cpu_ns();
  const std::uint64_t before = added;
  while (ended < load.jobs) {
    fill();
    running.clear();
    while (const auto job = scheduler.pick(now)) running.push_back(*job);
    if (running.empty()) now = scheduler.wake_at(now).value_or(now);
    for (const JobId job : running) scheduler.end(job, now);
    ended += running.size();
    now += 1us;
  }
  const double spent = cpu_ns() - begin;
  std::printf("%-48s %7.0f ns a job\n", load.name,
              spent / static_cast<double>(load.jobs - before / 2));
}

// All groups rest until one moment, then every one may start.
void measure_release(std::size_t count) {
  Scheduler scheduler({.slots = 1, .buffer = count});
  for (std::size_t i = 0; i < count; ++i) {
    const GroupId group = scheduler.add_group({});
    scheduler.add(JobId{i + 1}, group);
    scheduler.pause(group, TimePoint{10s});
  }
  double longest = 0;
  double all = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double begin = cpu_ns();
    const auto job = scheduler.pick(TimePoint{10s});
    const double took = cpu_ns() - begin;
    longest = std::max(longest, took);
    all += took;
    scheduler.end(*job, TimePoint{10s});
  }
  std::printf("release of %zu groups: pick %.0f ns, longest %.0f ns\n", count,
              all / static_cast<double>(count), longest);
}

// Each job has a key of its own.
void measure_keys(std::uint64_t count) {
  Scheduler scheduler({.slots = 4});
  const double begin = cpu_ns();
  TimePoint now{1s};
  for (std::uint64_t i = 1; i <= count; ++i) {
    scheduler.add(JobId{i}, scheduler.add_group({}));
    scheduler.end(*scheduler.pick(now), now);
    scheduler.take_forgotten(now);
    now += 1us;
  }
  std::printf("%-48s %7.0f ns a job\n", "a group for each job, forgotten",
              (cpu_ns() - begin) / static_cast<double>(count));
}

}  // namespace

int main() {
  const GroupLimits one{};
  const GroupLimits rested{.throttle = {1us, 1us}};
  const GroupLimits rated{.rate = distaff::Rate{1e6, 1s, 4}};
  const Load loads[] = {
      {"no groups, nothing ahead", 2'000'000, 0, one, 16384, false},
      {"no groups, 16384 waiting", 2'000'000, 0, one, 16384, true},
      {"one group, 16384 waiting", 1'000'000, 1, one, 16384, true},
      {"100 groups, 16384 waiting", 1'000'000, 100, one, 16384, true},
      {"16384 groups, 16384 waiting", 1'000'000, 16384, one, 16384, true},
      {"100000 groups, 100000 waiting", 1'000'000, 100'000, one, 100'000, true},
      {"100 groups with a throttle", 1'000'000, 100, rested, 16384, true},
      {"16384 groups with a throttle", 1'000'000, 16384, rested, 16384, true},
      {"16384 groups with a rate", 1'000'000, 16384, rated, 16384, true},
  };
  for (const Load& load : loads) measure(load);
  measure_keys(1'000'000);
  measure_release(100'000);
}

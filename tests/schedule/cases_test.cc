// The cases of groups (GR), throttles (TH), buffering (BF) and scale (PF) that can be told of the
// scheduler alone, as whole runs on a manual clock.

#include <gtest/gtest.h>
#include <time.h>

#include <random>
#include <set>

#include "support/simulation.h"
#include "support/timing.h"

namespace distaff::testing::cases_test {
namespace {

using namespace std::chrono_literals;

std::vector<Item> data10() {
  return {{"A", 30ms}, {"A", 20ms}, {"B", 10ms}, {"B", 20ms}, {"B", 30ms},
          {"B", 20ms}, {"B", 10ms}, {"C", 10ms}, {"D", 40ms}, {"D", 10ms}};
}

std::vector<Item> same(std::size_t count, const std::optional<std::string>& group, Duration takes) {
  return std::vector<Item>(count, Item{group, takes});
}

auto limits_of(GroupLimits limits) {
  return [limits](const std::string&) { return limits; };
}

TEST(Groups, GR01_OneJobOfAGroupAtOnceWhateverWorkersAndBuffer) {
  for (const int workers : {2, 4, 16}) {
    for (const std::size_t buffer : {1u, 3u, 1024u}) {
      Simulation run({.workers = workers, .buffer = buffer});
      run.run(data10());
      EXPECT_EQ(run.spans.size(), 10u);
      for (const char* group : {"A", "B", "C", "D"}) EXPECT_EQ(run.most_at_once(group), 1);
    }
  }
}

TEST(Groups, GR02_ThreeJobsOfAGroupAtOnce) {
  Simulation run({.workers = 4, .buffer = 3, .limits = limits_of({.parallelism = 3})});
  run.run(data10());
  EXPECT_EQ(run.spans.size(), 10u);
  EXPECT_LE(run.most_at_once(), 4);
  for (const char* group : {"A", "B", "C", "D"}) EXPECT_LE(run.most_at_once(group), 3);
}

TEST(Groups, GR04_OneGroupRunsOneAfterTheOther) {
  Simulation run({.workers = 10});
  run.run(same(10, "A", 30ms));
  EXPECT_EQ(run.most_at_once(), 1);
  EXPECT_EQ(run.wall(), 300ms);
}

TEST(Groups, GR05_TwoGroupsRunBesideEachOther) {
  Simulation run({.workers = 10});
  std::vector<Item> items = same(5, "A", 50ms);
  for (const Item& item : same(5, "B", 50ms)) items.push_back(item);
  run.run(items);
  EXPECT_EQ(run.wall(), 250ms);
}

TEST(Groups, GR06_TwoAtOnceInOneGroup) {
  Simulation run({.workers = 10, .limits = limits_of({.parallelism = 2})});
  run.run(same(10, "A", 50ms));
  EXPECT_EQ(run.most_at_once(), 2);
  EXPECT_EQ(run.wall(), 250ms);
}

TEST(Groups, GR07_EachGroupHasItsOwnLimit) {
  Simulation run({.workers = 4, .limits = [](const std::string& group) {
                    return GroupLimits{.parallelism = group == "B" ? 3 : 1};
                  }});
  run.run(data10());
  EXPECT_EQ(run.most_at_once("B"), 3);
  for (const char* group : {"A", "C", "D"}) EXPECT_EQ(run.most_at_once(group), 1);
}

TEST(Groups, GR08_AGroupWithoutALimitTakesAllSlots) {
  Simulation run({.workers = 8, .limits = limits_of({.parallelism = std::nullopt})});
  run.run(same(8, "B", 50ms));
  EXPECT_EQ(run.most_at_once("B"), 8);
}

TEST(Groups, GR11_LimitsAreAskedOnceWhileAGroupIsKnown) {
  Simulation run({.workers = 8});
  std::vector<Item> items;
  for (int i = 0; i < 100; ++i) items.push_back({std::to_string(i % 5), 10ms});
  run.run(items);
  EXPECT_EQ(run.spans.size(), 100u);
  EXPECT_EQ(run.limits_asked, 5);
}

TEST(Groups, GR12_JobsOfAGroupStartInSourceOrder) {
  std::mt19937 random(12);
  Simulation run({.workers = 8});
  std::vector<Item> items;
  for (int i = 0; i < 200; ++i) {
    items.push_back({std::to_string(random() % 5), Duration(1ms) * (random() % 30)});
  }
  run.run(items);
  EXPECT_EQ(run.spans.size(), 200u);
  for (int group = 0; group < 5; ++group) {
    const auto started = run.started(std::to_string(group));
    EXPECT_TRUE(std::is_sorted(started.begin(), started.end()));
  }
}

TEST(Groups, GR13_JobsWithoutAGroupOverlapFreely) {
  Simulation run({.workers = 4});
  std::vector<Item> items;
  for (int i = 0; i < 20; ++i) {
    items.push_back({i % 2 == 0 ? std::optional<std::string>("A") : std::nullopt, 30ms});
  }
  run.run(items);
  EXPECT_EQ(run.most_at_once("A"), 1);
  EXPECT_EQ(run.most_at_once(), 4);
  EXPECT_LT(run.wall(), 500ms);
}

TEST(Groups, GR16_TenThousandGroupsAreForgottenAsTheyPass) {
  Simulation run({.workers = 8});
  std::vector<Item> items;
  for (int i = 0; i < 10'000; ++i) items.push_back({std::to_string(i), 0ms});
  run.run(items);
  EXPECT_EQ(run.spans.size(), 10'000u);
  EXPECT_EQ(run.known_groups(), 0u);
}

TEST(Throttles, TH01_EveryGapIsTheRestWhateverTheBuffer) {
  for (const std::size_t buffer : {1u, 3u, 1024u}) {
    Simulation run(
        {.workers = 10, .buffer = buffer, .limits = limits_of({.throttle = {10ms, 10ms}})});
    run.run(same(10, "A", 0ms));
    EXPECT_EQ(run.gaps("A"), std::vector<Duration>(9, 10ms));
  }
}

TEST(Throttles, TH02_FortyGapsOfTwentyMilliseconds) {
  Simulation run({.limits = limits_of({.throttle = {20ms, 20ms}})});
  run.run(same(40, "A", 3ms));
  EXPECT_EQ(run.gaps("A"), std::vector<Duration>(39, 20ms));
}

TEST(Throttles, TH03_TheRestAfterTheLastJobDelaysNothing) {
  Simulation run({.limits = limits_of({.throttle = {5s, 5s}})});
  run.run(same(1, "A", 10ms));
  EXPECT_EQ(run.now, at(10ms));
}

TEST(Throttles, TH04_GroupsRestIndependently) {
  Simulation run({.workers = 4, .limits = limits_of({.throttle = {200ms, 200ms}})});
  run.run({{"A"}, {"B"}, {"A"}, {"B"}, {"A"}, {"B"}});
  EXPECT_EQ(run.wall(), 400ms);
}

TEST(Throttles, TH05_TH06_EachEndOfAGroupedJobGivesItsOwnRest) {
  int asked = 0;
  Simulation run({.workers = 4, .rest = [&](const Span& span, const Item&) {
                    ++asked;
                    return std::optional<Duration>(span.group == "even" ? 100ms : 0ms);
                  }});
  std::vector<Item> items;
  for (int i = 0; i < 10; ++i) items.push_back({i % 2 == 0 ? "even" : "odd", 1ms});
  run.run(items);
  EXPECT_EQ(run.gaps("even"), std::vector<Duration>(4, 100ms));
  EXPECT_EQ(run.gaps("odd"), std::vector<Duration>(4, 0ms));
  EXPECT_EQ(asked, 10);
}

TEST(Throttles, TH12_ARestFromARangeIsNeverShorterAndNeverLonger) {
  Simulation run({.limits = limits_of({.throttle = {50ms, 70ms}})});
  run.run(same(1000, "A", 0ms));
  const auto gaps = run.gaps("A");
  EXPECT_GE(*std::min_element(gaps.begin(), gaps.end()), 50ms);
  EXPECT_LE(*std::max_element(gaps.begin(), gaps.end()), 70ms);
  EXPECT_LT(*std::min_element(gaps.begin(), gaps.end()), 51ms);
  EXPECT_GT(*std::max_element(gaps.begin(), gaps.end()), 69ms);
}

TEST(Throttles, TH16_OnlyAFailedJobMakesItsGroupRest) {
  Simulation run({.rest = [](const Span&, const Item& item) {
    return std::optional<Duration>(item.fails ? 200ms : 0ms);
  }});
  run.run({{"A", 5ms}, {"A", 5ms, 0ms, true}, {"A", 5ms}, {"A", 5ms}});
  EXPECT_EQ(run.gaps("A"), (std::vector<Duration>{0ms, 200ms, 0ms}));
}

TEST(Buffering, BF01_WithoutLimitsNothingIsReadBeyondTheSlots) {
  for (const std::size_t buffer : {0u, 10u, 1024u}) {
    Simulation run({.workers = 4, .buffer = buffer, .until = at(1h)});
    run.run([] { return Item{std::nullopt, 24h}; });
    EXPECT_EQ(run.pulled, 4u);
  }
}

TEST(Buffering, BF02_ABusyGroupFillsTheBufferAndNoMore) {
  Simulation run({.workers = 4, .buffer = 10, .until = at(1h)});
  run.run([] { return Item{"A", 24h}; });
  EXPECT_EQ(run.pulled, 11u);
}

TEST(Buffering, BF04_AnEndlessSourceIsReadAsFastAsJobsEnd) {
  Simulation run({.workers = 4, .until = at(1s)});
  run.run([] { return Item{std::nullopt, 1ms}; });
  EXPECT_EQ(run.pulled, 4 * 1001u);
  EXPECT_EQ(run.most_ahead, 4u);
}

TEST(Buffering, BF05_AFullBufferHidesOtherGroupsALargeOneDoesNot) {
  const std::vector<Item> items = {{"A", 1s}, {"A", 1s}, {"A", 1s}, {"A", 1s}, {"B", 1s}};
  Simulation small({.workers = 2, .buffer = 3});
  small.run(items);
  EXPECT_EQ(small.spans[1].group, "A");
  EXPECT_EQ(small.spans[2].group, "B");
  EXPECT_EQ(small.spans[2].start, at(1s));

  Simulation large({.workers = 2, .buffer = 1024});
  large.run(items);
  EXPECT_EQ(large.spans[1].group, "B");
  EXPECT_EQ(large.spans[1].start, at(0s));
}

TEST(Buffering, BF06_WithoutABufferOneItemIsInHandAndTheSourceKeepsItsOrder) {
  std::vector<int> stack = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  Simulation run({.workers = 1, .buffer = 0});
  run.run([&]() -> std::optional<Item> {
    if (stack.empty()) return std::nullopt;
    EXPECT_EQ(run.spans.size(), run.pulled);  // all that was taken has started
    const bool grows = stack.back() == 9;
    stack.pop_back();
    if (grows) stack.push_back(5);
    return Item{"A", 10ms};
  });
  EXPECT_EQ(run.most_ahead, 1u);
  EXPECT_EQ(run.wall(), 110ms);
}

TEST(Buffering, BF07_WithoutABufferAllSlotsAreUsed) {
  Simulation run({.workers = 4, .buffer = 0});
  run.run(same(10, std::nullopt, 10ms));
  EXPECT_EQ(run.most_at_once(), 4);
  EXPECT_EQ(run.wall(), 30ms);
}

TEST(Buffering, BF08_WithoutABufferRestsStillHold) {
  Simulation run({.workers = 4, .buffer = 0, .limits = limits_of({.throttle = {50ms, 50ms}})});
  run.run(same(6, "A", 10ms));
  EXPECT_EQ(run.gaps("A"), std::vector<Duration>(5, 50ms));
  EXPECT_LE(run.most_ahead, 2u);
}

TEST(Buffering, BF09_ASlowSourceHoldsBackNoJobThatIsThere) {
  Simulation run({.workers = 2});
  run.run({{"A", 100ms}, {"A", 100ms}, {"B", 100ms, 2s}});
  EXPECT_EQ(run.spans[1].start, at(100ms));
  EXPECT_EQ(run.spans[2].start, at(2s));
}

TEST(Buffering, BF10_WaitingForTheTailWakesNobody) {
  Simulation run({.workers = 4});
  run.run(same(3, "A", 1s));
  EXPECT_EQ(run.wall(), 3s);
  EXPECT_EQ(run.wakes, 4u);
}

TEST(Buffering, BF11_ItemsAliveAreBounded) {
  Simulation run({.workers = 4, .buffer = 16, .limits = limits_of({.throttle = {5ms, 5ms}})});
  std::vector<Item> items;
  for (int i = 0; i < 1000; ++i) items.push_back({std::to_string(i % 3), 1ms});
  run.run(items);
  EXPECT_EQ(run.spans.size(), 1000u);
  EXPECT_LE(run.most_ahead, 4u + 16u);
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

TEST(Scale, PF01_ABusyGroupOfAHundredThousandIsReadInUnderASecond) {
  const double begin = cpu_seconds();
  Scheduler scheduler({.slots = 2, .buffer = 100'000});
  const GroupId group = scheduler.add_group({});
  scheduler.add(JobId{1}, group);
  EXPECT_TRUE(scheduler.pick(at(0s)));
  std::uint64_t read = 1;
  while (scheduler.wants_more(at(0s))) {
    scheduler.add(JobId{++read}, group);
    EXPECT_FALSE(scheduler.pick(at(0s)));
  }
  EXPECT_EQ(read, 100'001u);
  EXPECT_WITHIN(cpu_seconds() - begin, 1.0);
}

TEST(Scale, PF05_AHundredThousandGroupsReleasedAtOnceGoOldestFirstAndNoDecisionTakesLong) {
  constexpr std::uint64_t kGroups = 100'000;
  Scheduler scheduler({.slots = 1, .buffer = kGroups});
  for (std::uint64_t job = 1; job <= kGroups; ++job) {
    const GroupId group = scheduler.add_group({});
    scheduler.add(JobId{job}, group);
    scheduler.pause(group, at(10s));
  }
  EXPECT_FALSE(scheduler.pick(at(10s) - 1ns));
  EXPECT_EQ(scheduler.wake_at(at(1s)), at(10s));
  double longest = 0;
  for (std::uint64_t job = 1; job <= kGroups; ++job) {
    const double begin = cpu_seconds();
    const auto picked = scheduler.pick(at(10s));
    longest = std::max(longest, cpu_seconds() - begin);
    ASSERT_EQ(picked, JobId{job});
    scheduler.end(*picked, at(10s));
  }
  EXPECT_WITHIN(longest, 0.005);
}

}  // namespace
}  // namespace distaff::testing::cases_test

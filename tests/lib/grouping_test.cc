#include "distaff/grouping.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "distaff/imap.h"
#include "lib/probe.h"

namespace distaff::grouping_test {
namespace {

using namespace std::chrono_literals;

const auto kOne = by([](int) { return 0; });  // all in one group

// Observes jobs of ints, each so long, in the groups that `name` gives.
template <class Name>
auto observed(Probe& probe, double ms, Name name) {
  return [&probe, ms, name](int i) {
    probe.observe(name(i), i, [ms] { sleep_ms(ms); });
    return i;
  };
}
auto observed(Probe& probe, double ms) {
  return observed(probe, ms, [](int) { return std::string("A"); });
}

// ---- limits

void expect_limits(bool ordered, int parallelism, int workers, int buffer) {
  SCOPED_TRACE(testing::Message() << workers << " workers, buffer " << buffer);
  Probe probe;
  const auto run = [&](const Item& item) { return probe.observe(item); };
  const auto key = by(kGroup).parallelism(parallelism);
  const ImapOptions options{.workers = workers, .buffer_size = buffer};
  auto got = all(ordered ? imap(data10(), run, key, options)
                         : imap_unordered(data10(), run, key, options));
  if (!ordered) {
    std::sort(got.begin(), got.end(), [](auto& a, auto& b) { return a.index < b.index; });
  }
  EXPECT_EQ(got, data10());
  for (const char* group : {"A", "B", "C", "D"}) EXPECT_LE(probe.most_in(group), parallelism);
  EXPECT_LE(probe.most(), workers);
}

TEST(Groups, GR_01_OneOfAGroupAtOnce) {
  for (const int workers : {2, 4, 16}) {
    for (const int buffer : {1, 3, 1024}) expect_limits(false, 1, workers, buffer);
  }
}

TEST(Groups, GR_02_ThreeOfAGroupAtOnce) { expect_limits(false, 3, 4, 3); }

TEST(Groups, GR_03_InOrderToo) {
  for (const int workers : {2, 4, 16}) {
    for (const int buffer : {1, 3, 1024}) expect_limits(true, 1, workers, buffer);
  }
  expect_limits(true, 3, 4, 3);
}

TEST(Groups, GR_04_OneGroupRunsOneByOne) {
  Probe probe;
  const auto start = Clock::now();
  all(imap_unordered(up_to(10), observed(probe, 30), kOne, {.workers = 10}));
  EXPECT_EQ(probe.most(), 1);
  EXPECT_GE(seconds_since(start), 0.30);
  EXPECT_WITHIN(seconds_since(start), 0.8);
}

TEST(Groups, GR_05_TwoGroupsRunBesideEachOther) {
  Probe probe;
  const auto start = Clock::now();
  const auto key = by([](int i) { return i % 2; });
  const auto run = [&](int i) {
    probe.observe("A", i, [&] {
      EXPECT_TRUE(probe.eventually_at_once(2));
      sleep_ms(50);
    });
  };
  all(imap_unordered(up_to(10), run, key, {.workers = 10}));
  EXPECT_EQ(probe.most(), 2);
  EXPECT_GE(seconds_since(start), 0.25);
  EXPECT_WITHIN(seconds_since(start), 0.45);
}

TEST(Groups, GR_06_TwoOfOneGroupAtOnce) {
  Probe probe;
  const auto start = Clock::now();
  const auto run = [&](int i) {
    probe.observe("A", i, [&] {
      EXPECT_TRUE(probe.eventually_at_once(2));
      sleep_ms(50);
    });
  };
  all(imap_unordered(up_to(10), run, kOne.parallelism(2), {.workers = 10}));
  EXPECT_EQ(probe.most(), 2);
  EXPECT_GE(seconds_since(start), 0.25);
  EXPECT_WITHIN(seconds_since(start), 0.5);
}

TEST(Groups, GR_07_ComputedParallelism) {
  Probe probe;
  const auto run = [&](const Item& item) { return probe.observe(item); };
  const auto key = by(kGroup).parallelism([](char group) { return group == 'B' ? 3 : 1; });
  EXPECT_EQ(all(imap(data10(), run, key, {.workers = 4})), data10());
  EXPECT_LE(probe.most_in("B"), 3);
  for (const char* group : {"A", "C", "D"}) EXPECT_EQ(probe.most_in(group), 1);
}

TEST(Groups, GR_08_NoLimitForOneGroup) {
  Probe probe;
  std::vector<Item> items;
  for (int i = 0; i < 8; ++i) items.push_back({'B', 0, i});
  const auto run = [&](const Item& item) {
    probe.observe("B", item.index, [&] { EXPECT_TRUE(probe.eventually_at_once_in("B", 8)); });
  };
  const auto key = by(kGroup).parallelism(
      [](char group) { return group == 'B' ? std::nullopt : std::optional(1); });
  all(imap_unordered(items, run, key, {.workers = 8}));
  EXPECT_EQ(probe.most_in("B"), 8);
}

TEST(Groups, GR_09_ParallelismThatThrows) {
  const auto key = by(kGroup).parallelism([](char group) {
    if (group == 'B') throw std::range_error("no B here");
    return 1;
  });
  for (const int workers : {0, 2}) {
    EXPECT_THROW(all(imap(data10(), same, key, {.workers = workers})), std::range_error);
  }
}

TEST(Groups, GR_10_ParallelismThatIsNonsense) {
  for (const int nonsense : {0, -3}) {
    const auto key = by(kGroup).parallelism([=](char g) { return g == 'B' ? nonsense : 1; });
    EXPECT_THROW(all(imap(data10(), same, key, {.workers = 2})), std::invalid_argument);
  }
}

TEST(Groups, GR_11_ParallelismIsComputedOnceAsLongAsAGroupIsKnown) {
  std::atomic<int> calls{0};
  std::atomic<int> held{0};
  const auto key = by([](int i) { return i % 5; }).parallelism([&](int) {
    ++calls;
    return 1;
  });
  // The first five hold their groups until all have been read.
  std::atomic<int> read{0};
  const auto source = [&]() -> std::optional<int> {
    if (read == 100) return std::nullopt;
    return read++;
  };
  const auto run = [&](int i) {
    if (i < 5) {
      ++held;
      while (read < 100) std::this_thread::yield();
    }
  };
  all(imap_unordered(source, run, key, {.workers = 5}));
  EXPECT_EQ(calls, 5);
}

TEST(Groups, GR_12_ItemsOfAGroupStartInTheirOrder) {
  std::mt19937 random(7);
  std::vector<Item> items;
  for (int i = 0; i < 200; ++i) items.push_back({static_cast<char>('A' + random() % 5), 0, i});
  Probe probe;
  const auto run = [&](const Item& item) { return probe.observe(item); };
  all(imap_unordered(items, run, by(kGroup), {.workers = 8}));
  for (const char* group : {"A", "B", "C", "D", "E"}) {
    const auto starts = probe.starts(group);
    EXPECT_TRUE(std::is_sorted(starts.begin(), starts.end())) << group;
  }
}

TEST(Groups, GR_13_NoGroupNoLimit) {
  Probe probe;
  const auto start = Clock::now();
  const auto key = by([](int i) { return i % 2 ? std::nullopt : std::optional<std::string>("A"); });
  const auto run = [&](int i) {
    probe.observe(i % 2 ? "" : "A", i, [&] {
      if (i % 2) {
        EXPECT_TRUE(probe.eventually_at_once_in("", 2));
      }
      sleep_ms(30);
    });
  };
  all(imap_unordered(up_to(20), run, key, {.workers = 4}));
  EXPECT_EQ(probe.most_in("A"), 1);
  EXPECT_GE(probe.most_in(""), 2);
  EXPECT_WITHIN(seconds_since(start), 0.5);
}

TEST(Groups, GR_14_KeyThatThrows) {
  for (const int workers : {0, 2}) {
    const auto key = by([](int i) {
      if (i == 3) throw std::range_error("the fourth");
      return i;
    });
    std::vector<int> got;
    const auto take = [&] {
      for (const int r : imap(up_to(10), same, key, {.workers = workers})) got.push_back(r);
    };
    EXPECT_THROW(take(), std::range_error);
    EXPECT_EQ(got, up_to(3));
  }
}

TEST(Groups, GR_15_NoughtAndNothingAndFalseAreGroups) {
  const auto alone = [](auto key) {
    Probe probe;
    all(imap_unordered(up_to(6), observed(probe, 5), by(key), {.workers = 4}));
    return probe.most();
  };
  EXPECT_EQ(alone([](int) { return 0; }), 1);
  EXPECT_EQ(alone([](int) { return std::string(); }), 1);
  EXPECT_EQ(alone([](int) { return false; }), 1);
  EXPECT_EQ(alone([](int) { return std::optional<int>(0); }), 1);
}

TEST(Groups, GR_16_TenThousandGroups) {
  const auto start = Clock::now();
  EXPECT_EQ(all(imap_unordered(up_to(10000), same, by(same), {.workers = 8})).size(), 10000u);
  EXPECT_WITHIN(seconds_since(start), 2);
}

// ---- rests

void expect_gaps(const Probe& probe, std::size_t count, double least) {
  const auto gaps = probe.gaps("A");
  ASSERT_EQ(gaps.size(), count);
  for (const double gap : gaps) EXPECT_GE(gap, least);
}

TEST(Throttle, TH_01_AGroupRests) {
  for (const int buffer : {1, 3, 1024}) {
    for (const bool ordered : {true, false}) {
      Probe probe;
      const ImapOptions options{.workers = 10, .buffer_size = buffer};
      const auto key = kOne.throttle(10ms);
      const auto got = all(ordered ? imap(up_to(10), observed(probe, 0), key, options)
                                   : imap_unordered(up_to(10), observed(probe, 0), key, options));
      EXPECT_EQ(got, up_to(10));
      expect_gaps(probe, 9, 0.010);
    }
  }
}

TEST(Throttle, TH_02_NeverEarlyAndHardlyLate) {
  Probe probe;
  all(imap(up_to(40), observed(probe, 0), kOne.throttle(20ms), {.workers = 2}));
  expect_gaps(probe, 39, 0.020);
  auto gaps = probe.gaps("A");
  std::sort(gaps.begin(), gaps.end());
  EXPECT_WITHIN(gaps[gaps.size() / 2], 0.025);
}

TEST(Throttle, TH_03_TheLastRestDelaysNothing) {
  const auto start = Clock::now();
  all(imap(up_to(1), same, kOne.throttle(5s), {.workers = 2}));
  EXPECT_WITHIN(seconds_since(start), 0.5);
}

TEST(Throttle, TH_04_GroupsRestAlone) {
  const auto start = Clock::now();
  all(imap(up_to(6), same, by([](int i) { return i % 2; }).throttle(200ms), {.workers = 4}));
  EXPECT_GE(seconds_since(start), 0.4);
  EXPECT_WITHIN(seconds_since(start), 0.7);
}

TEST(Throttle, TH_05_Computed) {
  Probe probe;
  std::atomic<int> wrong{0};
  const auto parity = [](int i) { return std::string(i % 2 ? "odd" : "even"); };
  const auto key =
      by(parity).throttle([&](const std::string& group, int item, Outcome<int> result) {
        if (*result != item || group != parity(item)) ++wrong;
        return group == "even" ? 100ms : 0ms;
      });
  all(imap_unordered(up_to(10), observed(probe, 0, parity), key, {.workers = 4}));
  EXPECT_EQ(wrong, 0);
  for (const double gap : probe.gaps("even")) EXPECT_GE(gap, 0.1);
  const auto odd = probe.spans("odd");
  const std::chrono::duration<double> took = odd.back().end - odd.front().start;
  EXPECT_WITHIN(took.count(), 0.1);
}

TEST(Throttle, TH_06_ComputedOnceForEachJob) {
  for (const int workers : {0, 3}) {
    std::vector<int> asked;
    const auto key = kOne.throttle([&](int, int, const Outcome<int>& result) {
      asked.push_back(result.value());
      return 0ms;
    });
    all(imap(up_to(10), [](int i) { return i * 10; }, key, {.workers = workers}));
    EXPECT_EQ(asked, (std::vector{0, 10, 20, 30, 40, 50, 60, 70, 80, 90}));
  }
}

TEST(Throttle, TH_07_NotForJobsWithoutAGroup) {
  std::atomic<int> calls{0};
  const auto key = by([](int) { return std::optional<int>(); }).throttle([&](auto&&...) {
    ++calls;
    return 1h;
  });
  EXPECT_EQ(all(imap(up_to(10), same, key, {.workers = 2})), up_to(10));
  EXPECT_EQ(calls, 0);
}

TEST(Throttle, TH_08_ThatThrows) {
  for (const int workers : {0, 2}) {
    const auto key = kOne.throttle([](int, int item, const auto&) {
      if (item > 2) throw std::range_error("too much");
      return 0ms;
    });
    const ImapOptions options{.workers = workers, .on_error = ErrorPolicy::ignore};
    EXPECT_THROW(all(imap(up_to(10), same, key, options)), std::range_error);
  }
}

TEST(Throttle, TH_09_ThatIsNegative) {
  const auto key = kOne.throttle([](int, int, const auto&) { return -1ms; });
  EXPECT_THROW(all(imap(up_to(10), same, key, {.workers = 2})), std::invalid_argument);
}

TEST(Throttle, TH_10_ThatIsNone) {
  const auto key = kOne.throttle([](auto&&...) { return std::optional<std::chrono::seconds>(); });
  for (const int workers : {0, 2}) {
    EXPECT_EQ(all(imap(up_to(10), same, key, {.workers = workers})), up_to(10));
  }
}

TEST(Throttle, TH_11_AFixedRestAndMoreThanOneAtOnceIsAContradiction) {
  std::atomic<int> touched{0};
  const auto source = [&]() -> std::optional<int> { return touched++; };
  using Wrong = InvalidThrottleParallelism;
  EXPECT_THROW(imap(source, same, kOne.throttle(1s).parallelism(4)), Wrong);
  EXPECT_THROW(imap(source, same, kOne.parallelism(4).throttle(1s)), Wrong);
  // Computed ones are not: what rests starts nothing.
  EXPECT_NO_THROW(imap(source, same, kOne.parallelism(4).throttle([](auto&&...) { return 1s; })));
  EXPECT_NO_THROW(imap(source, same, kOne.parallelism([](int) { return 4; }).throttle(1s)));
  EXPECT_EQ(touched, 0);
}

TEST(Throttle, TH_12_RandomRests) {
  Probe probe;
  std::mt19937 random(1);
  const auto start = Clock::now();
  const auto key =
      kOne.throttle([&](auto&&...) { return 50ms + std::chrono::milliseconds(random() % 21); });
  all(imap(up_to(10), observed(probe, 0), key, {.workers = 2}));
  expect_gaps(probe, 9, 0.050);
  EXPECT_WITHIN(seconds_since(start), 9 * 0.070 + 0.5);
}

TEST(Throttle, TH_12_RestsDrawnFromARange) {
  Probe probe;
  all(imap(up_to(5), observed(probe, 0), kOne.throttle(20ms, 40ms), {.workers = 2}));
  expect_gaps(probe, 4, 0.020);
}

TEST(Throttle, TH_13_AnotherKeyKnowsNothingOfEarlierRests) {
  Executor executor(2);
  Probe probe;
  const auto key = [](int) { return 0; };
  all(executor.imap(up_to(1), observed(probe, 0), by(key).throttle(500ms)));
  all(executor.imap(up_to(1), observed(probe, 0), by(key).throttle(500ms)));
  EXPECT_WITHIN(probe.gaps("A").at(0), 0.1);
}

TEST(Throttle, TH_18_TheSameKeyKnowsEarlierRests) {
  for (const int workers : {0, 2}) {
    Executor executor(workers);
    Probe probe;
    const auto key = kOne.throttle(500ms);
    all(executor.imap(up_to(1), observed(probe, 0), key));
    all(executor.imap(up_to(1), observed(probe, 0), key));
    EXPECT_GE(probe.gaps("A").at(0), 0.5);
    executor.reset_throttle();
    all(executor.imap(up_to(1), observed(probe, 0), key));
    EXPECT_WITHIN(probe.gaps("A").at(1), 0.1);
  }
}

TEST(Throttle, TH_18_AlsoThroughARunThatHasNoneOfTheGroup) {
  Executor executor(2);
  Probe probe;
  const auto key = by([](int i) { return i; }).throttle(300ms);
  all(executor.imap(std::vector{1}, observed(probe, 0), key));
  all(executor.imap(std::vector{2}, same, key));
  all(executor.imap(std::vector{1}, observed(probe, 0), key));
  EXPECT_GE(probe.gaps("A").at(0), 0.3);
}

TEST(Throttle, TH_14_CountsFromTheJobsEndWhateverTheConsumerDoes) {
  Probe probe;
  for ([[maybe_unused]] int r :
       imap(up_to(3), observed(probe, 0), kOne.throttle(300ms), {.workers = 2})) {
    sleep_ms(500);
  }
  const auto spans = probe.spans();
  for (std::size_t i = 1; i < 3; ++i) {
    const std::chrono::duration<double> after = spans[i].start - spans[0].start;
    EXPECT_GE(after.count(), 0.3 * static_cast<double>(i));
    EXPECT_WITHIN(after.count(), 0.3 * static_cast<double>(i) + 0.1);
  }
}

TEST(Throttle, TH_15_NoThreadsForTime) {
  const int before = count_threads();
  std::atomic<int> most{0};
  const auto run = [&](int) { raise_to(most, count_threads()); };
  all(imap_unordered(up_to(400), run, by([](int i) { return i % 40; }).throttle(50ms),
                     {.workers = 8}));
  EXPECT_LE(most - before, 8 + 3);
}

TEST(Throttle, TH_16_LongerAfterAFailure) {
  Probe probe;
  const auto run = [&](int i) {
    probe.observe("A", i, [] {});
    if (i == 1) throw std::runtime_error("busy");
    return i;
  };
  const auto key = kOne.throttle(
      [](int, int, const Outcome<int>& outcome) { return outcome.ok() ? 0ms : 200ms; });
  const ImapOptions options{.workers = 2, .on_error = ErrorPolicy::ignore};
  EXPECT_EQ(all(imap(up_to(4), run, key, options)), (std::vector{0, 2, 3}));
  const auto gaps = probe.gaps("A");
  EXPECT_GE(gaps.at(1), 0.2);
  EXPECT_WITHIN(gaps.at(0), 0.1);
  EXPECT_WITHIN(gaps.at(2), 0.1);
}

TEST(Throttle, RatesHoldToo) {
  Probe probe;
  const auto start = Clock::now();
  all(imap(up_to(4), observed(probe, 0), kOne.parallelism(std::nullopt).rate({.count = 10}),
           {.workers = 4}));
  EXPECT_GE(seconds_since(start), 0.3) << "the first at once, then one each 100 ms";
  EXPECT_WITHIN(seconds_since(start), 0.5);
}

TEST(Throttle, WithoutWorkersItRestsToo) {
  Probe probe;
  all(imap(up_to(4), observed(probe, 0), kOne.throttle(20ms), {.workers = 0}));
  expect_gaps(probe, 3, 0.020);
}

}  // namespace
}  // namespace distaff::grouping_test

#include "distaff/imap.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <forward_list>
#include <latch>
#include <memory>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "lib/probe.h"
#include "os/cpus.h"

namespace distaff::imap_test {
namespace {

using namespace std::chrono_literals;

// A source without end, which tells how much of it was read.
struct Endless {
  std::shared_ptr<std::atomic<int>> pulled = std::make_shared<std::atomic<int>>(0);
  std::optional<int> operator()() { return (*pulled)++; }
};

Item slept(const Item& item) {
  sleep_ms(item.ms);
  return item;
}

TEST(Imap, IM_01_UnorderedGivesTheSameSet) {
  std::multiset<int> got;
  for (const Item& item : imap_unordered(data10(), slept, {.workers = 2})) got.insert(item.index);
  EXPECT_EQ(got, (std::multiset<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Imap, IM_02_OrderedGivesTheInputsOrder) {
  for (const int workers : {1, 2, 4, 16}) {
    EXPECT_EQ(all(imap(data10(), slept, {.workers = workers})), data10()) << workers;
  }
}

TEST(Imap, IM_03_EmptyOptionalsAreItemsLikeOthers) {
  const std::vector<std::optional<int>> items(3);
  const auto got = all(imap_unordered(items, same, {.workers = 2}));
  EXPECT_EQ(got, items);
}

TEST(Imap, IM_04_OneItemIsRunByOneWorker) {
  Probe probe;
  const auto run = [&](int i) {
    probe.observe("", i, [] {});
    return i;
  };
  EXPECT_EQ(all(imap(up_to(1), run, {.workers = 4})), up_to(1));
  EXPECT_EQ(probe.threads().size(), 1u);
}

TEST(Imap, IM_05_AnEmptySourceOfUnknownSizeIsNothing) {
  const int before = count_threads();
  const auto start = Clock::now();
  const auto none = []() -> std::optional<int> { return std::nullopt; };
  EXPECT_TRUE(all(imap(none, same, {.workers = 5})).empty());
  EXPECT_WITHIN(seconds_since(start), 0.5);
  EXPECT_TRUE(no_more_threads_than(before));
}

TEST(Imap, IM_06_KnownToBeEmptyStartsNothing) {
  int called = 0;
  const auto init = [&] {
    ++called;
    throw std::runtime_error("never");
  };
  EXPECT_TRUE(all(imap(std::vector<int>{}, same, {.workers = 4, .initializer = init})).empty());
  EXPECT_EQ(called, 0);
}

TEST(Imap, IM_07_NoMoreWorkersThanItems) {
  std::atomic<int> started{0};
  all(imap(up_to(2), same, {.workers = 16, .initializer = [&] { ++started; }}));
  EXPECT_LE(started, 2);
  EXPECT_GE(started, 1);
}

TEST(Imap, IM_08_DefaultWorkers) {
  std::atomic<int> started{0};
  Executor executor({.initializer = [&] { ++started; }});
  EXPECT_EQ(executor.workers(), std::min(32, usable_cpus() + 4));
  EXPECT_EQ(started, executor.workers());
}

TEST(Imap, IM_09_UnorderedComesAsItEnds) {
  const std::vector<int> times{3, 2, 1, 2, 3, 2, 1, 1, 4, 1};
  const auto start = Clock::now();
  // Each ends after its time, and when those of shorter ones have been taken.
  std::atomic<int> taken{0};
  const auto run = [&](int t) {
    sleep_ms(t * 50);
    const auto shorter = std::count_if(times.begin(), times.end(), [t](int s) { return s < t; });
    EXPECT_TRUE(test::eventually([&] { return taken >= shorter; }));
    return t;
  };
  std::vector<int> got;
  for (const int t : imap_unordered(times, run, {.workers = 10})) {
    got.push_back(t);
    ++taken;
  }
  EXPECT_WITHIN(seconds_since(start), 0.35);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_EQ(got.size(), times.size());
}

TEST(Imap, IM_10_EachItemOnce) {
  std::vector<std::atomic<int>> calls(10000);
  for (const int groups : {0, 1, 7}) {
    for (auto& call : calls) call = 0;
    const auto run = [&](int i) { ++calls[static_cast<std::size_t>(i)]; };
    if (groups == 0) {
      EXPECT_EQ(all(imap_unordered(up_to(10000), run, {.workers = 8})).size(), 10000u);
    } else {
      const auto key = by([groups](int i) { return i % groups; }).parallelism(2);
      EXPECT_EQ(all(imap_unordered(up_to(10000), run, key, {.workers = 8})).size(), 10000u);
    }
    for (const auto& call : calls) ASSERT_EQ(call, 1);
  }
}

TEST(Imap, IM_11_ResultsNeedOnlyBeMovable) {
  const auto run = [](int i) { return std::make_unique<int>(i * 2); };
  int expected = 0;
  for (auto& result : imap(up_to(50), run, {.workers = 4})) EXPECT_EQ(*result, 2 * expected++);
  EXPECT_EQ(expected, 50);
  int sum = 0;
  for (auto& result : imap_unordered(up_to(50), run, {.workers = 4})) sum += *std::move(result);
  EXPECT_EQ(sum, 49 * 50);
}

TEST(Imap, IM_12_ItemsNeedOnlyBeMovable) {
  for (const int workers : {0, 3}) {
    std::vector<std::unique_ptr<int>> items;
    for (const int i : up_to(50)) items.push_back(std::make_unique<int>(i));
    const auto run = [](std::unique_ptr<int> item) { return *item; };
    EXPECT_EQ(all(imap(std::move(items), run, {.workers = workers})), up_to(50));
  }
}

TEST(Imap, IM_13_VoidGivesAUnitEach) {
  int units = 0;
  for ([[maybe_unused]] std::monostate unit : imap(up_to(7), [](int) {}, {.workers = 2})) ++units;
  EXPECT_EQ(units, 7);
}

TEST(Imap, IM_14_OptionsOutOfRangeAreRefusedBeforeTheSourceIsTouched) {
  Endless source;
  const auto key = by([](int i) { return i % 2; });
  using Bad = std::invalid_argument;
  EXPECT_THROW(imap(source, same, {.workers = -1}), Bad);
  EXPECT_THROW(imap(source, same, {.buffer_size = -1}), Bad);
  EXPECT_THROW(imap(source, same, {.window = 0}), Bad);
  EXPECT_THROW(imap(source, same, key.parallelism(0)), Bad);
  EXPECT_THROW(imap(source, same, key.parallelism(-1)), Bad);
  EXPECT_THROW(imap(source, same, key.throttle(-4s)), Bad);
  EXPECT_THROW(imap(source, same, key.throttle(4s, 3s)), Bad);
  EXPECT_THROW(imap(source, same, key.rate({.count = 0})), Bad);
  EXPECT_THROW(Executor(-1), Bad);
  Executor executor(1);
  EXPECT_THROW(executor.imap(source, same, NoGroups{}, {.buffer_size = -1}), Bad);
  EXPECT_EQ(*source.pulled, 0);
  try {
    imap(source, same, {.buffer_size = -1});
  } catch (const Bad& bad) {
    EXPECT_STREQ(bad.what(), "buffer_size is -1; it must be 0 or more");
  }
}

TEST(Imap, IM_16_MoreParallelismThanWorkersIsFine) {
  Probe probe;
  const auto run = [&](int i) {
    probe.observe("A", i, [&] {
      EXPECT_TRUE(probe.eventually_at_once(5));
      sleep_ms(50);
    });
  };
  all(imap(up_to(20), run, by([](int) { return 0; }).parallelism(10), {.workers = 5}));
  EXPECT_EQ(probe.most(), 5);
}

TEST(Imap, IM_17_OptionsAreCheckedThoughWorkersIsLeftOut) {
  EXPECT_THROW(imap(up_to(3), same, {.buffer_size = -1}), std::invalid_argument);
  EXPECT_THROW(imap(up_to(3), same, by(same).parallelism(0)), std::invalid_argument);
}

TEST(Imap, IM_18_ASourceThatBlocks) {
  int next = 0;
  const auto source = [&]() -> std::optional<int> {
    sleep_ms(10);
    return next < 5 ? std::optional(next++) : std::nullopt;
  };
  EXPECT_EQ(all(imap(source, same, {.workers = 2})), up_to(5));
}

TEST(Imap, IM_19_ASourceThatAnotherThreadReleases) {
  std::mutex mutex;
  std::condition_variable changed;
  int released = 0;
  int given = 0;
  const auto source = [&]() -> std::optional<int> {
    std::unique_lock lock(mutex);
    if (given == 5) return std::nullopt;
    changed.wait(lock, [&] { return released > given; });
    return given++;
  };
  std::thread other([&] {
    for (int i = 0; i < 5; ++i) {
      sleep_ms(10);
      const std::lock_guard lock(mutex);
      ++released;
      changed.notify_one();
    }
  });
  EXPECT_EQ(all(imap(source, same, {.workers = 2})), up_to(5));
  other.join();
}

// ---- beyond the list

TEST(Imap, ReadsAnyRange) {
  const std::forward_list<int> list{1, 2, 3};
  EXPECT_EQ(all(imap(list, same, {.workers = 2})), (std::vector{1, 2, 3}));
  const std::array<std::string, 2> words{"a", "b"};
  EXPECT_EQ(all(imap(words, same, {.workers = 2})), (std::vector<std::string>{"a", "b"}));
  std::vector<bool> bits{true, false};
  EXPECT_EQ(all(imap(bits, [](bool b) { return !b; }, {.workers = 1})), (std::vector{false, true}));
}

#ifndef __clang__  // whose version 14 cannot read this part of the standard library
TEST(Imap, ReadsViewsAndIsARange) {
  static_assert(std::ranges::input_range<Results<int>>);
  std::istringstream in("1 2 3");
  EXPECT_EQ(all(imap(std::ranges::istream_view<int>(in), same, {.workers = 2})),
            (std::vector{1, 2, 3}));
  EXPECT_EQ(all(imap(std::views::iota(0) | std::views::take(4), same, {.workers = 2})), up_to(4));
}
#endif

TEST(Imap, LvaluesAreReferredToAndRvaluesMovedFrom) {
  std::vector<std::string> words{"one", "two"};
  all(imap(words, [](std::string word) { return word; }, {.workers = 1}));
  EXPECT_EQ(words, (std::vector<std::string>{"one", "two"}));
}

TEST(Imap, AFunctionMayTakeAStopToken) {
  const auto run = [](int i, std::stop_token token) { return token.stop_requested() ? -1 : i; };
  EXPECT_EQ(all(imap(up_to(5), run, {.workers = 2})), up_to(5));
}

TEST(Imap, AStopTokenEndsTheRun) {
  for (const int workers : {0, 2}) {
    std::stop_source stop;
    Endless source;
    int taken = 0;
    auto results = imap(source, same, {.workers = workers, .stop = stop.get_token()});
    EXPECT_THROW(
        {
          for ([[maybe_unused]] int r : results) {
            if (++taken == 3) stop.request_stop();
          }
        },
        CancelledError);
    EXPECT_GE(taken, 3);
  }
}

TEST(Imap, ResultsMayBeMovedFromAndPassedOn) {
  auto results = imap(up_to(5), [](int i) { return std::to_string(i); }, {.workers = 2});
  auto at = results.begin();
  EXPECT_EQ(*at, "0");
  Results<std::string> moved = std::move(results);
  EXPECT_EQ(all(std::move(moved)).size(), 5u) << "the first is still there";
}

}  // namespace
}  // namespace distaff::imap_test

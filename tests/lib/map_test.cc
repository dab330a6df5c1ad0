#include "distaff/map.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "distaff/inline_pool.h"
#include "distaff/thread_pool.h"
#include "support/single_pass.h"
#include "support/timing.h"

namespace distaff::map_test {
namespace {

using namespace std::chrono_literals;
using test::SinglePass;
using test::Stopwatch;
using Numbers = std::vector<int>;

const auto square = [](int n) { return n * n; };
const auto same = [](int n) { return n; };

Numbers up_to(int count) {
  Numbers numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

Numbers all(auto&& results) {
  Numbers numbers;
  for (auto&& result : results) numbers.push_back(result);
  return numbers;
}

// Task n ends when task n+1 has been taken; the last one at once.
class Backwards {
 public:
  explicit Backwards(int count) {
    for (int i = 0; i < count; ++i) ends_.push_back(std::make_unique<std::latch>(1));
    ends_.back()->count_down();
  }
  int run(int n) {
    ends_[static_cast<std::size_t>(n)]->wait();
    return n;
  }
  void taken(int n) {
    if (n > 0) ends_[static_cast<std::size_t>(n - 1)]->count_down();
  }

 private:
  std::vector<std::unique_ptr<std::latch>> ends_;
};

TEST(Map, MP_01_GivesTheResultsInOrder) {
  const Numbers numbers = up_to(10);
  for (const int chunk : {1, 5}) {
    for (const int window : {1, 3}) {
      std::atomic<int> spawned = 0;
      ThreadPool pool({.max_workers = 8, .initializer = [&] { ++spawned; }});
      EXPECT_EQ(all(pool.map(square, numbers, {.chunk_size = chunk, .window = window})),
                (Numbers{0, 1, 4, 9, 16, 25, 36, 49, 64, 81}));
      EXPECT_LE(spawned, (10 + chunk - 1) / chunk);
      EXPECT_LE(spawned, window);
    }
  }
}

TEST(Map, MP_02_TakesSeveralRangesUpToTheShortest) {
  ThreadPool pool(2);
  EXPECT_EQ(all(pool.map(std::plus(), Numbers{1, 2, 3, 4, 5}, Numbers{10, 20, 30})),
            (Numbers{11, 22, 33}));
  const auto sum = [](int a, int b, int c) { return a + b + c; };
  EXPECT_EQ(all(pool.map(sum, up_to(5), Numbers{10, 20}, up_to(3), {.chunk_size = 2})),
            (Numbers{10, 22}));
}

TEST(Map, MP_03_StarmapTakesTuples) {
  ThreadPool pool(2);
  const std::vector<std::pair<int, int>> pairs = {{1, 2}, {3, 4}, {5, 6}};
  EXPECT_EQ(all(pool.starmap(std::plus(), pairs)), (Numbers{3, 7, 11}));
  EXPECT_EQ(all(pool.starmap(std::plus(), pairs, {.chunk_size = 2})), (Numbers{3, 7, 11}));
  const std::vector<std::tuple<int, int, int>> triples = {{1, 2, 3}};
  EXPECT_EQ(all(pool.starmap([](int a, int b, int c) { return a * b * c; }, triples)),
            (Numbers{6}));
  auto unordered = all(pool.starmap_unordered(std::plus(), pairs));
  EXPECT_EQ(std::multiset<int>(unordered.begin(), unordered.end()), (std::multiset<int>{3, 7, 11}));
}

TEST(Map, MP_04_EagerMaps) {
  ThreadPool pool(2);
  const std::vector<std::pair<int, int>> pairs = {{1, 2}, {3, 4}, {5, 6}};
  for (const int chunk : {1, 5}) {
    EXPECT_EQ(all(pool.map_all(square, up_to(7), {.chunk_size = chunk})),
              (Numbers{0, 1, 4, 9, 16, 25, 36}));
    EXPECT_EQ(all(pool.map_all(std::plus(), up_to(3), up_to(3), {.chunk_size = chunk})),
              (Numbers{0, 2, 4}));
    EXPECT_EQ(all(pool.starmap_all(std::plus(), pairs, {.chunk_size = chunk})),
              (Numbers{3, 7, 11}));
    EXPECT_EQ(all(pool.starmap_all_unordered(std::plus(), pairs, {.chunk_size = chunk})).size(),
              3u);
  }
}

TEST(Map, MP_04_AnEagerMapHasReadItsRangeWhenItReturns) {
  ThreadPool pool(1);
  SinglePass source{.count = 3};
  auto results = pool.map_all(same, source);
  EXPECT_EQ(source.read, 3);
  pool.join();
  pool.shutdown();
  EXPECT_EQ(all(results), up_to(3)) << "results stay, after the pool's end too";
}

TEST(Map, MP_05_UnorderedGivesResultsAsTasksEnd) {
  ThreadPool pool(3);
  Backwards tasks(3);
  Numbers order;
  for (const int n :
       pool.map_unordered([&](int n) { return tasks.run(n); }, up_to(3), {.window = 3})) {
    order.push_back(n);
    tasks.taken(n);
  }
  EXPECT_EQ(order, (Numbers{2, 1, 0}));
}

TEST(Map, MP_06_ReadsNoMoreThanTheWindowAhead) {
  ThreadPool pool(2);
  for (const bool ordered : {true, false}) {
    for (const int chunk : {1, 4}) {
      for (const int window : {1, 3}) {
        SinglePass source;
        int delivered = 0;
        for (const int n : pool.map(
                 same, source, {.chunk_size = chunk, .window = window, .keep_order = ordered})) {
          if (ordered) {
            ASSERT_EQ(n, delivered);
          }
          ++delivered;
          ASSERT_LE(source.read, delivered + window * chunk);
          if (delivered == 100) break;
        }
      }
    }
  }
}

TEST(Map, MP_06_ReadsNothingBeforeTheFirstResultIsAskedFor) {
  ThreadPool pool(2);
  SinglePass source;
  { const auto results = pool.map(same, source); }
  EXPECT_EQ(source.read, 0);
  EXPECT_EQ(pool.count_workers(), 0);
}

TEST(Map, MP_07_ATimeoutEndsIt) {
  for (const bool eager : {false, true}) {
    for (const bool ordered : {false, true}) {
      ThreadPool pool(1);
      std::latch go(1);
      const auto wait = [&](int n) {
        go.wait();
        return n;
      };
      const MapOptions options = {.timeout = 10ms, .keep_order = ordered};
      const auto check = [&](auto&& results) {
        const Stopwatch watch;
        EXPECT_THROW(results.next(), TimeoutError);
        EXPECT_GE(watch.elapsed(), 10ms);
        EXPECT_EQ(results.next(), std::nullopt);
        go.count_down();
      };
      if (eager) {
        check(pool.map_all(wait, up_to(5), options));
      } else {
        check(pool.map(wait, up_to(5), options));
      }
    }
  }
}

TEST(Map, MP_07_WithoutTimeOnlyWhatIsDoneIsGiven) {
  ThreadPool pool(1);
  auto done = pool.map_all(same, up_to(3), {.timeout = 0s});
  pool.join();
  EXPECT_EQ(all(done), (Numbers{0, 1, 2}));
}

TEST(Map, MP_08_EnoughTimeChangesNothing) {
  ThreadPool pool(2);
  EXPECT_EQ(all(pool.map(same, up_to(5), {.timeout = 200s})), up_to(5));
  EXPECT_EQ(all(pool.map_all(same, up_to(5), {.timeout = 200s})), up_to(5));
}

TEST(Map, MP_09_OptionsAreCheckedByTheCall) {
  ThreadPool pool(2);
  SinglePass source;
  const auto message = [&](MapOptions options) -> std::string {
    try {
      static_cast<void>(pool.map(same, source, options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.chunk_size = 0}), "chunk_size must be at least 1, not 0");
  EXPECT_EQ(message({.chunk_size = -1}), "chunk_size must be at least 1, not -1");
  EXPECT_EQ(message({.window = 0}), "window must be at least 1, not 0");
  EXPECT_EQ(message({.timeout = -1ns}), "timeout must not be below 0, as -1 ns is");
  EXPECT_THROW(static_cast<void>(pool.map_all(same, Numbers{}, {.chunk_size = 0})),
               std::invalid_argument);
  EXPECT_EQ(source.read, 0);
}

TEST(Map, MP_10_ALazyMapOfAClosedPoolThrows) {
  for (const bool ordered : {true, false}) {
    std::atomic<int> spawned = 0;
    ThreadPool pool({.max_workers = 2, .initializer = [&] { ++spawned; }});
    auto results = pool.map(same, up_to(100), {.window = 1, .keep_order = ordered});
    EXPECT_EQ(results.next(), 0);
    pool.shutdown();
    EXPECT_THROW(results.next(), PoolClosed);
    EXPECT_EQ(results.next(), std::nullopt);
    EXPECT_EQ(spawned, 1);
    EXPECT_TRUE(pool.is_terminated());
  }
}

TEST(Map, MP_11_TheWindowIsAsWideAsThePool) {
  ThreadPool pool(5);
  std::latch all_there(5);
  const Stopwatch watch;
  EXPECT_EQ(all(pool.map(
                [&](int n) {
                  all_there.arrive_and_wait();
                  std::this_thread::sleep_for(100ms);
                  return n;
                },
                up_to(5))),
            up_to(5));
  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_WITHIN(watch.elapsed(), 300ms);
}

TEST(Map, MP_12_AnExceptionComesAtItsPlace) {
  for (const int chunk : {1, 2, 20}) {
    for (const bool eager : {false, true}) {
      ThreadPool pool(3);
      const auto check = [](auto&& results) {
        for (int n = 1; n <= 4; ++n) EXPECT_EQ(results.next(), n);
        EXPECT_THROW(results.next(), std::out_of_range);
        EXPECT_EQ(results.next(), std::nullopt);
      };
      const auto five_fails = [](int n) {
        if (n == 5) throw std::out_of_range("five");
        return n;
      };
      const Numbers numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9};
      if (eager) {
        check(pool.map_all(five_fails, numbers, {.chunk_size = chunk}));
      } else {
        check(pool.map(five_fails, numbers, {.chunk_size = chunk}));
      }
    }
  }
}

TEST(Map, MP_12_WhatHasNotStartedIsCancelled) {
  for (const bool ordered : {true, false}) {
    ThreadPool pool(1);
    std::atomic<int> ran = 0;
    auto results = pool.map_all(
        [&](int) -> int {
          ++ran;
          throw std::runtime_error("first");
        },
        up_to(100), {.keep_order = ordered});
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(ran, 1);
  }
}

TEST(Map, TheEndOfTheMapWaitsForItsTasksAndCancelsTheRest) {
  ThreadPool pool(1);
  std::latch running(1);
  std::atomic<int> ran = 0;
  {
    auto results = pool.map_all(
        [&](int, std::stop_token stop) {
          running.count_down();
          while (!stop.stop_requested()) std::this_thread::yield();
          // The others are cancelled one by one, behind this one.
          EXPECT_TRUE(test::eventually([&] { return pool.count_pending_tasks() == 0; }));
          std::this_thread::sleep_for(5ms);
          ++ran;
        },
        Numbers{1, 2, 3});
    running.wait();
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
}

TEST(Map, WhatTheRangeThrowsComesAfterTheResults) {
  ThreadPool pool(2);
  for (const int chunk : {1, 2, 5}) {
    auto results = pool.map(same, SinglePass{.torn_at = 3}, {.chunk_size = chunk, .window = 3});
    for (int n = 0; n < 3; ++n) EXPECT_EQ(results.next(), n);
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_EQ(results.next(), std::nullopt);
  }
  EXPECT_THROW(static_cast<void>(pool.map_all(same, SinglePass{.torn_at = 3})), std::runtime_error);
}

TEST(Map, ElementsAndResultsMayBeMoveOnlyOrNothing) {
  ThreadPool pool(2);
  std::vector<std::unique_ptr<int>> owned;
  for (int i = 0; i < 4; ++i) owned.push_back(std::make_unique<int>(i));
  Numbers taken;
  for (std::unique_ptr<int>& p :
       pool.map([](std::unique_ptr<int> p) { return p; }, std::move(owned), {.chunk_size = 3})) {
    const std::unique_ptr<int> mine = std::move(p);
    taken.push_back(*mine);
  }
  EXPECT_EQ(taken, up_to(4));

  int count = 0;
  for (std::monostate nothing : pool.map([](int) {}, up_to(5))) {
    static_cast<void>(nothing);
    ++count;
  }
  EXPECT_EQ(count, 5);
  Numbers even;
  for (const bool is : pool.map([](int n) { return n % 2 == 0; }, up_to(4), {.chunk_size = 4})) {
    even.push_back(is ? 1 : 0);
  }
  EXPECT_EQ(even, (Numbers{1, 0, 1, 0}));
}

TEST(Map, ResultsAreAnInputRangeAndPartOfOthers) {
  ThreadPool pool(2);
  auto results = pool.map(square, up_to(3));
  static_assert(std::ranges::input_range<decltype(results)>);
  static_assert(std::movable<decltype(results)>);
  EXPECT_EQ(all(pool.map(square, results)), (Numbers{0, 1, 16}));
  EXPECT_EQ(all(pool.map(square, pool.map(square, up_to(3)))), (Numbers{0, 1, 16}));
}

TEST(Map, EachElementIsUsedOnce) {
  ThreadPool pool(4);
  const int count = 3000;
  std::vector<std::atomic<int>> used(count);
  int sum = 0;
  for (const int one :
       pool.map_unordered([&](int n) { return ++used[static_cast<std::size_t>(n)]; }, up_to(count),
                          {.chunk_size = 7, .window = 20})) {
    sum += one;
  }
  EXPECT_EQ(sum, count);
}

TEST(Map, AnInlinePoolGivesTheSame) {
  InlinePool pool;
  EXPECT_EQ(all(pool.map(square, up_to(4))), (Numbers{0, 1, 4, 9}));
  EXPECT_EQ(all(pool.map_unordered(square, up_to(4), {.chunk_size = 3})), (Numbers{0, 1, 4, 9}));
  EXPECT_EQ(all(pool.map_all(std::plus(), up_to(4), up_to(3))), (Numbers{0, 2, 4}));
  SinglePass source;
  auto results = pool.map(same, source);
  EXPECT_EQ(results.next(), 0);
  EXPECT_LE(source.read, 2);
}

}  // namespace
}  // namespace distaff::map_test

#include "distaff/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/imap.h"
#include "lib/probe.h"

namespace distaff::queue_test {
namespace {

TEST(Queues, QU_01_JobsAdd) {
  for (const int workers : {0, 2}) {
    Queue<int> queue{1};
    const auto run = [&](int i) {
      if (i < 3) queue.push(i + 1);
      return 2 * i;
    };
    EXPECT_EQ(all(imap(queue, run, {.workers = workers})), (std::vector{2, 4, 6}));
    EXPECT_TRUE(queue.empty());
  }
}

TEST(Queues, QU_02_TheBodyAdds) {
  for (const int workers : {0, 2}) {
    Queue<int> queue{1};
    std::vector<int> got;
    for (const int r : imap(queue, [](int i) { return 2 * i; }, {.workers = workers})) {
      got.push_back(r);
      if (r < 5) queue.push(r / 2 + 1);
    }
    EXPECT_EQ(got, (std::vector{2, 4, 6}));
  }
}

TEST(Queues, QU_03_JobsAddSeveral) {
  for (const int workers : {0, 1, 3}) {
    Queue<int> queue{1};
    const auto run = [&](int i) {
      if (i == 1) {
        for (const int next : {2, 3, 4}) queue.push(next);
      }
      if (i == 3) queue.push(4);
      if (i == 4) queue.push(5);
      return i;
    };
    auto got = all(imap(queue, run, {.workers = workers}));
    if (workers > 1) std::sort(got.begin(), got.end());  // which of two adds first is open
    EXPECT_EQ(got, (std::vector{1, 2, 3, 4, 4, 5, 5}));
    EXPECT_TRUE(queue.empty());
  }
}

TEST(Queues, QU_04_TheBodyAddsSlowly) {
  Queue<int> queue{1};
  std::vector<int> got;
  const auto add = [&](int i) {
    queue.push(i);
    sleep_ms(10);
  };
  for (const int i : imap(queue, same, {.workers = 2})) {
    got.push_back(i);
    if (i == 1) {
      for (const int next : {2, 3, 4}) add(next);
    }
    if (i == 3) add(4);
    if (i == 4) add(5);
  }
  EXPECT_EQ(got, (std::vector{1, 2, 3, 4, 4, 5, 5}));
}

TEST(Queues, QU_05_AnEmptyOneIsAtItsEnd) {
  Queue<int> queue;
  const auto start = Clock::now();
  EXPECT_TRUE(all(imap(queue, same, {.workers = 2})).empty());
  EXPECT_WITHIN(seconds_since(start), 0.2);
}

TEST(Queues, QU_06_WhatTheLastJobAddsLastIsSeen) {
  Executor executor(2);
  for (int i = 0; i < 1000; ++i) {
    Queue<int> queue{1};
    const auto run = [&](int item) {
      if (item == 1) queue.push(2);
    };
    ASSERT_EQ(all(executor.imap_unordered(queue, run)).size(), 2u);
  }
}

TEST(Queues, QU_07_ManyRunsOfOneItem) {
  const int runs = test::repeated(100000);
  Executor executor(2);
  for (int i = 0; i < runs; ++i) {
    Queue<int> queue{i};
    int count = 0;
    for (const int r : executor.imap_unordered(queue, same)) count += r == i;
    ASSERT_EQ(count, 1);
  }
}

TEST(Queues, QU_07_ManyEmptyRuns) {
  const int runs = test::repeated(100000);
  Executor executor(2);
  Queue<int> queue;
  for (int i = 0; i < runs; ++i) ASSERT_TRUE(all(executor.imap(queue, same)).empty());
}

TEST(Queues, QU_08_WhatComesAfterTheEndStays) {
  Queue<int> queue{1};
  auto results = imap(queue, same, {.workers = 2});
  auto at = results.begin();
  ++at;
  EXPECT_TRUE(at == results.end());
  queue.push(2);
  ++at;
  EXPECT_TRUE(at == results.end());
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(all(imap(queue, same, {.workers = 2})), std::vector{2});
}

TEST(Queues, QU_09_ABoundOnlyForWhoAsks) {
  Queue<int> queue(2);
  queue.push(1);
  std::vector<int> got;
  bool refused = false;
  for (const int i : imap(queue, same, {.workers = 1, .window = 1})) {
    got.push_back(i);
    if (i != 1) continue;
    EXPECT_TRUE(queue.try_push(2));
    EXPECT_TRUE(queue.try_push(3));
    refused = !queue.try_push(4);  // the one credit is this body's, so nothing was taken out
    queue.push(5);
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(got, (std::vector{1, 2, 3, 5}));
}

TEST(Queues, QU_10_TheGreatestFirst) {
  PriorityQueue<int> queue{3, 9, 1, 7, 5};
  Probe probe;
  const auto run = [&](int i) { probe.observe("", i, [] {}); };
  all(imap(queue, run, {.workers = 1, .buffer_size = 1024}));
  EXPECT_EQ(probe.starts(""), (std::vector{9, 7, 5, 3, 1}));
}

TEST(Queues, QU_10_AmongEqualsTheFirst) {
  struct ByFirst {
    bool operator()(const std::pair<int, int>& a, const std::pair<int, int>& b) const {
      return a.first < b.first;
    }
  };
  PriorityQueue<std::pair<int, int>, ByFirst> queue;
  for (int i = 0; i < 6; ++i) queue.push({i % 2, i});
  std::vector<int> order;
  while (auto item = queue.try_pop()) order.push_back(item->second);
  EXPECT_EQ(order, (std::vector{1, 3, 5, 0, 2, 4}));
}

// In one group, whose first job holds it while the idle worker's need draws out all that comes.
// What was taken out may still be on its way to the group; one of no group, which comes last, runs
// when all others are there.
template <class AQueue>
std::vector<int> starts_behind_a_busy_group(AQueue& queue) {
  std::mutex mutex;
  std::vector<int> starts;
  std::atomic<bool> all_there{false};
  queue.push(0);
  const auto run = [&](int i) {
    if (i < 0) {
      all_there = true;
      return;
    }
    {
      const std::lock_guard lock(mutex);
      starts.push_back(i);
    }
    if (i != 0) return;
    for (const int wave : {3, 9, 1, 7, 5}) queue.push(wave);
    EXPECT_TRUE(test::eventually([&] { return queue.empty(); }));
    for (const int wave : {8, 2}) queue.push(wave);
    EXPECT_TRUE(test::eventually([&] { return queue.empty(); }));
    queue.push(-1);
    EXPECT_TRUE(test::eventually([&] { return all_there.load(); }));
  };
  const auto key = [](int i) { return i < 0 ? std::nullopt : std::optional('A'); };
  all(imap(queue, run, by(key), {.workers = 2}));
  return starts;
}

TEST(Queues, QU_10_TheGreatestOfABusyGroupFirst) {
  PriorityQueue<int> queue;
  EXPECT_EQ(starts_behind_a_busy_group(queue), (std::vector{0, 9, 8, 7, 5, 3, 2, 1}));
}

TEST(Queues, BF_06_TheNewestOfABusyGroupFirst) {
  LifoQueue<int> queue;
  EXPECT_EQ(starts_behind_a_busy_group(queue), (std::vector{0, 2, 8, 5, 7, 1, 9, 3}));
}

TEST(Queues, TheFirstOfABusyGroupFirst) {
  Queue<int> queue;
  EXPECT_EQ(starts_behind_a_busy_group(queue), (std::vector{0, 3, 9, 1, 7, 5, 8, 2}));
}

TEST(Queues, ItemsOfNoGroupPassABusyOne) {
  PriorityQueue<int> queue{100, 6, 5, 4, 3};
  std::atomic<int> passed{0};
  std::vector<int> even;  // one at a time
  const auto run = [&](int i) {
    if (i == 100) {
      EXPECT_TRUE(test::eventually([&] { return passed == 2; }));
    }
    if (i % 2 == 0) {
      even.push_back(i);
    } else {
      ++passed;
    }
  };
  const auto key = [](int i) { return i % 2 == 0 ? std::optional('A') : std::nullopt; };
  EXPECT_EQ(all(imap(queue, run, by(key), {.workers = 2})).size(), 5u);
  EXPECT_EQ(even, (std::vector{100, 6, 4}));
}

// Ended by its first job, while all others were taken out and wait for their group.
template <class AQueue>
std::vector<int> left_by_a_run_that_failed(AQueue& queue, bool grouped) {
  for (int i = 1; i <= 5; ++i) queue.push(i);
  const auto run = [&](int) -> int {
    if (grouped) {
      EXPECT_TRUE(test::eventually([&] { return queue.empty(); }));
    }
    queue.push(6);
    throw std::range_error("no");
  };
  const auto key = [&](int) { return grouped ? std::optional('A') : std::nullopt; };
  EXPECT_THROW(all(imap(queue, run, by(key), {.workers = grouped ? 2 : 1})), std::range_error);
  std::vector<int> left;
  while (const auto item = queue.try_pop()) left.push_back(*item);
  return left;
}

TEST(Queues, WhatWasNotStartedIsPutBackInItsPlace) {
  for (const bool grouped : {true, false}) {
    Queue<int> fifo;
    EXPECT_EQ(left_by_a_run_that_failed(fifo, grouped), (std::vector{2, 3, 4, 5, 6}));
    LifoQueue<int> lifo;
    EXPECT_EQ(left_by_a_run_that_failed(lifo, grouped), (std::vector{6, 4, 3, 2, 1}));
    PriorityQueue<int> greatest;
    EXPECT_EQ(left_by_a_run_that_failed(greatest, grouped), (std::vector{6, 4, 3, 2, 1}));
  }
}

struct MovedOnly {
  explicit MovedOnly(int n) : number(n) {}
  MovedOnly(MovedOnly&& other) noexcept : number(other.number) {}
  const int number;
};

// Its items wait for their group, are put back, and are taken again.
template <class AQueue>
std::vector<int> run_in_two_parts(AQueue& queue) {
  std::vector<int> order;  // one at a time
  const auto key = by([](const auto&) { return 'A'; });
  const auto first = [&](const auto& item) {
    EXPECT_TRUE(test::eventually([&] { return queue.empty(); }));
    order.push_back(item->number);
    throw std::range_error("no");
  };
  EXPECT_THROW(all(imap(queue, first, key, {.workers = 2})), std::range_error);
  const auto others = [&](const auto& item) { order.push_back(item->number); };
  all(imap(queue, others, key, {.workers = 2}));
  return order;
}

TEST(Queues, ItemsNeedNoCopyAndNoAssignment) {
  Queue<std::optional<MovedOnly>> unassignable;
  LifoQueue<std::optional<MovedOnly>> unassignable_too;
  const auto less = [](const auto& a, const auto& b) { return a->number < b->number; };
  using Owned = std::unique_ptr<MovedOnly>;
  PriorityQueue<Owned, decltype(less)> greatest;  // a heap assigns
  LifoQueue<Owned> lifo;
  for (const int i : {1, 3, 2}) {
    unassignable.push(std::optional<MovedOnly>(std::in_place, i));
    unassignable_too.push(std::optional<MovedOnly>(std::in_place, i));
    greatest.push(std::make_unique<MovedOnly>(i));
    lifo.push(std::make_unique<MovedOnly>(i));
  }
  EXPECT_EQ(run_in_two_parts(unassignable), (std::vector{1, 3, 2}));
  EXPECT_EQ(run_in_two_parts(unassignable_too), (std::vector{2, 3, 1}));
  EXPECT_EQ(run_in_two_parts(greatest), (std::vector{3, 2, 1}));
  EXPECT_EQ(run_in_two_parts(lifo), (std::vector{2, 3, 1}));
}

TEST(Queues, ARunThatIsLeftPutsBackToo) {
  for (const int workers : {0, 2}) {
    LifoQueue<int> queue{1, 2, 3, 4, 5};
    std::vector<int> started;  // one at a time
    const auto run = [&](int i, const std::stop_token& stop) {
      started.push_back(i);
      while (i != 5 && !stop.stop_requested()) std::this_thread::yield();
    };
    for ([[maybe_unused]] const auto& none :
         imap(queue, run, by([](int) { return 'A'; }), {.workers = workers})) {
      break;
    }
    std::vector<int> all = started;
    while (const auto item = queue.try_pop()) all.push_back(*item);
    EXPECT_LE(started.size(), 2u);
    EXPECT_EQ(all, (std::vector{5, 4, 3, 2, 1}));
  }
}

TEST(Queues, QU_11_AFollowedQueueDoesNotHoldUpAnException) {
  Queue<int> queue{1};
  std::stop_source unblock;
  const auto source = [&]() { return queue.pop(unblock.get_token()); };
  const auto start = Clock::now();
  const auto consume = [&] {
    for ([[maybe_unused]] int i :
         imap(source, same, {.workers = 2, .on_abort = [&] { unblock.request_stop(); }})) {
      throw std::range_error("the body");
    }
  };
  EXPECT_THROW(consume(), std::range_error);
  EXPECT_WITHIN(seconds_since(start), 1);
}

TEST(Queues, QU_11_BreakingOutOfAQueueThatWaits) {
  Queue<int> queue{1};
  const auto start = Clock::now();
  for ([[maybe_unused]] int i : imap(queue, same, {.workers = 2})) break;
  EXPECT_WITHIN(seconds_since(start), 1);
}

TEST(Queues, QU_12_WithoutWorkersTheBodysItemsAreSeenToo) {
  Queue<int> queue{0, 1, 2, 3, 4};
  std::vector<int> got;
  for (const int i : imap(queue, same, {.workers = 0})) {
    got.push_back(i);
    if (i < 5) queue.push(5 + i);
  }
  EXPECT_EQ(got, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Queues, CloseEndsAWait) {
  Queue<int> queue{1};
  EXPECT_EQ(queue.pop(), 1);
  std::thread other([&] { queue.close(); });
  EXPECT_EQ(queue.pop(), std::nullopt);
  other.join();
}

TEST(Queues, BusyGroupsDoNotStopTheReading) {
  Queue<Item> queue{{'A', 0, 0}, {'A', 0, 1}, {'A', 0, 2}, {'B', 0, 3}};
  Probe probe;
  const auto run = [&](const Item& item) {
    probe.observe(std::string(1, item.group), item.index, [&] {
      if (item.index != 0) return;
      EXPECT_TRUE(test::eventually([&] { return !probe.spans("B").empty(); }));
    });
  };
  all(imap_unordered(queue, run, by(kGroup), {.workers = 2, .buffer_size = 0}));
  EXPECT_EQ(probe.starts("A"), (std::vector{0, 1, 2}));
  EXPECT_LT(probe.spans("B").at(0).start, probe.spans("A").at(1).start);
}

}  // namespace
}  // namespace distaff::queue_test

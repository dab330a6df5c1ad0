// How far imap() reads ahead, and what it keeps.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/imap.h"
#include "lib/probe.h"

namespace distaff::laziness_test {
namespace {

using namespace std::chrono_literals;

// Runs jobs that are all stuck and gives how much of an endless source was read: `least`, and what
// is read further within 300 ms in which nothing changes.
template <class Groups>
int read_while_stuck(int workers, int buffer, const Groups& groups, int least) {
  std::latch let_go(1);
  std::atomic<int> pulled{0};
  std::thread consumer([&] {
    const auto source = [&]() -> std::optional<int> { return pulled++; };
    const auto run = [&](int) { let_go.wait(); };
    for ([[maybe_unused]] auto unit :
         imap_unordered(source, run, groups, {.workers = workers, .buffer_size = buffer})) {
      break;
    }
  });
  EXPECT_TRUE(test::eventually([&] { return pulled >= least; }));
  int seen = -1;
  for (int still = 0; still < 30; still = pulled == seen && seen > 0 ? still + 1 : 0) {
    seen = pulled;
    sleep_ms(10);
  }
  const int settled = pulled;
  let_go.count_down();
  consumer.join();
  return settled;
}

TEST(Laziness, BF_01_ReadsNoFurtherThanTheBuffer) {
  for (const int buffer : {0, 10, 1024}) {
    const int pulled = read_while_stuck(4, buffer, NoGroups{}, 4);
    EXPECT_LE(pulled, buffer + 4);
    EXPECT_GE(pulled, 4);
  }
}

TEST(Laziness, BF_02_NorWithABusyGroup) {
  const int pulled = read_while_stuck(4, 10, by([](int) { return 0; }), 11);
  EXPECT_LE(pulled, 14);
  EXPECT_GE(pulled, 11);
}

TEST(Laziness, BF_03_NorAheadOfASlowFirst) {
  std::atomic<int> pulled{0};
  const auto source = [&]() -> std::optional<int> { return pulled++; };
  const auto run = [](int i) {
    if (i == 0) sleep_ms(1000);
    return i;
  };
  for ([[maybe_unused]] int r : imap(source, run, {.workers = 4, .buffer_size = 100})) {
    EXPECT_LE(pulled, 104);
    break;
  }
}

TEST(Laziness, BF_03_AWindowLetsItRunAhead) {
  std::latch many(500);
  std::atomic<int> pulled{0};
  const auto source = [&]() -> std::optional<int> { return pulled++; };
  const auto run = [&](int i) {
    if (i == 0) many.wait();
    if (i > 0 && i <= 500) many.count_down();
    return i;
  };
  for ([[maybe_unused]] int r :
       imap(source, run, {.workers = 4, .buffer_size = 10, .window = 1000})) {
    break;
  }
  EXPECT_GE(pulled, 500);
  EXPECT_LE(pulled, 1000);
}

TEST(Laziness, BF_04_MemoryDoesNotGrow) {
  const int count = kSanitized ? 20000 : 2000000;
  int i = 0;
  const auto source = [&]() -> std::optional<int> {
    return i < 1000000000 ? std::optional(i++) : std::nullopt;
  };
  double before = 0;
  int taken = 0;
  Clock::time_point left;
  for ([[maybe_unused]] int r : imap_unordered(source, same, {.workers = 2})) {
    if (++taken == 1000) before = resident_mib();
    if (taken < count) continue;
    EXPECT_WITHIN(resident_mib() - before, 16);
    left = Clock::now();
    break;
  }
  EXPECT_WITHIN(seconds_since(left), 1);
}

TEST(Laziness, BF_05_AFullBufferOfABusyGroupHoldsUpOthers) {
  for (const int buffer : {3, 1024}) {
    Probe probe;
    std::vector<Item> items;
    for (int i = 0; i < 4; ++i) items.push_back({'A', 0, i});
    items.push_back({'B', 0, 4});
    const auto run = [&](const Item& item) {
      if (item.index == 0 && buffer == 3) sleep_ms(300);
      if (item.index == 0 && buffer > 3) {
        EXPECT_TRUE(test::eventually([&] { return !probe.spans("B").empty(); }));
      }
      return probe.observe(item);
    };
    const auto start = Clock::now();
    all(imap_unordered(items, run, by(kGroup), {.workers = 2, .buffer_size = buffer}));
    const auto b = std::chrono::duration<double>(probe.spans("B").at(0).start - start).count();
    if (buffer == 3) {
      EXPECT_GE(b, 0.3);
    } else {
      EXPECT_LT(probe.spans("B").at(0).start, probe.spans("A").at(0).start);
      EXPECT_WITHIN(b, 0.1);
    }
  }
}

TEST(Laziness, BF_06_WithoutABufferALifoQueueKeepsItsOrder) {
  LifoQueue<int> queue;
  for (int i = 0; i < 10; ++i) queue.push(i);
  const auto run = [](int i) { return i * 10; };
  const auto key = by([](int) { return 0; });
  EXPECT_EQ(all(imap(queue, run, key, {.workers = 1, .buffer_size = 0})),
            (std::vector{90, 80, 70, 60, 50, 40, 30, 20, 10, 0}));
}

TEST(Laziness, BF_07_WithoutABuffer) {
  const auto run = [](int i) { return i * 10; };
  EXPECT_EQ(all(imap(up_to(10), run, {.workers = 4, .buffer_size = 0})),
            (std::vector{0, 10, 20, 30, 40, 50, 60, 70, 80, 90}));
}

TEST(Laziness, BF_08_WithoutABufferGroupsRest) {
  Probe probe;
  const auto run = [&](int i) { probe.observe("A", i, [] {}); };
  const auto key = by([](int) { return 0; }).throttle(50ms);
  all(imap(up_to(6), run, key, {.workers = 4, .buffer_size = 0}));
  for (const double gap : probe.gaps("A")) EXPECT_GE(gap, 0.05);
  EXPECT_EQ(probe.gaps("A").size(), 5u);
}

TEST(Laziness, BF_09_ASourceThatBlocksHoldsUpNoJob) {
  Probe probe;
  const auto start = Clock::now();
  const std::vector<Item> items{{'A', 100, 0}, {'A', 0, 1}, {'B', 0, 2}};
  std::latch second_started(1);
  std::size_t next = 0;
  const auto source = [&]() -> std::optional<Item> {
    if (next == 2) second_started.wait();  // for ever, if it were not so
    return next < items.size() ? std::optional(items[next++]) : std::nullopt;
  };
  const auto run = [&](const Item& item) {
    if (item.index == 1) second_started.count_down();
    return probe.observe(item);
  };
  all(imap_unordered(source, run, by(kGroup), {.workers = 2}));
  EXPECT_EQ(probe.spans().size(), 3u);
  EXPECT_WITHIN(seconds_since(start), 0.3);
}

TEST(Laziness, BF_10_WaitingCostsNothing) {
  const double before = cpu_seconds();
  const auto start = Clock::now();
  const auto run = [](int i) {
    sleep_ms(1000);
    return i;
  };
  all(imap(up_to(3), run, by([](int) { return 0; }), {.workers = 4}));
  EXPECT_GE(seconds_since(start), 3);
  EXPECT_WITHIN(cpu_seconds() - before, 0.1);
}

// Counts itself, and the most there were.
struct Counted {
  explicit Counted(std::atomic<int>* alive, std::atomic<int>* highest)
      : alive_(alive), most(highest) {
    count();
  }
  Counted(Counted&& other) noexcept : alive_(other.alive_), most(other.most) { count(); }
  ~Counted() { --*alive_; }
  void count() { raise_to(*most, ++*alive_); }
  std::atomic<int>* alive_;
  std::atomic<int>* most;
};

TEST(Laziness, BF_11_WhatWasDeliveredIsGone) {
  std::atomic<int> alive{0};
  std::atomic<int> most{0};
  for (const bool ordered : {true, false}) {
    int left = 2000;
    const auto source = [&]() -> std::optional<Counted> {
      if (left-- == 0) return std::nullopt;
      return std::optional<Counted>(std::in_place, &alive, &most);
    };
    const auto run = [](Counted item) { return item; };
    const ImapOptions options{.workers = 4, .buffer_size = 10};
    auto results = ordered ? imap(source, run, options) : imap_unordered(source, run, options);
    for ([[maybe_unused]] Counted& r : results) {
    }
  }
  EXPECT_EQ(alive, 0);
  // While an item is handed on, there are two of it: one for each that works on one.
  EXPECT_LE(most, 10 + 4 + 2 + 2 * 4);
}

TEST(Laziness, BF_12_ASourceThatThrows) {
  for (const int workers : {0, 4}) {
    int next = 0;
    int calls_after = 0;
    const auto source = [&]() -> std::optional<int> {
      if (next > 2) ++calls_after;
      if (next++ == 2) throw std::range_error("the source");
      return next - 1;
    };
    const auto run = [](int i) {
      sleep_ms(200);
      return i;
    };
    std::vector<int> got;
    auto results = imap(source, run, {.workers = workers});
    const auto consume = [&] {
      for (const int r : results) got.push_back(r);
    };
    EXPECT_THROW(consume(), std::range_error);
    EXPECT_EQ(got, up_to(2));
    EXPECT_TRUE(results.begin() == results.end());
    EXPECT_EQ(calls_after, 0);
  }
}

}  // namespace
}  // namespace distaff::laziness_test

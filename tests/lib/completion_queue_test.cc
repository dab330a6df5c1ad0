#include "distaff/completion_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <thread>
#include <vector>

#include "distaff/thread_pool.h"
#include "support/timing.h"

namespace distaff::completion_queue_test {
namespace {

using namespace std::chrono_literals;

// Three tasks that end in the order third, second, first.
class Backwards : public testing::Test {
 protected:
  Backwards() {
    for (int i = 0; i < 3; ++i) futures.push_back(promises[i].future());
  }
  void end_backwards() {
    for (const int i : {2, 1, 0}) promises[i].set_value(i);
  }

  Promise<int> promises[3];
  std::vector<Future<int>> futures;
};

using AsDone = Backwards;

TEST_F(AsDone, FU_15_GivesFuturesAsTheyEnd) {
  auto done = as_done(futures);
  std::thread ending([&] { end_backwards(); });
  std::vector<int> order;
  for (auto& future : done) order.push_back(future.get());
  ending.join();
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(done.next(), std::nullopt);
}

TEST_F(AsDone, FU_15_OrInTheirOrder) {
  std::thread ending([&] { end_backwards(); });
  std::vector<int> order;
  for (auto& future : as_done(futures, {.keep_order = true})) order.push_back(future.get());
  ending.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

// The pool's only worker waits for what nobody else could run; tasks of another pool are no help.
TEST_F(AsDone, ATaskRunsThoseThatItWaitsFor) {
  ThreadPool pool(1);
  ThreadPool other(1);
  const auto square = [](int n) { return n * n; };
  const auto sum_of_squares = [&](bool keep_order) {
    std::vector<Future<int>> parts{other.submit(square, 1)};
    for (const int n : {2, 3, 4}) parts.push_back(pool.submit(square, n));
    int sum = 0;
    for (auto& part : as_done(parts, {.keep_order = keep_order})) sum += part.get();
    return sum;
  };
  EXPECT_EQ(pool.run(sum_of_squares, false), 1 + 4 + 9 + 16);
  EXPECT_EQ(pool.run(sum_of_squares, true), 1 + 4 + 9 + 16);
}

TEST_F(AsDone, FU_15_OneTimeForAll) {
  promises[1].set_value(1);
  for (const bool keep_order : {false, true}) {
    const test::Stopwatch watch;
    auto done = as_done(futures, {.keep_order = keep_order, .deadline = 50ms});
    EXPECT_THROW(
        {
          while (done.next()) {
          }
        },
        TimeoutError);
    EXPECT_GE(watch.elapsed(), 50ms);
    EXPECT_EQ(done.next(), std::nullopt) << "at its end";
  }
}

TEST_F(AsDone, FU_16_ReadsSinglePassRangesAndGivesDuplicatesTwice) {
  end_backwards();
  std::vector<Future<int>> again = {futures[0], futures[0]};
  std::size_t count = 0;
  for (auto& future : as_done(again)) count += future == futures[0] ? 1 : 0;
  EXPECT_EQ(count, 2u);

  CompletionQueue<int> queue;
  queue.populate(futures);
  const auto all = queue.get_all();
  auto single_pass = as_done(all);  // an input range, no more
  static_assert(std::ranges::input_range<decltype(single_pass)>);
  static_assert(!std::ranges::forward_range<decltype(single_pass)>);
  std::vector<int> order;
  for (auto& future : as_done(single_pass)) order.push_back(future.get());
  EXPECT_EQ(order.size(), 3u);
}

using Queue = Backwards;

TEST_F(Queue, FU_17_AnEmptyQueueGivesNothingAtOnce) {
  CompletionQueue<int> queue;
  EXPECT_EQ(queue.get(), std::nullopt);
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_TRUE(queue.empty());
}

TEST_F(Queue, FU_17_GivesWhatIsDone) {
  CompletionQueue<int> queue;
  queue.populate(futures);
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_THROW(queue.get(20ms), TimeoutError);
  EXPECT_EQ(queue.size(), 3u) << "a wait in vain changes nothing";
  end_backwards();
  EXPECT_EQ(queue.get()->get(), 2);
  EXPECT_EQ(queue.try_get()->get(), 1);
  EXPECT_EQ(queue.get_all().size(), 1u);
  EXPECT_EQ(queue.get(), std::nullopt);
}

TEST_F(Queue, FU_17_IsFedWhileItIsDrained) {
  ThreadPool pool(2);
  CompletionQueue<int> queue;
  const auto count_down = [&](int n) { queue.put(pool.submit([n] { return n; })); };
  count_down(100);
  int given = 0;
  while (const auto done = queue.get()) {
    ++given;
    if (done->get() > 0) count_down(done->get() - 1);
  }
  EXPECT_EQ(given, 101);
}

TEST_F(Queue, ManyMayDrainIt) {
  ThreadPool pool(2);
  CompletionQueue<int> queue;
  for (int i = 0; i < 300; ++i) queue.put(pool.submit([] { return 1; }));
  std::atomic<int> given = 0;
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i) {
    takers.emplace_back([&] {
      while (const auto done = queue.get()) given += done->get();
    });
  }
  for (auto& taker : takers) taker.join();
  EXPECT_EQ(given, 300);
}

TEST_F(Queue, MayGoBeforeItsTasksEnd) {
  {
    CompletionQueue<int> queue;
    queue.populate(futures);
  }
  end_backwards();
}

}  // namespace
}  // namespace distaff::completion_queue_test

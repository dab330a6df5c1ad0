#include "distaff/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/log.h"
#include "support/threads.h"
#include "support/timing.h"

namespace distaff::thread_pool_test {
namespace {

using namespace std::chrono_literals;
using test::count_threads;
using test::eventually;
using test::no_more_threads_than;
using test::Stopwatch;

void expect_closed(ThreadPool& pool) {
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), PoolClosed);
  EXPECT_THROW(pool.post([] {}), PoolClosed);
  EXPECT_THROW(pool.run([] {}), PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.map([](int n) { return n; }, std::vector<int>{1})),
               PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.map_all([](int n) { return n; }, std::vector<int>{1})),
               PoolClosed);
  EXPECT_THROW(pool.spawn_workers(1), PoolClosed);
  EXPECT_THROW(pool.spawn_workers(), PoolClosed);
  EXPECT_THROW(pool.check(), PoolClosed);
  EXPECT_THROW(pool.test(), PoolClosed);
}

TEST(ThreadPool, PL_01_StartsWithoutWorkers) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.count_workers(), 0);
  EXPECT_EQ(pool.spawn_workers(3), 3);
  EXPECT_EQ(pool.count_workers(), 3);
  EXPECT_EQ(pool.max_workers(), 4);
}

TEST(ThreadPool, PL_02_NeverHasMoreWorkersThanItMay) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.spawn_workers(10), 4);
  EXPECT_EQ(pool.count_workers(), 4);
  EXPECT_EQ(pool.spawn_workers(1), 0);
  ThreadPool other(4);
  EXPECT_EQ(other.spawn_workers(2), 2);
  EXPECT_EQ(other.spawn_max_workers(), 2);
  EXPECT_EQ(other.count_workers(), 4);
  EXPECT_EQ(other.spawn_workers(-1), 0);
}

TEST(ThreadPool, PL_03_FixedSizes) {
  const auto check = [](ThreadPool&& pool, int size) {
    EXPECT_EQ(pool.spawn_max_workers(), size);
    EXPECT_EQ(pool.count_workers(), size);
    EXPECT_TRUE(pool.shutdown());
    EXPECT_EQ(pool.count_workers(), 0);
  };
  check(single_thread_pool(), 1);
  check(dual_thread_pool(), 2);
  check(triple_thread_pool(), 3);
  check(quad_thread_pool(), 4);
}

TEST(ThreadPool, TheDefaultSizeIsMoreThanTheCpus) {
  EXPECT_GE(ThreadPool().max_workers(), 6);
  EXPECT_EQ(ThreadPool(0).max_workers(), ThreadPool().max_workers());
  EXPECT_EQ(ThreadPool(-3).max_workers(), ThreadPool().max_workers());
}

TEST(ThreadPool, PL_04_OneTaskAtATimeNeedsOneWorker) {
  std::atomic<int> spawned = 0;
  ThreadPool pool({.max_workers = 4, .initializer = [&] { ++spawned; }});
  int sum = 0;
  for (const int n : pool.map([](int n) { return n; }, std::vector<int>(10, 1), {.window = 1})) {
    sum += n;
  }
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(spawned, 1);
}

TEST(ThreadPool, PL_04_NorDoesOneSubmitAfterTheOther) {
  std::atomic<int> spawned = 0;
  ThreadPool pool({.max_workers = 4, .initializer = [&] { ++spawned; }});
  for (int i = 0; i < 200; ++i) pool.submit([] {}).get();
  int sum = 0;
  for (const int n :
       pool.map_unordered([](int n) { return n; }, std::vector<int>(100, 1), {.window = 1})) {
    sum += n;
  }
  EXPECT_EQ(sum, 100);
  EXPECT_EQ(spawned, 1);
}

TEST(ThreadPool, PL_05_ManyTasksNeedManyWorkersButNoMoreThanThereMayBe) {
  std::atomic<int> spawned = 0;
  ThreadPool pool({.max_workers = 4, .initializer = [&] { ++spawned; }});
  std::atomic<int> most = 0;
  const auto watch = [&](int n) {
    const int now = pool.count_workers();
    for (int known = most; now > known && !most.compare_exchange_weak(known, now);) {
    }
    return n;
  };
  int sum = 0;
  for (const int n : pool.map_all(watch, std::vector<int>(10, 1))) sum += n;
  EXPECT_EQ(sum, 10);
  EXPECT_GE(spawned, 1);
  EXPECT_LE(spawned, 4);
  EXPECT_LE(most, 4);
}

TEST(ThreadPool, PL_05_ATaskWithoutAFreeWorkerGetsANewOne) {
  ThreadPool pool(3);
  std::latch all_there(3);
  for (int i = 0; i < 3; ++i) pool.post([&] { all_there.arrive_and_wait(); });
  EXPECT_TRUE(pool.join(200s)) << "three at once, or they wait for ever";
}

TEST(ThreadPool, PL_06_EagerUnorderedGivesResultsAsTasksEnd) {
  ThreadPool pool(3);
  std::latch ends[3] = {std::latch(1), std::latch(1), std::latch(1)};
  ends[2].count_down();
  std::vector<int> order;
  const auto in_turn = [&](int n) {
    ends[n].wait();
    return n;
  };
  for (const int n : pool.map_all_unordered(in_turn, std::vector<int>{0, 1, 2})) {
    order.push_back(n);
    if (n > 0) ends[n - 1].count_down();
  }
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(ThreadPool, PL_07_IdleWorkersLeave) {
  std::atomic<int> ended = 0;
  ThreadPool pool({.max_workers = 2, .idle_timeout = 200ms, .finalizer = [&] { ++ended; }});
  const Stopwatch watch;
  pool.spawn_workers(2);
  EXPECT_TRUE(eventually([&] { return pool.count_workers() == 0; }));
  EXPECT_GE(watch.elapsed(), 200ms);
  EXPECT_WITHIN(watch.elapsed(), 500ms);
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(pool.run([] { return 3; }), 3);
}

TEST(ThreadPool, PL_08_WithoutIdleTimeWorkersLeaveAtOnce) {
  ThreadPool pool({.max_workers = 1, .idle_timeout = 0s});
  pool.run([] {});
  EXPECT_TRUE(eventually([&] { return pool.count_workers() == 0; }));
  EXPECT_EQ(pool.run([] { return 3; }), 3);
}

TEST(ThreadPool, PL_09_WithoutIdleTimeoutTheyStay) {
  ThreadPool pool({.max_workers = 1, .idle_timeout = std::nullopt});
  pool.run([] {});
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(pool.count_workers(), 1);
}

TEST(ThreadPool, TheIdleTimeoutCanBeChangedForNewWorkers) {
  ThreadPool pool({.max_workers = 1, .idle_timeout = 0s});
  pool.set_idle_timeout(std::nullopt);
  pool.run([] {});
  EXPECT_EQ(pool.count_workers(), 1);
}

TEST(ThreadPool, PL_10_AWorkerLeavesAfterItsQuota) {
  std::atomic<int> ended = 0;
  ThreadPool pool({.max_workers = 1, .finalizer = [&] { ++ended; }, .max_tasks_per_worker = 3});
  for (int i = 0; i < 3; ++i) pool.run([] {});
  EXPECT_TRUE(eventually([&] { return pool.count_workers() == 0; }));
  EXPECT_EQ(ended, 1);
}

TEST(ThreadPool, PL_10_AndAnotherTakesItsPlaceWhenNeeded) {
  std::string story;
  ThreadPool pool({.max_workers = 1,
                   .initializer = [&] { story += "i"; },
                   .finalizer = [&] { story += "f"; },
                   .max_tasks_per_worker = 3});
  for (int i = 0; i < 7; ++i) pool.post([&, i] { story += std::to_string(i); });
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(story, "i012fi345fi6f");
}

TEST(ThreadPool, PL_10_JoinDoesNotWaitForTasksThatWereCancelledBehindTheLastWorker) {
  for (const Pending pending : {Pending::cancel, Pending::drain}) {
    ThreadPool pool({.max_workers = 1, .max_tasks_per_worker = 1});
    std::latch go(1);
    pool.post([&] { go.wait(); });
    const auto behind = pool.submit([] {});
    EXPECT_TRUE(behind.cancel());
    go.count_down();
    if (pending == Pending::cancel) {
      EXPECT_TRUE(pool.join(200s));
      EXPECT_EQ(pool.run([] { return 3; }), 3);
      EXPECT_EQ(pool.count_pending_tasks(), 0u);
    }
    EXPECT_TRUE(pool.shutdown(pending));
    EXPECT_TRUE(pool.cancelled_tasks().empty());
  }
}

TEST(ThreadPool, PL_11_CountsBusyWorkers) {
  ThreadPool pool(2);
  pool.spawn_workers(2);
  std::latch running(1);
  std::latch go(1);
  pool.post([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  EXPECT_EQ(pool.count_busy_workers(), 1);
  EXPECT_EQ(pool.count_free_workers(), 1);
  const PoolStats stats = pool.stats();
  EXPECT_EQ(stats.busy + stats.free, stats.workers);
  go.count_down();
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(pool.count_busy_workers(), 0);
}

TEST(ThreadPool, PL_11_WhoHasTheResultFindsTheWorkerFree) {
  ThreadPool pool(1);
  for (int i = 0; i < 500; ++i) {
    pool.submit([] {}).get();
    ASSERT_EQ(pool.count_busy_workers(), 0);
  }
}

TEST(ThreadPool, PL_11_PendingTasksAreCounted) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  pool.post([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  std::vector<Future<void>> futures;
  for (int i = 0; i < 5; ++i) futures.push_back(pool.submit([] {}));
  EXPECT_EQ(pool.count_pending_tasks(), 5u);
  EXPECT_TRUE(futures[2].cancel());
  EXPECT_EQ(pool.count_pending_tasks(), 4u);
  go.count_down();
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
  EXPECT_TRUE(pool.cancelled_tasks().empty()) << "not those that a user cancelled";
}

TEST(ThreadPool, PL_12_JoinDoesNotWaitForTheIdleTimeout) {
  ThreadPool pool({.max_workers = 2, .idle_timeout = 600s});
  pool.spawn_workers(2);
  pool.run([] {});
  const Stopwatch watch;
  EXPECT_TRUE(pool.join());
  EXPECT_LT(watch.elapsed(), 200s) << "long before the idle timeout";
  EXPECT_WITHIN(watch.elapsed(), 1s);
  EXPECT_EQ(pool.count_workers(), 0);
}

TEST(ThreadPool, PL_13_JoinRunsWhatWaits) {
  ThreadPool pool(1);
  std::atomic<int> completed = 0;
  std::latch go(1);
  pool.post([&] { go.wait(); });
  for (int i = 0; i < 5; ++i) pool.post([&] { ++completed; });
  std::thread later([&] { go.count_down(); });
  EXPECT_TRUE(pool.join());
  later.join();
  EXPECT_EQ(completed, 5);
  EXPECT_EQ(pool.run([] { return 1; }), 1) << "open again";
}

TEST(ThreadPool, PL_14_JoinMayRunOutOfTime) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  const auto task = pool.submit([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  const auto waiting = pool.submit([] { return 5; });
  const Stopwatch watch;
  EXPECT_FALSE(pool.join(50ms));
  EXPECT_GE(watch.elapsed(), 50ms);
  EXPECT_WITHIN(watch.elapsed(), 100ms);
  go.count_down();
  EXPECT_EQ(waiting.get(), 5);
  EXPECT_EQ(pool.run([] { return 1; }), 1) << "goes on";
}

TEST(ThreadPool, NothingIsSubmittedDuringAJoin) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  pool.post([&] {
    running.count_down();
    go.wait();
    EXPECT_THROW(pool.join(), InvalidState);
  });
  running.wait();
  std::thread joiner([&] { EXPECT_TRUE(pool.join()); });
  EXPECT_TRUE(eventually([&] {
    try {
      pool.post([] {});
      return false;
    } catch (const PoolClosed&) {
      return true;
    }
  }));
  go.count_down();
  joiner.join();
  EXPECT_EQ(pool.run([] { return 2; }), 2);
}

TEST(ThreadPool, PL_15_ShutdownMayDrain) {
  ThreadPool pool(2);
  std::latch go(1);
  std::atomic<int> completed = 0;
  for (int i = 0; i < 6; ++i) {
    pool.post([&] {
      go.wait();
      ++completed;
    });
  }
  std::thread later([&] { go.count_down(); });
  EXPECT_TRUE(pool.shutdown(Pending::drain));
  later.join();
  EXPECT_EQ(completed, 6);
  EXPECT_TRUE(pool.cancelled_tasks().empty());
}

TEST(ThreadPool, ShutdownCancelsWhatWaits) {
  ThreadPool pool(2);
  std::latch running(2);
  std::latch go(1);
  std::atomic<int> completed = 0;
  std::vector<Future<void>> futures;
  for (int i = 0; i < 6; ++i) {
    futures.push_back(pool.submit([&] {
      running.count_down();
      go.wait();
      ++completed;
    }));
  }
  running.wait();
  std::thread closer([&] { EXPECT_TRUE(pool.shutdown()); });
  EXPECT_THROW(futures[5].get(), CancelledError) << "while the first two still run";
  ASSERT_EQ(pool.cancelled_tasks().size(), 4u);
  go.count_down();
  closer.join();
  EXPECT_FALSE(pool.shutdown());
  EXPECT_EQ(completed, 2);
  EXPECT_TRUE(pool.is_closed());
  EXPECT_TRUE(pool.is_terminated());
  EXPECT_FALSE(pool.join());
}

TEST(ThreadPool, CancelledTasksCanBeRunElsewhere) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  pool.post([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  std::string ran;
  const auto future = pool.submit([&, moved = std::make_unique<int>(1)] {
    ran += "a" + std::to_string(*moved);
    return 1;
  });
  pool.post([&] { ran += "b"; });
  pool.post([] { throw std::runtime_error("c"); });
  std::thread closer([&] { pool.shutdown(); });
  EXPECT_THROW(future.get(), CancelledError);
  go.count_down();
  closer.join();
  const auto tasks = pool.cancelled_tasks();
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[0].id(), 2u);
  EXPECT_EQ(tasks[1].id(), 3u);
  ThreadPool other(1);
  other.submit(tasks[0]).get();
  other.submit(tasks[1]).get();
  EXPECT_THROW(other.submit(tasks[2]).get(), std::runtime_error);
  EXPECT_EQ(ran, "a1b");
  EXPECT_THROW(tasks[0](), InvalidState) << "once";
  EXPECT_THROW(pool.cancelled_tasks()[1](), InvalidState) << "of all its handles";
}

// While shutdown() still takes tasks back, those behind can be cancelled or run by their handles.
TEST(ThreadPool, ACancelledTaskIsRunOrCancelledByItsFutureButNotBoth) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  pool.post([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  int ran = 0;
  const auto first = pool.submit([] {});
  const auto second = pool.submit([&, number = std::make_unique<int>(2)] { ran += *number; });
  const auto third = pool.submit([&] { ran += 3; });
  first.on_done([&] {
    const auto tasks = pool.cancelled_tasks();
    ASSERT_EQ(tasks.size(), 3u);
    EXPECT_TRUE(second.cancel());
    EXPECT_THROW(tasks[1](), InvalidState);
    tasks[2]();
    EXPECT_TRUE(third.is_cancelled());
    EXPECT_FALSE(third.cancel());
    go.count_down();
  });
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(ran, 3);
  EXPECT_EQ(pool.cancelled_tasks().size(), 2u);
}

TEST(ThreadPool, PL_16_AClosedPoolTakesNothing) {
  ThreadPool pool(2);
  pool.spawn_workers(2);
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(pool.count_workers(), 0);
  EXPECT_EQ(pool.count_busy_workers(), 0);
  EXPECT_EQ(pool.count_free_workers(), 0);
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
  expect_closed(pool);
}

TEST(ThreadPool, PL_17_TasksMayRunTasks) {
  for (const int workers : {1, 4}) {
    ThreadPool pool(workers);
    const std::function<int(int)> sum_to = [&](int n) {
      return n == 0 ? 0 : n + pool.run(sum_to, n - 1);
    };
    EXPECT_EQ(pool.run(sum_to, 50), 1275);
  }
}

TEST(ThreadPool, PL_17_AndWaitForThemAsTheyLike) {
  for (const int workers : {1, 4}) {
    ThreadPool pool(workers);
    const std::function<int(int)> fibonacci = [&](int n) -> int {
      if (n < 2) return n;
      const auto a = pool.submit(fibonacci, n - 1);
      const auto b = pool.submit(fibonacci, n - 2);
      return a.get() + b.get();
    };
    EXPECT_EQ(pool.run(fibonacci, 10), 55);
    const auto square_sum = [&](int n) {
      int sum = 0;
      const std::vector<int> numbers(10, n);
      for (const int r : pool.map([](int m) { return m * m; }, numbers)) sum += r;
      for (const int r : pool.map_all_unordered([](int m) { return m * m; }, numbers)) sum += r;
      return sum;
    };
    EXPECT_EQ(pool.run(square_sum, 3), 180);
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(pool.count_pending_tasks(), 0u);
  }
}

TEST(ThreadPool, PL_18_NothingIsLockedWhileOneWaits) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  std::thread runner([&] {
    pool.run([&] {
      running.count_down();
      go.wait();
    });
  });
  running.wait();
  const Stopwatch watch;
  const auto future = pool.submit([] { return 2; });
  EXPECT_EQ(pool.count_busy_workers(), 1);
  EXPECT_WITHIN(watch.elapsed(), 20ms);
  go.count_down();
  runner.join();
  EXPECT_EQ(future.get(), 2);
}

TEST(ThreadPool, TasksStartInTheOrderOfSubmission) {
  ThreadPool pool(1);
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) pool.post([&, i] { order.push_back(i); });
  EXPECT_TRUE(pool.join());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, EveryTaskOfEveryProducerRunsOnce) {
  ThreadPool pool(3);
  constexpr int kTasks = 5000;
  std::vector<std::atomic<int>> ran(4 * kTasks);
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kTasks; ++i) {
        auto& count = ran[static_cast<std::size_t>(p * kTasks + i)];
        if (i % 2 == 0) {
          pool.post([&] { ++count; });
        } else {
          static_cast<void>(pool.submit([&] { ++count; }));
        }
      }
    });
  }
  for (auto& producer : producers) producer.join();
  EXPECT_TRUE(pool.join());
  for (const auto& count : ran) ASSERT_EQ(count, 1);
}

TEST(ThreadPool, WakesASleeperForEachTaskThatNeedsOne) {
  ThreadPool pool(4);
  pool.spawn_max_workers();
  for (int round = 0; round < 200; ++round) {
    std::latch all_there(4);
    std::vector<Future<void>> futures;
    for (int i = 0; i < 4; ++i) {
      futures.push_back(pool.submit([&] { all_there.arrive_and_wait(); }));
    }
    ASSERT_TRUE(wait(futures, 200s)) << "a task waits although a worker is free";
  }
}

TEST(ThreadPool, LargeAndOddFunctionsAreTasksToo) {
  struct alignas(64) Wide {
    char bytes[200] = {};
  };
  ThreadPool pool(1);
  std::string said;
  Wide wide;
  wide.bytes[100] = 'x';
  pool.post([&, wide] { said += wide.bytes[100]; });
  pool.post([&, word = std::string("y")] { said += word; });
  pool.post([&, number = std::make_unique<int>(3)] { said += std::to_string(*number); });
  EXPECT_EQ(pool.run(&std::string::size, std::string("four")), 4u);
  int counter = 4;
  EXPECT_EQ(pool.run([](int& n) { return ++n; }, std::ref(counter)), 5);
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(said, "xy3");
}

TEST(ThreadPool, APostedTaskThatThrowsIsLogged) {
  std::string said;
  set_log_sink([&](LogLevel, std::string_view text) { said = text; });
  {
    ThreadPool pool(1);
    pool.post([] { throw std::runtime_error("lost"); });
    EXPECT_TRUE(pool.join());
    pool.check();
  }
  set_log_sink({});
  EXPECT_EQ(said, "a posted task failed: lost");
}

TEST(ThreadPool, WorkersHaveNames) {
  ThreadPool pool({.max_workers = 2, .name = "a-very-long-name"});
  EXPECT_EQ(pool.name(), "a-very-long-name");
  std::barrier both(2);
  const auto name = [&] {
    both.arrive_and_wait();
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    return std::string(text);
  };
  const auto a = pool.submit(name);
  const auto b = pool.submit(name);
  EXPECT_EQ((std::set<std::string>{a.get(), b.get()}),
            (std::set<std::string>{"a-very-long-n-1", "a-very-long-n-2"}));
}

TEST(ThreadPool, ATaskMayEndItsOwnPool) {
  auto pool = std::make_unique<ThreadPool>(2);
  std::latch destroyed(1);
  std::latch owned(1);
  ThreadPool& running = *pool;
  running.post([&] {
    owned.wait();
    EXPECT_TRUE(pool->shutdown());
    pool.reset();
    destroyed.count_down();
  });
  owned.count_down();
  destroyed.wait();
  EXPECT_TRUE(no_more_threads_than(2));
}

// For ThreadSanitizer: both ends of the pool at the same time.
TEST(ThreadPool, ATaskMayCloseThePoolWhileItIsDestroyed) {
  for (int i = 0; i < 200; ++i) {
    std::latch running(1);
    ThreadPool pool(1);
    pool.post([&] {
      running.count_down();
      pool.shutdown();
    });
    running.wait();
  }
}

TEST(ThreadPool, PF_06_IdleWorkersCostNothing) {
  ThreadPool pool(32);
  pool.spawn_max_workers();
  pool.run([] {});
  std::this_thread::sleep_for(50ms);  // until all sleep
  const auto before = test::cpu_time();
  std::this_thread::sleep_for(2s);
  EXPECT_WITHIN(test::cpu_time() - before, 20ms);
}

// ---- broken pools

struct Quiet {
  Quiet() {
    set_log_sink([this](LogLevel level, std::string_view text) {
      if (level == LogLevel::critical) said += std::string(text) + "\n";
    });
  }
  ~Quiet() { set_log_sink({}); }
  std::string said;
};

template <class Broken>
std::string cause_of(const auto& pool) {
  try {
    pool.check();
  } catch (const Broken& error) {
    return describe(std::current_exception());
  }
  return "not broken";
}

TEST(BrokenThreadPool, BR_01_ByItsInitializer) {
  Quiet quiet;
  ThreadPool pool({.max_workers = 1, .initializer = [] { throw std::runtime_error("no gpu"); }});
  EXPECT_THROW(pool.submit([] {}).get(), CancelledError);
  EXPECT_EQ(cause_of<InitializerError>(pool), "ThreadPool: a worker's initializer failed: no gpu");
  EXPECT_THROW(pool.check(), BrokenPool);
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), InitializerError);
  EXPECT_THROW(pool.spawn_workers(1), InitializerError);
  EXPECT_THROW(pool.run([] {}), InitializerError);
  EXPECT_THROW(pool.test(), InitializerError);
  EXPECT_TRUE(pool.is_broken());
  EXPECT_TRUE(pool.join()) << "workers leave";
  EXPECT_EQ(quiet.said, "ThreadPool: a worker's initializer failed: no gpu\n");
}

TEST(BrokenThreadPool, BR_02_ByItsFinalizer) {
  Quiet quiet;
  const auto fail = [] { throw std::runtime_error("still dirty"); };
  ThreadPool idle({.max_workers = 1, .idle_timeout = 0s, .finalizer = fail});
  idle.run([] {});
  EXPECT_TRUE(eventually([&] { return idle.is_broken(); }));
  EXPECT_EQ(cause_of<FinalizerError>(idle), "ThreadPool: a worker's finalizer failed: still dirty");
  ThreadPool joined({.max_workers = 1, .finalizer = fail});
  joined.run([] {});
  EXPECT_TRUE(joined.join());
  EXPECT_THROW(joined.check(), FinalizerError);
}

TEST(BrokenThreadPool, BR_03_ThenClosed) {
  Quiet quiet;
  ThreadPool pool({.max_workers = 1, .initializer = [] { throw 7; }});
  EXPECT_THROW(pool.submit([] {}).get(), CancelledError);
  EXPECT_TRUE(pool.shutdown());
  EXPECT_THROW(pool.check(), PoolClosed);
  EXPECT_TRUE(pool.is_broken());
}

TEST(BrokenThreadPool, BR_03_AFinalizerThatFailsAtTheEndThrowsNothing) {
  Quiet quiet;
  ThreadPool pool({.max_workers = 1, .finalizer = [] { throw 7; }});
  pool.run([] {});
  EXPECT_TRUE(pool.shutdown());
  EXPECT_TRUE(pool.is_broken());
}

TEST(BrokenThreadPool, BR_04_WaitingTasksAreCancelledAndListed) {
  Quiet quiet;
  std::latch submitted(1);
  ThreadPool pool({.max_workers = 1, .initializer = [&] {
                     submitted.wait();
                     throw std::runtime_error("no gpu");
                   }});
  std::vector<Future<void>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(pool.submit([] {}));
  EXPECT_TRUE(futures[3].cancel());
  submitted.count_down();
  for (const auto& future : futures) EXPECT_THROW(future.get(), CancelledError);
  EXPECT_EQ(pool.cancelled_tasks().size(), 19u);
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
}

TEST(BrokenThreadPool, BR_04_NoTaskIsLostWhileItBreaks) {
  Quiet quiet;
  for (int round = 0; round < 100; ++round) {
    std::latch go(1);
    ThreadPool pool({.max_workers = 2, .initializer = [&] {
                       go.wait();
                       throw 7;
                     }});
    pool.spawn_workers(1);
    std::vector<Future<void>> futures;
    std::thread breaker([&] { go.count_down(); });
    try {
      for (int i = 0; i < 1000; ++i) futures.push_back(pool.submit([] {}));
    } catch (const BrokenPool&) {
    }
    breaker.join();
    ASSERT_TRUE(wait(futures, 200s));
    ASSERT_EQ(pool.cancelled_tasks().size(), futures.size());
  }
}

TEST(BrokenThreadPool, BR_04_RunningTasksEndAsUsual) {
  Quiet quiet;
  std::atomic<int> started = 0;
  std::latch running(1);
  std::latch go(1);
  ThreadPool pool({.max_workers = 2, .initializer = [&] {
                     if (++started == 2) throw std::runtime_error("second");
                   }});
  const auto first = pool.submit([&] {
    running.count_down();
    go.wait();
    return 1;
  });
  running.wait();
  pool.spawn_workers(1);
  EXPECT_TRUE(eventually([&] { return pool.is_broken(); }));
  go.count_down();
  EXPECT_EQ(first.get(), 1);
}

TEST(BrokenThreadPool, BR_05_TheFirstCauseIsReportedTheSecondAttached) {
  Quiet quiet;
  std::atomic<int> started = 0;
  std::latch both(2);
  std::function<bool()> broken;
  ThreadPool pool({.max_workers = 2, .initializer = [&] {
                     const int n = ++started;
                     both.arrive_and_wait();
                     if (n == 2) {
                       while (!broken()) std::this_thread::yield();
                     }
                     throw std::runtime_error("cause " + std::to_string(n));
                   }});
  broken = [&] { return pool.is_broken(); };
  pool.spawn_workers(2);
  EXPECT_TRUE(pool.join());
  try {
    pool.check();
    FAIL();
  } catch (const InitializerError& error) {
    EXPECT_EQ(describe(std::current_exception()),
              "ThreadPool: a worker's initializer failed: cause 1");
    ASSERT_EQ(error.further().size(), 1u);
    EXPECT_EQ(describe(error.further()[0]), "cause 2");
  }
}

TEST(BrokenThreadPool, BR_06_NotByWhatTasksThrow) {
  Quiet quiet;
  ThreadPool pool(1);
  EXPECT_THROW(pool.run([] { throw 7; }), int);
  EXPECT_THROW(pool.run([] { throw InitializerError("mine"); }), InitializerError);
  pool.post([] { throw 8; });
  EXPECT_TRUE(pool.join());
  pool.check();
  EXPECT_FALSE(pool.is_broken());
}

TEST(BrokenThreadPool, BR_07_HooksCanBeTried) {
  Quiet quiet;
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  ThreadPool good({.initializer = [&] { ++begun; }, .finalizer = [&] { ++ended; }});
  good.test();
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(good.count_workers(), 0);

  ThreadPool first({.initializer = [] { throw std::runtime_error("x"); }});
  EXPECT_THROW(first.test(), InitializerError);
  EXPECT_FALSE(first.is_broken());
  ThreadPool last({.finalizer = [] { throw std::runtime_error("x"); }});
  EXPECT_THROW(last.test(), FinalizerError);
  EXPECT_FALSE(last.is_broken());
  last.shutdown();
  EXPECT_THROW(last.test(), PoolClosed);
}

// ---- the end of the program

void say(const char* text) {
  std::fputs(text, stderr);
  std::fflush(stderr);
}

[[noreturn]] void leave_a_pool_open() {
  static ThreadPool pool(1);
  static std::latch running(1);
  pool.post([] {
    running.count_down();
    eventually([] { return pool.is_closed(); });  // by the exit
    std::this_thread::sleep_for(300ms);
    say("ran to its end.");
  });
  pool.post([] { say("waiting task ran."); });
  running.wait();
  std::exit(0);  // what returning from main() does
}

[[noreturn]] void leak_a_pool() {
  auto* const pool = new ThreadPool(1);
  std::latch running(1);
  pool->post([&] {
    running.count_down();
    eventually([&] { return pool->is_closed(); });
    std::this_thread::sleep_for(50ms);
    say("ran to its end.");
  });
  pool->post([] { say("waiting task ran."); });
  running.wait();
  std::exit(0);
}

[[noreturn]] void exit_from_a_task() {
  static ThreadPool pool(2);
  pool.post([] { std::exit(0); });
  pool.join();
  std::this_thread::sleep_for(200s);
  std::abort();
}

TEST(OpenPoolDeathTest, GS_01_AProgramEndsThoughAPoolIsOpen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(leave_a_pool_open(), testing::ExitedWithCode(0), "^ran to its end\\.$");
  EXPECT_EXIT(leak_a_pool(), testing::ExitedWithCode(0), "^ran to its end\\.$");
  EXPECT_EXIT(exit_from_a_task(), testing::ExitedWithCode(0), "");
}

TEST(OpenPools, GS_02_AreForgottenWhenTheyGo) {
  const int threads = count_threads();
  ASSERT_TRUE(eventually([] { return open_pools() == 0; })) << "those of earlier tests";
  const int pools = test::kSanitized ? 500 : 10000;
  for (int i = 0; i < pools; ++i) {
    ThreadPool pool(1);
    if (i % 10 == 0) pool.run([] {});
    ASSERT_EQ(open_pools(), 1u);
  }
  EXPECT_EQ(open_pools(), 0u);
  EXPECT_TRUE(no_more_threads_than(threads));
}

}  // namespace
}  // namespace distaff::thread_pool_test

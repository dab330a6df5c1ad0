#include "distaff/future.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/completion_queue.h"
#include "distaff/log.h"
#include "distaff/thread_pool.h"
#include "support/timing.h"

namespace distaff::future_test {
namespace {

using namespace std::chrono_literals;
using test::Stopwatch;

int add(int a, int b) { return a + b; }

std::string message_of(const std::exception_ptr& error) { return describe(error); }

TEST(Future, FU_01_GivesItsValueAgainAndAgainAlsoAfterShutdown) {
  ThreadPool pool(1);
  const Future<int> sum = pool.submit(add, 1, 2);
  EXPECT_EQ(sum.get(), 3);
  EXPECT_EQ(sum.get(), 3);
  pool.shutdown();
  EXPECT_EQ(sum.get(), 3);
}

TEST(Future, FU_02_GetWithZeroOnlyLooks) {
  ThreadPool pool(1);
  std::latch go(1);
  const auto future = pool.submit([&] {
    go.wait();
    return 5;
  });
  EXPECT_THROW(future.get(0s), TimeoutError);
  EXPECT_THROW(future.get(5ms), TimeoutError);
  EXPECT_FALSE(future.wait(0s));
  go.count_down();
  EXPECT_EQ(future.get(), 5);
  EXPECT_EQ(future.get(0s), 5);
}

TEST(Future, FU_03_AFailedTaskThrowsWhereItsResultIsAskedFor) {
  ThreadPool pool(1);
  const auto future = pool.submit([]() -> int { throw std::out_of_range("no seven"); });
  EXPECT_TRUE(future.wait());
  EXPECT_THROW(future.get(), std::out_of_range);
  EXPECT_THROW(future.get(), std::out_of_range);
  EXPECT_EQ(message_of(future.exception()), "no seven");
  EXPECT_EQ(future.try_result(), nullptr);
  EXPECT_TRUE(future.is_failed());
  EXPECT_TRUE(future.is_done());
  EXPECT_FALSE(future.is_completed());
}

TEST(Future, FU_03_AnythingThatIsThrownArrivesAsItIs) {
  ThreadPool pool(1);
  const auto future = pool.submit([] { throw 7; });
  EXPECT_THROW(future.get(), int);
}

TEST(Future, FU_04_ARunningTaskIsNotCancelled) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  const auto future = pool.submit([&] {
    running.count_down();
    go.wait();
    return 1;
  });
  running.wait();
  EXPECT_FALSE(future.cancel_requested());
  EXPECT_FALSE(future.cancel());
  EXPECT_TRUE(future.cancel_requested());
  go.count_down();
  EXPECT_EQ(future.get(), 1);
  EXPECT_FALSE(future.is_cancelled());
}

TEST(Future, ACancelledTaskWakesItsWaitersAtOnceAndNeverRuns) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  const auto first = pool.submit([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  auto captured = std::make_shared<int>(1);
  const auto second = pool.submit([captured] { ADD_FAILURE() << *captured; });
  std::thread waiter([&] { EXPECT_THROW(second.get(), CancelledError); });
  EXPECT_TRUE(second.cancel());
  waiter.join();
  EXPECT_FALSE(second.cancel()) << "once";
  EXPECT_TRUE(second.is_cancelled());
  EXPECT_EQ(captured.use_count(), 1) << "what the task held is free";
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
  EXPECT_EQ(second.exception(), nullptr);
  go.count_down();
  first.get();
  EXPECT_TRUE(pool.join());
}

TEST(Future, FU_05_Predicates) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch go(1);
  std::vector<Future<void>> futures;
  futures.push_back(pool.submit([&] {
    running.count_down();
    go.wait();
  }));
  for (int i = 0; i < 2; ++i) futures.push_back(pool.submit([] {}));
  running.wait();
  EXPECT_TRUE(futures[0].is_running());
  EXPECT_TRUE(futures[1].is_pending());
  EXPECT_EQ(futures[2].status(), FutureStatus::pending);
  EXPECT_FALSE(futures[0].is_done());
  go.count_down();
  EXPECT_TRUE(wait(futures));
  for (const auto& future : futures) EXPECT_TRUE(future.is_completed());
}

TEST(Future, FU_06_KnowsItsNumberAndItsPool) {
  ThreadPool pool(2);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const auto future = pool.submit([] {});
    EXPECT_EQ(future.task_id(), id);
    EXPECT_EQ(future.pool(), &pool);
  }
}

TEST(Future, FU_07_EarlyCallbacksAreCalledInOrderByTheThreadThatEndsTheTask) {
  ThreadPool pool(1);
  std::latch go(1);
  std::latch called(4);
  std::vector<int> order;
  std::thread::id worker;
  std::thread::id caller;
  const auto future = pool.submit([&] {
    worker = std::this_thread::get_id();
    go.wait();
    return 3;
  });
  for (int i = 0; i < 4; ++i) {
    future.on_done([&, i](const Future<int>& done) {
      order.push_back(i + done.get(0s));
      caller = std::this_thread::get_id();
      called.count_down();
    });
  }
  go.count_down();
  called.wait();
  EXPECT_EQ(order, (std::vector<int>{3, 4, 5, 6}));
  EXPECT_EQ(caller, worker);
}

TEST(Future, FU_08_ALateCallbackIsCalledAtOnce) {
  ThreadPool pool(1);
  const auto future = pool.submit([] {});
  future.wait();
  std::thread::id caller;
  future.on_done([&] { caller = std::this_thread::get_id(); });
  EXPECT_EQ(caller, std::this_thread::get_id());
}

TEST(Future, FU_09_ARemovedCallbackIsNotCalled) {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  future.on_done([&] { calls += 1; });
  const auto id = future.on_done([&] { calls += 10; });
  EXPECT_TRUE(future.remove_callback(id));
  EXPECT_FALSE(future.remove_callback(id));
  promise.set_value(1);
  EXPECT_EQ(calls, 1);
}

TEST(Future, FU_10_ACallbackThatThrowsIsLogged) {
  std::string said;
  set_log_sink([&](LogLevel, std::string_view text) { said = text; });
  ThreadPool pool(1);
  std::latch go(1);
  std::latch called(1);
  const auto future = pool.submit([&] {
    go.wait();
    return 1;
  });
  future.on_done([] { throw std::runtime_error("not my day"); });
  future.on_done([&] { called.count_down(); });
  go.count_down();
  called.wait();
  EXPECT_EQ(future.get(), 1);
  EXPECT_EQ(pool.submit([] { return 2; }).get(), 2);
  EXPECT_FALSE(pool.is_broken());
  pool.shutdown();
  set_log_sink({});
  EXPECT_EQ(said, "a callback of task 1 failed: not my day");
}

TEST(Future, FU_11_ACallbackMayUseItsFuture) {
  ThreadPool pool(1);
  std::latch go(1);
  std::latch called(2);
  const auto future = pool.submit([&] {
    go.wait();
    return 1;
  });
  future.on_done([&](const Future<int>& done) {
    EXPECT_EQ(done.get(), 1);
    EXPECT_EQ(done.status(), FutureStatus::completed);
    done.on_done([&] { called.count_down(); });
    EXPECT_FALSE(done.cancel());
    EXPECT_FALSE(done.remove_callback(CallbackId{1}));
    called.count_down();
  });
  go.count_down();
  called.wait();
}

TEST(Future, FU_12_Durations) {
  ThreadPool pool(1);
  std::latch running(1);
  std::latch queued(1);
  std::chrono::nanoseconds began{};
  const Stopwatch watch;
  const auto first = pool.submit([&] {
    began = watch.elapsed();
    running.count_down();
    queued.wait();
    std::this_thread::sleep_for(300ms);
  });
  const auto second = pool.submit([] { std::this_thread::sleep_for(20ms); });
  running.wait();
  EXPECT_EQ(first.durations().pending, 0ns);
  EXPECT_EQ(first.durations().running, 0ns);
  queued.count_down();
  second.wait();
  EXPECT_GE(first.durations().running, 300ms);
  EXPECT_WITHIN(first.durations().running, 400ms);
  EXPECT_WITHIN(first.durations().pending, 50ms);
  EXPECT_LE(first.durations().pending, began);
  EXPECT_LE(first.durations().pending + first.durations().running, watch.elapsed());
  EXPECT_GE(second.durations().pending, 300ms);
  EXPECT_GE(second.durations().running, 20ms);
}

TEST(Future, FU_12_ACancelledTaskNeverRan) {
  Promise<void> promise;
  const auto future = promise.future();
  std::this_thread::sleep_for(2ms);
  EXPECT_TRUE(future.cancel());
  EXPECT_GE(future.durations().pending, 2ms);
  EXPECT_EQ(future.durations().running, 0ns);
}

TEST(Future, FU_13_WaitForMany) {
  ThreadPool pool(1);
  std::latch go(1);
  std::vector<Future<void>> futures;
  for (int i = 0; i < 2; ++i) futures.push_back(pool.submit([&] { go.wait(); }));
  const Stopwatch watch;
  EXPECT_FALSE(wait(futures, 100ms));
  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_WITHIN(watch.elapsed(), 180ms);
  go.count_down();
  EXPECT_TRUE(wait(futures, 200s));
  EXPECT_TRUE(wait(std::vector<Future<void>>()));
}

TEST(Future, FU_14_CollectGivesResultsInOrderOrTheFirstFailure) {
  ThreadPool pool(2);
  std::vector<Future<int>> futures = {pool.submit(add, 1, 2), pool.submit(add, 3, 4)};
  EXPECT_EQ(collect(futures), (std::vector<int>{3, 7}));
  EXPECT_EQ(collect(pool.submit(add, 1, 2), pool.submit([] { return std::string("x"); })),
            (std::tuple(3, std::string("x"))));
  futures.push_back(pool.submit([]() -> int { throw std::domain_error("second"); }));
  futures.push_back(pool.submit([]() -> int { throw std::range_error("third"); }));
  EXPECT_THROW(collect(futures), std::domain_error);
  Promise<int> never;
  futures[2] = never.future();
  EXPECT_THROW(collect(futures, 10ms), TimeoutError);
  const Deadline over(0s);
  EXPECT_THROW(static_cast<void>(collect(over, never.future())), TimeoutError);
  collect(std::vector<Future<void>>{pool.submit([] {})});
}

TEST(Future, FU_19_APromiseIsSetOnce) {
  Promise<int> promise;
  promise.set_value(1);
  EXPECT_THROW(promise.set_value(2), InvalidState);
  EXPECT_THROW(promise.set_exception(std::make_exception_ptr(3)), InvalidState);
  EXPECT_THROW(promise.start(), InvalidState);
  EXPECT_EQ(promise.future().get(), 1);
  EXPECT_EQ(promise.future().task_id(), 0u);
  EXPECT_EQ(promise.future().pool(), nullptr);
}

TEST(Future, FU_19_APromiseOfACancelledFutureIsNotStarted) {
  Promise<int> promise;
  EXPECT_TRUE(promise.future().cancel());
  EXPECT_FALSE(promise.start());
  EXPECT_THROW(promise.set_value(2), InvalidState);
}

TEST(Future, APromiseThatIsGivenUpFailsItsFuture) {
  Future<int> future;
  EXPECT_FALSE(future.valid());
  {
    Promise<int> promise;
    Promise<int> moved(std::move(promise));
    future = moved.future();
    EXPECT_TRUE(moved.start());
    EXPECT_FALSE(future.cancel());
    EXPECT_TRUE(future.is_running());
  }
  EXPECT_THROW(future.get(), InvalidState);
}

TEST(Future, AMoveOnlyResultIsTakenOnce) {
  ThreadPool pool(1);
  const auto future = pool.submit([] { return std::make_unique<int>(4); });
  EXPECT_EQ(*future.get(), 4);
  EXPECT_EQ(**future.try_result(), 4);
  const std::unique_ptr<int> taken = future.take();
  EXPECT_EQ(*taken, 4);
  EXPECT_THROW(future.take(), InvalidState);
  EXPECT_THROW(future.get(), InvalidState);
  EXPECT_EQ(future.try_result(), nullptr);
  EXPECT_EQ(*pool.submit([] { return std::make_unique<int>(5); }).get(), 5) << "of a temporary";
}

TEST(Future, AskedToStopATaskEndsEarlyInItsOwnWay) {
  ThreadPool pool(1);
  std::latch running(1);
  const auto future = pool.submit(
      [&](int n, std::stop_token stop) {
        running.count_down();
        while (!stop.stop_requested()) std::this_thread::yield();
        return n;
      },
      8);
  running.wait();
  future.request_stop();
  EXPECT_TRUE(future.cancel_requested());
  EXPECT_EQ(future.get(), 8);
}

TEST(Future, HandlesOfOneTaskAreEqual) {
  ThreadPool pool(1);
  const auto a = pool.submit([] {});
  const auto b = a;
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == pool.submit([] {}));
  EXPECT_EQ(Future<int>(), Future<int>());
}

TEST(Future, EitherRunsOrIsCancelledWhoeverIsFaster) {
  ThreadPool pool(2);
  for (int i = 0; i < 2000; ++i) {
    std::atomic<int> ran = 0;
    const auto future = pool.submit([&] { ran = 1; });
    const bool cancelled = future.cancel();
    future.wait();
    EXPECT_EQ(ran == 0, cancelled);
    EXPECT_EQ(future.is_cancelled(), cancelled);
  }
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(pool.count_pending_tasks(), 0u);
}

}  // namespace
}  // namespace distaff::future_test

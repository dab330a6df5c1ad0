#include "distaff/inline_pool.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/log.h"
#include "distaff/thread_pool.h"

namespace distaff::inline_pool_test {
namespace {

static_assert(FunctionPool<InlinePool>);
static_assert(FunctionPool<ThreadPool>);
static_assert(!std::movable<ThreadPool> && !std::copyable<ThreadPool>);

InlinePoolOptions telling(std::string& story) {
  return {.initializer = [&] { story += "i"; }, .finalizer = [&] { story += "f"; }};
}

TEST(InlinePool, RunsATaskWhereItIsSubmitted) {
  InlinePool pool;
  std::thread::id ran_by;
  const auto future = pool.submit(
      [&](int n) {
        ran_by = std::this_thread::get_id();
        return n;
      },
      4);
  EXPECT_TRUE(future.is_completed());
  EXPECT_EQ(future.get(), 4);
  EXPECT_EQ(future.task_id(), 1u);
  EXPECT_EQ(future.pool(), &pool);
  EXPECT_EQ(ran_by, std::this_thread::get_id());
  EXPECT_THROW(pool.run([] { throw 7; }), int);
  EXPECT_TRUE(pool.submit([] { throw 7; }).is_failed());
  pool.check();
}

TEST(InlinePool, TellsItsHooksWhenAWorkerWould) {
  std::string story;
  {
    InlinePool pool(telling(story));
    EXPECT_EQ(pool.count_workers(), 0);
    EXPECT_EQ(story, "");
    pool.post([&] {
      story += "1";
      EXPECT_EQ(pool.count_busy_workers(), 1);
    });
    EXPECT_EQ(pool.count_free_workers(), 1);
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(pool.count_workers(), 0);
    EXPECT_EQ(pool.spawn_workers(3), 1);
    EXPECT_EQ(pool.spawn_workers(3), 0);
    pool.post([&] { story += "2"; });
  }
  EXPECT_EQ(story, "i1fi2f");
}

TEST(InlinePool, HasAQuotaToo) {
  std::string story;
  auto options = telling(story);
  options.max_tasks_per_worker = 2;
  InlinePool pool(options);
  for (int i = 0; i < 3; ++i) pool.post([&] { story += "."; });
  EXPECT_EQ(story, "i..fi.");
}

TEST(InlinePool, TasksMayRunTasks) {
  InlinePool pool;
  EXPECT_EQ(pool.run([&] {
    EXPECT_THROW(pool.join(), InvalidState);
    return 1 + pool.run([] { return 2; });
  }),
            3);
}

TEST(InlinePool, Closed) {
  std::string story;
  InlinePool pool(telling(story));
  pool.run([&] {
    EXPECT_TRUE(pool.shutdown());
    EXPECT_FALSE(pool.is_terminated()) << "not before this task has ended";
    story += "end";
  });
  EXPECT_EQ(story, "iendf");
  EXPECT_TRUE(pool.is_terminated());
  EXPECT_FALSE(pool.shutdown());
  EXPECT_FALSE(pool.join());
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), PoolClosed);
  EXPECT_THROW(pool.test(), PoolClosed);
  EXPECT_EQ(pool.count_workers(), 0);
}

TEST(InlinePool, Broken) {
  set_log_sink([](LogLevel, std::string_view) {});
  InlinePool pool({.initializer = [] { throw std::runtime_error("no gpu"); }});
  EXPECT_THROW(pool.test(), InitializerError);
  EXPECT_FALSE(pool.is_broken());
  int ran = 0;
  const auto future = pool.submit([&] { ++ran; });
  EXPECT_THROW(future.get(), CancelledError);
  EXPECT_THROW(pool.check(), InitializerError);
  EXPECT_THROW(pool.post([] {}), InitializerError);
  EXPECT_TRUE(pool.is_broken());
  ASSERT_EQ(pool.cancelled_tasks().size(), 1u);
  pool.cancelled_tasks()[0]();
  EXPECT_EQ(ran, 1);
  InlinePool last({.finalizer = [] { throw std::runtime_error("dirty"); }});
  EXPECT_THROW(last.test(), FinalizerError);
  last.run([] {});
  EXPECT_TRUE(last.join());
  EXPECT_THROW(last.check(), FinalizerError);
  set_log_sink({});
}

TEST(InlinePool, TakesTurns) {
  InlinePool pool;
  int sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) pool.run([&] { ++sum; });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sum, 1500);
}

}  // namespace
}  // namespace distaff::inline_pool_test

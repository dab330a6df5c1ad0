#include "distaff/task_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_set>
#include <vector>

#include "distaff/inline_pool.h"
#include "distaff/thread_pool.h"
#include "lib/probe.h"

namespace distaff::task_manager_test {
namespace {

using namespace std::chrono_literals;

// What the library says meanwhile.
class Said {
 public:
  Said() {
    set_log_sink([this](LogLevel level, std::string_view text) {
      const std::lock_guard lock(mutex_);
      (level == LogLevel::error ? errors_ : infos_).emplace_back(text);
    });
  }
  ~Said() { set_log_sink({}); }
  std::vector<std::string> errors() const { return errors_; }
  std::vector<std::string> infos() const { return infos_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> errors_, infos_;
};

constexpr TaskManagerOptions kQuiet{.monitor_interval = 0s};

int plus_one(int i) { return i + 1; }
int fails(int i) { throw std::range_error("bad " + std::to_string(i)); }

TEST(TaskManagers, TM_01_RaiseThrowsWhatATaskThrew) {
  ThreadPool pool(2);
  TaskManager<int> manager(pool, kQuiet);
  manager.submit(fails, 1);
  EXPECT_THROW(manager.run(), std::range_error);
}

TEST(TaskManagers, TM_02_LogSaysOneLineForEach) {
  const Said said;
  ThreadPool pool(2);
  TaskManager<int> manager(pool, {.policy = ErrorPolicy::log, .monitor_interval = 0s});
  manager.submit(fails, 1);
  manager.submit(plus_one, 1);
  manager.run();
  EXPECT_EQ(said.errors(), std::vector<std::string>{"a task failed: bad 1"});
  EXPECT_EQ(manager.results(), std::vector{2});
}

TEST(TaskManagers, TM_03_IgnoreKeepsTheException) {
  const Said said;
  ThreadPool pool(2);
  TaskManager<int> manager(pool, {.policy = ErrorPolicy::ignore, .monitor_interval = 0s});
  auto task = manager.submit(fails, 1);
  manager.run();
  EXPECT_TRUE(task.failed());
  EXPECT_THROW(task.result(), std::range_error);
  EXPECT_TRUE(said.errors().empty());
}

TEST(TaskManagers, TM_04_PoliciesByName) {
  InlinePool pool;
  TaskManager<int>(pool, "LOG");
  TaskManager<int>(pool, "Raise");
  TaskManager<int>(pool, "ignore");
  EXPECT_THROW(TaskManager<int>(pool, "boom"), std::invalid_argument);
  EXPECT_EQ(error_policy("LOG"), ErrorPolicy::log);
}

TEST(TaskManagers, TM_05_RaiseStopsSoon) {
  ThreadPool pool(3);
  TaskManager<int> manager(pool, kQuiet);
  std::vector<ManagedTask<int>> tasks;
  const auto first_failure_is_known = [&] {
    const auto completed = manager.completed_tasks();
    return std::find(completed.begin(), completed.end(), tasks[4]) != completed.end();
  };
  for (const int i : up_to(100)) {
    tasks.push_back(manager.submit([&, i] {
      sleep_ms(10);
      if (i > 4) {
        EXPECT_TRUE(test::eventually(first_failure_is_known));
      }
      if ((i + 1) % 5 == 0) throw std::range_error("five");
      return i;
    }));
  }
  EXPECT_THROW(manager.run(), std::range_error);
  EXPECT_LT(manager.results().size(), 10u);
  EXPECT_TRUE(first_failure_is_known());
  EXPECT_FALSE(tasks[99].complete());
  EXPECT_THROW(tasks[99].result(), InvalidState);
}

TEST(TaskManagers, TM_06_MapAndSubmitInAnyOrder) {
  ThreadPool pool(3);
  for (const bool map_first : {true, false}) {
    TaskManager<int> manager(pool, kQuiet);
    if (map_first) manager.map(plus_one, up_to(5));
    for (int i = 5; i < 10; ++i) manager.submit(plus_one, i);
    if (!map_first) manager.map(plus_one, up_to(5));
    manager.run();
    auto results = manager.results();
    std::sort(results.begin(), results.end());
    EXPECT_EQ(results, (std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  }
}

TEST(TaskManagers, TM_07_AsTheyComplete) {
  ThreadPool pool(3);
  TaskManager<int> manager(pool, kQuiet);
  manager.map(plus_one, up_to(5));
  std::size_t count = 0;
  for (auto& task : manager.as_completed()) {
    EXPECT_TRUE(task.complete());
    EXPECT_EQ(manager.completed_tasks().size(), ++count);
  }
  EXPECT_EQ(count, 5u);
}

TEST(TaskManagers, TM_08_WhoTakesNothingStopsTheReading) {
  ThreadPool pool(4);
  TaskManager<int> manager(pool, kQuiet);
  std::atomic<int> pulled{0};
  manager.map(plus_one, [&]() -> std::optional<int> { return pulled++; });
  auto completed = manager.as_completed();
  auto at = completed.begin();
  EXPECT_LE(pulled, 5);
  const int before = pulled;
  pool.join();  // whatever was given out has ended
  EXPECT_EQ(pulled, before);
  ++at;
  EXPECT_LE(pulled, 6);
  EXPECT_TRUE(manager.completed_tasks().empty()) << "of a source of unknown size, none are kept";
}

TEST(TaskManagers, TM_09_OneWorkerIsEnough) {
  ThreadPool pool(1);
  TaskManager<int> manager(pool);
  manager.map(plus_one, up_to(5));
  manager.run();
  EXPECT_EQ(manager.results(), (std::vector{1, 2, 3, 4, 5}));
}

TEST(TaskManagers, TM_10_HandlesAreLive) {
  ThreadPool pool(2);
  TaskManager<std::unique_ptr<int>> manager(pool, kQuiet);
  auto task = manager.submit([] { return std::make_unique<int>(7); });
  EXPECT_FALSE(task.complete());
  manager.run();
  EXPECT_TRUE(task.complete());
  EXPECT_EQ(*std::move(task.result()), 7);
  EXPECT_EQ((std::unordered_set<ManagedTask<std::unique_ptr<int>>>{task, task}.size()), 1u);
}

TEST(TaskManagers, TM_11_RunAgain) {
  ThreadPool pool(2);
  TaskManager<int> manager(pool, kQuiet);
  manager.submit(plus_one, 1);
  manager.run();
  manager.submit(plus_one, 2);
  manager.run();
  EXPECT_EQ(manager.results(), (std::vector{2, 3}));
  manager.submit(fails, 3);
  manager.submit(plus_one, 4);
  EXPECT_THROW(manager.run(), std::range_error);
  manager.submit(plus_one, 5);
  manager.run();
  EXPECT_EQ(manager.results().back(), 6);
}

TEST(TaskManagers, TM_12_TheFirstFailureCounts) {
  ThreadPool pool(2);
  TaskManager<void> manager(pool, kQuiet);
  std::latch both(2);
  std::latch first_failed(1);
  manager.submit([&] {
    both.arrive_and_wait();
    throw std::range_error("first");
  });
  manager.submit([&] {
    both.arrive_and_wait();
    first_failed.wait();
    throw std::domain_error("second");
  });
  // The second goes on when the first was collected.
  std::thread other([&] {
    both.wait();
    EXPECT_TRUE(test::eventually([&] { return !manager.completed_tasks().empty(); }));
    first_failed.count_down();
  });
  EXPECT_THROW(manager.run(), std::range_error);
  other.join();
  ASSERT_EQ(manager.suppressed().size(), 1u);
  EXPECT_THROW(std::rethrow_exception(manager.suppressed()[0]), std::domain_error);
}

TEST(TaskManagers, TuplesAreSpread) {
  InlinePool pool;
  TaskManager<int> manager(pool, kQuiet);
  manager.map([](int a, int b) { return a * b; },
              std::vector<std::tuple<int, int>>{{2, 3}, {4, 5}});
  manager.run();
  EXPECT_EQ(manager.results(), (std::vector{6, 20}));
}

TEST(TaskManagers, AClosedPoolIsSaidAndNobodyWaits) {
  ThreadPool pool(2);
  TaskManager<int> manager(pool, kQuiet);
  pool.shutdown();
  manager.map(plus_one, up_to(5));
  EXPECT_THROW(manager.run(), PoolClosed);
}

TEST(TaskManagers, ASourceThatThrowsEndsTheRun) {
  ThreadPool pool(2);
  TaskManager<int> manager(pool, kQuiet);
  int given = 0;
  manager.map(plus_one, [&]() -> std::optional<int> {
    if (given++ == 3) throw std::range_error("the source");
    return given;
  });
  EXPECT_THROW(manager.run(), std::range_error);
}

// ---- the monitor

TEST(Monitors, MO_01_AddsUp) {
  const Said said;
  const auto start = Clock::now();
  {
    ThreadPool pool(2);
    TaskManager<void> manager(pool, {.monitor_interval = 500ms});
    manager.map([](int) { sleep_ms(300); }, up_to(8));
    manager.run();
  }
  const double took = seconds_since(start);
  EXPECT_GE(took, 1.2);
  EXPECT_WITHIN(took, 1.5);
  const auto lines = said.infos();
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines.front(), "monitor: started");
  const std::string stopped = "monitor: stopped after 8 tasks in ";
  ASSERT_TRUE(lines.back().starts_with(stopped)) << lines.back();
  const double said_to_take = std::stod(lines.back().substr(stopped.size()));
  EXPECT_GE(said_to_take, 1.2);
  EXPECT_LE(said_to_take, took + 0.005) << "rounded";
  EXPECT_WITHIN(said_to_take, 2);
  int sum = 0;
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) sum += std::stoi(lines[i].substr(9));
  EXPECT_EQ(sum, 8);
  EXPECT_TRUE(!kTimesCount || lines.size() == 5) << lines.size();
}

TEST(Monitors, MO_02_DelaysNothing) {
  const Said said;
  const auto start = Clock::now();
  {
    ThreadPool pool(2);
    TaskManager<void> manager(pool, {.monitor_interval = 100s});
    manager.submit([] { sleep_ms(100); });
    manager.run();
  }
  EXPECT_LT(seconds_since(start), 100) << "nobody waits for the end of an interval";
  EXPECT_WITHIN(seconds_since(start), 0.3);
  EXPECT_EQ(said.infos().size(), 3u);
  EXPECT_EQ(TaskManagerOptions{}.monitor_interval, 2s);
}

TEST(Monitors, MO_03_NoneCostsNothing) {
  const Said said;
  const double before = cpu_seconds();
  ThreadPool pool(2);
  TaskManager<void> manager(pool, kQuiet);
  manager.submit([] { sleep_ms(2000); });
  manager.run();
  EXPECT_WITHIN(cpu_seconds() - before, 0.05);
  EXPECT_TRUE(said.infos().empty());
  EXPECT_THROW(Monitor(-1s), std::invalid_argument);
}

TEST(Monitors, MO_04_SaysThatNothingWasDone) {
  const Said said;
  Monitor monitor(2s);
  const Monitor::TimePoint start{100s};
  EXPECT_EQ(monitor.due(), std::nullopt);
  monitor.tick(start);
  monitor.begin(start);
  monitor.begin(start + 1s);
  EXPECT_EQ(monitor.due(), start + 2s);
  monitor.count();
  monitor.tick(start + 1999ms);
  monitor.tick(start + 2s);
  monitor.tick(start + 4500ms);
  monitor.count(3);
  monitor.end(start + 5s);
  monitor.end(start + 6s);
  EXPECT_EQ(said.infos(),
            (std::vector<std::string>{"monitor: started", "monitor: 1 tasks finished in 2.00 s",
                                      "monitor: 0 tasks finished in 2.50 s",
                                      "monitor: 3 tasks finished in 0.50 s",
                                      "monitor: stopped after 4 tasks in 5.00 s"}));
}

}  // namespace
}  // namespace distaff::task_manager_test

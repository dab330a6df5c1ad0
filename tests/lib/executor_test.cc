#include "distaff/executor.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/imap.h"
#include "distaff/log.h"
#include "distaff/queue.h"
#include "lib/probe.h"

namespace distaff::executor_test {
namespace {

using namespace std::chrono_literals;

auto endless() {
  return [i = 0]() mutable { return std::optional(i++); };
}

// ---- errors

TEST(Errors, ER_01_ResultsBeforeTheFailureThenItsException) {
  for (const int workers : {0, 1}) {
    std::vector<int> got;
    const auto run = [](int i) {
      if (i > 5) throw std::range_error("more than five");
      return i;
    };
    try {
      for (const int r : imap(up_to(10), run, {.workers = workers})) got.push_back(r);
      FAIL();
    } catch (const std::range_error& error) {
      EXPECT_STREQ(error.what(), "more than five");
    }
    EXPECT_EQ(got, up_to(6));
  }
}

TEST(Errors, ER_02_AllFail) {
  const auto run = [](int) -> int { throw std::range_error("no"); };
  EXPECT_THROW(all(imap(up_to(100), run, {.workers = 4})), std::range_error);
  EXPECT_THROW(all(imap_unordered(up_to(100), run, {.workers = 4})), std::range_error);
}

TEST(Errors, ER_03_RunningJobsEndAndNoneStarts) {
  Executor executor(4);
  for (const bool ordered : {true, false}) {
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    std::atomic<bool> known{false};
    std::latch four(4);
    // The result of the first is taken before the failure; the others end when that is known.
    const auto run = [&](int i) {
      if (++started <= 4) four.arrive_and_wait();
      if (i == 1) throw std::range_error("at once");
      if (i > 1) {
        EXPECT_TRUE(test::eventually([&] { return known.load(); }));
        sleep_ms(300);
      }
      ++ended;
      return i;
    };
    const RunOptions options{.on_abort = [&] { known = true; }};
    const auto start = Clock::now();
    EXPECT_THROW(all(ordered ? executor.imap(endless(), run, NoGroups{}, options)
                             : executor.imap_unordered(endless(), run, NoGroups{}, options)),
                 std::range_error);
    EXPECT_GE(seconds_since(start), 0.3);
    EXPECT_WITHIN(seconds_since(start), 0.6);
    EXPECT_EQ(ended, started - 1);
    EXPECT_LE(started, 5);
    // ER_04
    EXPECT_EQ(all(executor.imap(up_to(20), same)), up_to(20));
  }
}

TEST(Errors, ER_05_BreakingOutOfAnEndlessRun) {
  Executor executor(5);
  std::atomic<int> running{0};
  const auto run = [&](int i) {
    ++running;
    sleep_ms(5);
    --running;
    return i;
  };
  int taken = 0;
  for ([[maybe_unused]] int r : executor.imap_unordered(endless(), run)) {
    if (++taken == 3) break;
  }
  EXPECT_EQ(running, 0);
  EXPECT_EQ(all(executor.imap(up_to(20), same)), up_to(20));
}

TEST(Errors, ER_06_ARunThatWasNeverBegun) {
  Executor executor(2);
  { auto results = executor.imap(endless(), same); }
  auto kept = executor.imap(endless(), same);
  EXPECT_EQ(all(executor.imap(up_to(20), same)), up_to(20));
}

// In a process of its own: it is to end by itself.
TEST(Errors, ER_07_AnExceptionWhileTheResultsAreKeptOutside) {
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    try {
      Executor executor(4);
      auto results = executor.imap_unordered(endless(), same);
      for ([[maybe_unused]] int r : results) throw std::range_error("the body");
    } catch (const std::range_error&) {
      _exit(7);
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_WITHIN(seconds_since(start), 2);
}

TEST(Errors, ER_08_ASecondRunIsRefused) {
  Executor executor(2);
  auto first = executor.imap(up_to(100), same);
  auto at = first.begin();
  std::thread([&] { EXPECT_THROW(all(executor.imap(up_to(3), same)), ExecutorBusy); }).join();
  std::vector<int> got;
  for (; at != first.end(); ++at) got.push_back(*at);
  EXPECT_EQ(got, up_to(100));
}

TEST(Errors, ER_09_ARunFromInsideAJobIsRefused) {
  Executor executor(2);
  const auto run = [&](int) { return all(executor.imap(up_to(3), same)).size(); };
  EXPECT_THROW(all(executor.imap(up_to(3), run)), ExecutorBusy);
}

TEST(Errors, ER_10_ManyRunsLeftInTheMiddle) {
  const int before = count_threads();
  const int rounds = test::repeated(1000);
  const auto start = Clock::now();
  for (int round = 0; round < rounds; ++round) {
    int taken = 0;
    for ([[maybe_unused]] int r : imap_unordered(up_to(1000), same, {.workers = 100})) {
      if (++taken == 500) break;
    }
  }
  EXPECT_TRUE(no_more_threads_than(before));
  EXPECT_WITHIN(seconds_since(start), 60);
}

TEST(Errors, ER_11_AnyTypeOfException) {
  const auto run = [](int i) -> int { throw i; };
  EXPECT_THROW(all(imap(std::vector{7}, run, {.workers = 2})), int);
}

TEST(Errors, ER_12_LeavingAsksRunningJobsToStop) {
  std::latch stuck(1);
  std::atomic<bool> left{false};
  std::atomic<double> after{0};
  Clock::time_point leaving;
  const auto run = [&](int i, std::stop_token stop) {
    if (i == 0) {
      stuck.wait();
      return i;
    }
    stuck.count_down();
    while (!stop.stop_requested()) std::this_thread::yield();
    after = seconds_since(leaving);
    EXPECT_TRUE(left);
    return i;
  };
  for ([[maybe_unused]] int r : imap_unordered(up_to(2), run, {.workers = 2})) {
    leaving = Clock::now();
    left = true;
    break;
  }
  EXPECT_WITHIN(after, 0.05);
}

TEST(Errors, ER_13_OnAbortOnceForEachBadEnd) {
  for (const int workers : {0, 2}) {
    int aborted = 0;
    const ImapOptions options{.workers = workers, .on_abort = [&] { ++aborted; }};
    all(imap(up_to(10), same, options));
    EXPECT_EQ(aborted, 0);
    for ([[maybe_unused]] int r : imap(up_to(10), same, options)) break;
    EXPECT_EQ(aborted, 1);
    EXPECT_THROW(all(imap(
                     up_to(10), [](int i) -> int { throw i; }, options)),
                 int);
    EXPECT_EQ(aborted, 2);
    const auto body = [&] {
      for (const int r : imap(up_to(10), same, options)) throw r;
    };
    EXPECT_THROW(body(), int);
    EXPECT_EQ(aborted, 3);
    { auto never_begun = imap(up_to(10), same, options); }
    EXPECT_EQ(aborted, 3);
  }
}

TEST(Errors, ER_14_NothingAfterTheEnd) {
  std::atomic<bool> gone{false};
  std::atomic<int> late{0};
  const auto key = by(same).throttle([&](auto&&...) {
    late += gone;
    return 0ms;
  });
  Executor executor(4);
  const auto consume = [&] {
    for ([[maybe_unused]] int r : executor.imap_unordered(endless(), same, key)) throw 1;
  };
  EXPECT_THROW(consume(), int);
  gone = true;
  EXPECT_EQ(all(executor.imap(up_to(20), same)), up_to(20)) << "and nothing of the run before";
  EXPECT_EQ(late, 0);
}

TEST(Errors, PoliciesThatGoOn) {
  const auto run = [](int i) {
    if (i % 3 == 0) throw std::range_error("item " + std::to_string(i));
    return i;
  };
  std::vector<std::string> said;
  set_log_sink([&](LogLevel level, std::string_view text) {
    EXPECT_EQ(level, LogLevel::error);
    said.emplace_back(text);
  });
  for (const int workers : {0, 2}) {
    said.clear();
    const std::vector<int> rest{1, 2, 4, 5};
    EXPECT_EQ(all(imap(up_to(6), run, {.workers = workers, .on_error = ErrorPolicy::ignore})),
              rest);
    EXPECT_TRUE(said.empty());
    EXPECT_EQ(all(imap(up_to(6), run, {.workers = workers, .on_error = ErrorPolicy::log})), rest);
    std::sort(said.begin(), said.end());
    EXPECT_EQ(said, (std::vector<std::string>{"a job failed: item 0", "a job failed: item 3"}));
  }
  set_log_sink({});
}

// ---- life

TEST(Executors, EX_01_RunsShareTheWorkers) {
  Executor executor(4);
  Probe probe;
  const auto run = [&](int i) {
    probe.observe("", i, [] {});
    return i;
  };
  EXPECT_EQ(all(executor.imap(up_to(200), run)), up_to(200));
  EXPECT_EQ(all(executor.imap_unordered(up_to(200), run)).size(), 200u);
  EXPECT_LE(probe.threads().size(), 4u);
  EXPECT_FALSE(probe.threads().contains(std::this_thread::get_id()));
}

TEST(Executors, EX_02_InitializersSetWhatWorkersSee) {
  static thread_local int offset = 0;
  for (const int extra : {0, 3, 10}) {
    for (const int workers : {0, 3}) {
      Executor executor({.workers = workers, .initializer = [=] { offset = 3 + extra; }});
      std::vector<int> expected;
      for (const int i : up_to(5)) expected.push_back(i + 3 + extra);
      EXPECT_EQ(all(executor.imap(up_to(5), [](int i) { return i + offset; })), expected);
    }
  }
}

TEST(Executors, EX_03_ReadyWhenAllInitializersAre) {
  std::atomic<int> count{0};
  const auto start = Clock::now();
  const Executor executor({.workers = 4, .initializer = [&] {
                             sleep_ms(100);
                             ++count;
                           }});
  EXPECT_GE(seconds_since(start), 0.1);
  EXPECT_EQ(count, 4);
}

TEST(Executors, EX_04_AnInitializerThatFails) {
  const int before = count_threads();
  for (const bool all_fail : {true, false}) {
    std::atomic<int> turn{0};
    const auto init = [&] {
      if (++turn == 3 || all_fail) throw std::range_error("no session");
    };
    try {
      Executor executor({.workers = 4, .initializer = init});
      FAIL();
    } catch (const InitializerError& error) {
      EXPECT_THROW(std::rethrow_if_nested(error), std::range_error);
      EXPECT_EQ(error.further().size(), all_fail ? 3u : 0u);
    }
  }
  EXPECT_TRUE(no_more_threads_than(before));
}

TEST(Executors, EX_05_ClosedIsClosed) {
  for (const int workers : {0, 2}) {
    Executor executor(workers);
    auto made_before = executor.imap(up_to(3), same);
    EXPECT_FALSE(executor.is_closed());
    EXPECT_TRUE(executor.shutdown());
    EXPECT_TRUE(executor.is_closed());
    EXPECT_THROW(executor.imap(up_to(3), same), PoolClosed);
    EXPECT_THROW(all(std::move(made_before)), PoolClosed);
    EXPECT_FALSE(executor.shutdown());  // EX_06
  }
}

TEST(Executors, EX_07_ShutdownWaitsForRunningJobsAndStartsNone) {
  Executor executor(2);
  std::atomic<int> started{0};
  std::atomic<bool> ended{false};
  std::latch running(1);
  // The others of the group were taken out and wait; that they are put back shows that the run was
  // told to start none of them.
  Queue<int> queue{0, 1, 2};
  const auto run = [&](int i) {
    if (++started == 1) {
      EXPECT_TRUE(test::eventually([&] { return queue.empty(); }));
      running.count_down();
      EXPECT_TRUE(test::eventually([&] { return !queue.empty(); }));
    }
    sleep_ms(300);
    ended = true;
    return i;
  };
  std::thread closer([&] {
    running.wait();
    executor.shutdown();
    EXPECT_TRUE(ended);
  });
  std::vector<int> got;
  const auto consume = [&] {
    for (const int r : executor.imap(queue, run, by([](int) { return 'A'; }))) got.push_back(r);
  };
  EXPECT_THROW(consume(), PoolClosed);
  closer.join();
  EXPECT_EQ(started, 1);
  EXPECT_EQ(got, up_to(1)) << "what had finished is delivered";
}

TEST(Executors, EX_07_ShutdownStartsNoneThatWaitsForItsGroup) {
  std::atomic<int> workers_ended{0};
  Executor executor({.workers = 2, .finalizer = [&] { ++workers_ended; }});
  std::atomic<int> given{0};
  std::atomic<int> started{0};
  std::atomic<bool> ended{false};
  std::latch both(2);
  std::latch running(1);
  // Limited, so that who starts them all comes to an end.
  const auto source = [&] { return given < 100 ? std::optional(given++) : std::nullopt; };
  // Both workers are in the run.  The one that has nothing to do leaves it, and ends, once the run
  // was told to start no more.
  const auto run = [&](int i) {
    if (++started <= 2) both.arrive_and_wait();
    if (i == 0) {
      EXPECT_TRUE(test::eventually([&] { return given >= 4; })) << "one waits for its group";
      running.count_down();
      EXPECT_TRUE(test::eventually([&] { return workers_ended == 1; }));
      sleep_ms(100);
      ended = true;
    }
    return i;
  };
  std::thread closer([&] {
    running.wait();
    executor.shutdown();
    EXPECT_TRUE(ended);
  });
  std::vector<int> got;
  const auto consume = [&] {
    const auto key = by([](int i) { return i == 1 ? 'B' : 'A'; });
    for (const int r : executor.imap(source, run, key)) got.push_back(r);
  };
  EXPECT_THROW(consume(), PoolClosed);
  closer.join();
  EXPECT_EQ(started, 2);
  EXPECT_EQ(got, up_to(2)) << "what had finished is delivered";
}

TEST(Executors, EX_07_ShutdownStartsNoneWithoutGroups) {
  Executor executor(1);
  std::atomic<int> started{0};
  std::atomic<bool> ended{false};
  std::latch running(1);
  const auto run = [&](int i) {
    if (++started == 1) {
      running.count_down();
      EXPECT_TRUE(test::eventually([&] { return executor.is_closed(); }));
    }
    sleep_ms(300);
    ended = true;
    return i;
  };
  std::thread closer([&] {
    running.wait();
    executor.shutdown();
    EXPECT_TRUE(ended);
  });
  std::vector<int> got;
  const auto consume = [&] {
    const RunOptions few{.buffer_size = 4};
    for (const int r : executor.imap(endless(), run, NoGroups{}, few)) got.push_back(r);
  };
  EXPECT_THROW(consume(), PoolClosed);
  closer.join();
  // The executor is closed a moment before its run is told.  If the machine holds up shutdown() in
  // between, for longer than the job takes, another one starts.
  EXPECT_TRUE(!kTimesCount || started == 1) << started;
  EXPECT_EQ(got, up_to(started)) << "what had finished is delivered";
}

TEST(Executors, EX_08_AbandonedJobsRunOn) {
  const auto let_go = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  double took = 1;
  {
    Executor executor(1);
    auto started = std::make_shared<std::latch>(1);
    auto results = executor.imap(up_to(5), [=](int i) {
      started->count_down();
      let_go->wait();
      ended->count_down();
      return i;
    });
    std::thread consumer([&] { EXPECT_THROW(all(std::move(results)), PoolClosed); });
    started->wait();
    const auto start = Clock::now();
    executor.shutdown(Shutdown::abandon);
    took = seconds_since(start);
    let_go->count_down();  // the consumer waits for it, the executor did not
    consumer.join();
  }
  ended->wait();
  EXPECT_WITHIN(took, 0.05);
}

TEST(Executors, EX_09_WithoutWorkersAllIsHere) {
  const int before = count_threads();
  std::set<std::thread::id> threads;
  Executor executor(
      {.workers = 0, .initializer = [&] { threads.insert(std::this_thread::get_id()); }});
  const auto run = [&](int i) {
    threads.insert(std::this_thread::get_id());
    EXPECT_LE(count_threads(), before);
    return i;
  };
  EXPECT_EQ(all(executor.imap_unordered(up_to(5), run)), up_to(5));
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(Executors, EX_10_WithoutWorkersAnInitializerThatFails) {
  const auto init = [] { throw std::range_error("no session"); };
  EXPECT_THROW(Executor({.workers = 0, .initializer = init}), BrokenPool);
}

TEST(Executors, EX_11_WithoutWorkersGroupsRest) {
  Probe probe;
  const auto run = [&](const std::string& name) {
    probe.observe(name.substr(0, 1), name[1] - '0', [] {});
  };
  const auto key = by([](const std::string& name) { return name[0]; }).throttle(300ms);
  all(imap(std::vector<std::string>{"a1", "a2", "b1", "b2"}, run, key, {.workers = 0}));
  EXPECT_GE(probe.gaps("a").at(0), 0.3);
  EXPECT_GE(probe.gaps("b").at(0), 0.3);
}

TEST(Executors, EX_12_ThreadsHaveNames) {
  const auto name_here = [] {
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    return std::string(name);
  };
  std::mutex mutex;
  std::set<std::string> names;
  const auto note = [&] {
    const std::lock_guard lock(mutex);
    names.insert(name_here());
  };
  { const Executor executor({.workers = 3, .initializer = note, .name = "crawler"}); }
  EXPECT_EQ(names, (std::set<std::string>{"crawler-1", "crawler-2", "crawler-3"}));
  names.clear();
  { const Executor executor({.workers = 2, .initializer = note}); }
  { const Executor executor({.workers = 2, .initializer = note}); }
  EXPECT_EQ(names.size(), 4u);
}

TEST(Executors, FinalizersRunAsWorkersEnd) {
  for (const int workers : {0, 3}) {
    std::atomic<int> ended{0};
    {
      const Executor executor({.workers = workers, .finalizer = [&] { ++ended; }});
    }
    EXPECT_EQ(ended, std::max(1, workers));
  }
}

}  // namespace
}  // namespace distaff::executor_test

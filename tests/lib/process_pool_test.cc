#include "distaff/process_pool.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "distaff/thread_pool.h"
#include "lib/fork_server.h"
#include "support/temp_dir.h"
#include "support/thread_sanitizer.h"
#include "support/threads.h"
#include "support/timing.h"

namespace distaff::process_pool_test {
namespace {

using namespace std::chrono_literals;
using test::count_threads;
using test::eventually;
using test::kThreadSanitizer;
using test::no_more_threads_than;
using test::Stopwatch;

// ------------------------------------------------------------------ what workers run

int add(int a, int b) { return a + b; }
DISTAFF_REGISTER(add)

int square(int n) { return n * n; }
DISTAFF_REGISTER(square)

int process_id() { return getpid(); }
DISTAFF_REGISTER(process_id)

int process_id_of(int) { return getpid(); }
DISTAFF_REGISTER(process_id_of)

std::string echo(const std::string& text) { return text; }
DISTAFF_REGISTER(echo)

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
DISTAFF_REGISTER(repeat)

// Not for ever: a test that fails before it makes the file waits for its pool.
void await(const std::string& file) {
  if (!eventually([&] { return std::filesystem::exists(file); })) {
    throw std::runtime_error(file + " does not come");
  }
}

void leave(int status) { _exit(status); }
DISTAFF_REGISTER(leave)

void leave_after(const std::string& file, int status) {
  await(file);
  _exit(status);
}
DISTAFF_REGISTER(leave_after)

int add_after(const std::string& file, int a, int b) {
  await(file);
  return a + b;
}
DISTAFF_REGISTER(add_after)

void call_exit(int status) { std::exit(status); }
DISTAFF_REGISTER(call_exit)

void be_killed(int number) {
  signal(number, SIG_DFL);
  raise(number);
}
DISTAFF_REGISTER(be_killed)

void append(const std::string& file, const std::string& line) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const std::string text = line + "\n";
  [[maybe_unused]] const auto written = write(fd, text.data(), text.size());
  close(fd);
}
DISTAFF_REGISTER(append)

// Reports, then waits until the file exists.
int wait_for(const std::string& reports, const std::string& file) {
  append(reports, "waits");
  await(file);
  return getpid();
}
DISTAFF_REGISTER(wait_for)

void wait_long_ago(const std::string& reports) {
  append(reports, std::to_string(getpid()));
  std::this_thread::sleep_for(1h);
}
DISTAFF_REGISTER(wait_long_ago)

// Has a pool of its own do it.
int square_elsewhere(int n) {
  ProcessPool pool(1);
  return pool.run<square>(n);
}
DISTAFF_REGISTER(square_elsewhere)

struct BadTile : std::runtime_error {
  using std::runtime_error::runtime_error;
};
DISTAFF_REGISTER_EXCEPTION(BadTile)

void fail(const std::string& how) {
  if (how == "plain") throw std::out_of_range("no such tile");
  if (how == "registered") throw BadTile("broken tile");
  if (how == "number") throw 7;
  try {
    fail("plain");
  } catch (...) {
    if (how == "registered above") std::throw_with_nested(BadTile("broken tile"));
    std::throw_with_nested(std::runtime_error("cannot draw"));
  }
}
DISTAFF_REGISTER(fail)

int fail_at(int n, int bad) {
  if (n == bad) throw std::out_of_range("no " + std::to_string(n));
  return n;
}
DISTAFF_REGISTER(fail_at)

int open_descriptors() {
  int count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (const dirent* const entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}
DISTAFF_REGISTER(open_descriptors)

void say(const std::string& word) { printf("%s ", word.c_str()); }
DISTAFF_REGISTER(say)

int not_registered() { return 0; }

// ------------------------------------------------------------------ helpers

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::exception_ptr error_of(const auto& future) {
  future.wait();
  return future.exception();
}

class ProcessPoolTest : public testing::TestWithParam<ProcessStart> {
 protected:
  void SetUp() override {
    if (GetParam() != ProcessStart::fork) return;
    if (kThreadSanitizer || !no_more_threads_than(1)) {
      GTEST_SKIP() << "the sanitizer has a thread, so nothing is forked";
    }
  }

  ProcessPoolOptions with(int max_workers) const {
    ProcessPoolOptions options;
    options.max_workers = max_workers;
    options.start = GetParam();
    return options;
  }

  std::string file(const std::string& name) const { return temp_.path() + "/" + name; }
  void make(const std::string& name) const { std::ofstream(file(name)) << "\n"; }

 private:
  TempDir temp_;
};

// Nothing of a broken pool on stderr.
class Quiet {
 public:
  Quiet() : old_(set_log_sink([this](LogLevel, std::string_view text) { add(text); })) {}
  ~Quiet() { set_log_sink(old_); }
  std::string said() const {
    const std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  void add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    said_ += text;
  }

  mutable std::mutex mutex_;
  std::string said_;
  LogSink old_;
};

INSTANTIATE_TEST_SUITE_P(Started, ProcessPoolTest,
                         testing::Values(ProcessStart::fork, ProcessStart::exec),
                         [](const auto& start) {
                           return start.param == ProcessStart::fork ? "ByFork" : "ByExec";
                         });

// ------------------------------------------------------------------ tasks

TEST_P(ProcessPoolTest, PR_01_GivesTheSameResultsAsAThreadPool) {
  ProcessPool pool(with(3));
  ThreadPool threads(3);
  std::vector<int> numbers(23);
  std::iota(numbers.begin(), numbers.end(), -5);
  std::vector<std::pair<int, int>> pairs;
  for (const int n : numbers) pairs.emplace_back(n, 2 * n);

  EXPECT_EQ(pool.submit<add>(1, 2).get(), threads.submit(add, 1, 2).get());
  EXPECT_EQ(pool.run<add>(3, 4), threads.run(add, 3, 4));
  for (const int chunk : {1, 5}) {
    const MapOptions options{.chunk_size = chunk};
    const auto list = [](auto&& results) {
      std::vector<int> all;
      for (const int n : results) all.push_back(n);
      return all;
    };
    const auto sorted = [&](auto&& results) {
      auto all = list(results);
      std::sort(all.begin(), all.end());
      return all;
    };
    EXPECT_EQ(list(pool.map<square>(numbers, options)),
              list(threads.map(square, numbers, options)));
    EXPECT_EQ(list(pool.map_all<square>(numbers, options)),
              list(threads.map(square, numbers, options)));
    EXPECT_EQ(list(pool.map<add>(numbers, numbers, options)),
              list(threads.map(add, numbers, numbers, options)));
    EXPECT_EQ(list(pool.starmap<add>(pairs, options)), list(threads.starmap(add, pairs, options)));
    EXPECT_EQ(list(pool.starmap_all<add>(pairs, options)),
              list(threads.starmap(add, pairs, options)));
    EXPECT_EQ(sorted(pool.map_unordered<square>(numbers, options)),
              sorted(threads.map_unordered(square, numbers, options)));
    EXPECT_EQ(sorted(pool.starmap_all_unordered<add>(pairs, options)),
              sorted(threads.starmap_unordered(add, pairs, options)));
  }
}

TEST_P(ProcessPoolTest, PR_02_RunsTasksInAtMostMaxWorkersOtherProcesses) {
  ProcessPool pool(with(3));
  EXPECT_EQ(pool.count_workers(), 0);
  std::set<int> pids;
  for (const int pid : pool.map_all<process_id_of>(std::vector<int>(40))) pids.insert(pid);
  EXPECT_EQ(pids.count(getpid()), 0U);
  EXPECT_GE(pids.size(), 1U);
  EXPECT_LE(pids.size(), 3U);
  EXPECT_LE(pool.count_workers(), 3);
}

TEST_P(ProcessPoolTest, ConvertsArgumentsAndTakesViews) {
  ProcessPool pool(with(1));
  EXPECT_EQ(pool.run<repeat>("ab", 3L), "ababab");
  EXPECT_EQ(pool.run<add>(short{1}, 'a'), 'a' + 1);
}

TEST_P(ProcessPoolTest, NumbersTasksFromOne) {
  ProcessPool pool(with(1));
  const auto first = pool.submit<add>(1, 2);
  const auto second = pool.submit<add>(3, 4);
  EXPECT_EQ(first.task_id(), 1U);
  EXPECT_EQ(second.task_id(), 2U);
  EXPECT_EQ(second.pool(), &pool);
  EXPECT_EQ(collect(first, second), std::tuple(3, 7));
  EXPECT_TRUE(first.is_completed());
}

TEST_P(ProcessPoolTest, RefusesAFunctionThatNobodyRegistered) {
  ProcessPool pool(with(1));
  EXPECT_THROW(pool.post<not_registered>(), std::logic_error);
  EXPECT_THROW(pool.run<not_registered>(), std::logic_error);
}

TEST_P(ProcessPoolTest, AnUnknownNameFailsItsTask) {
  ProcessPool pool(with(1));
  EXPECT_EQ((pool.submit_named<int(int, int)>("add", 1, 2).get()), 3);
  const auto unknown = pool.submit_named<int()>("unknown");
  EXPECT_THROW(unknown.get(), RemoteError);
  EXPECT_EQ(pool.run<add>(1, 2), 3);
}

// ------------------------------------------------------------------ what goes wrong

TEST_P(ProcessPoolTest, PR_04_AWorkerThatLeavesFailsItsTaskAtOnceAndIsReplaced) {
  ProcessPool pool(with(1));
  const Stopwatch watch;
  const auto lost = pool.submit<leave>(3);
  try {
    lost.get();
    FAIL();
  } catch (const WorkerDied& died) {
    EXPECT_EQ(died.exit_code(), 3);
    EXPECT_EQ(died.signal(), std::nullopt);
    EXPECT_GT(died.pid(), 0);
  }
  EXPECT_WITHIN(watch.elapsed(), 1s);
  EXPECT_EQ(pool.run<add>(1, 2), 3);
  EXPECT_FALSE(pool.is_broken());
}

TEST_P(ProcessPoolTest, TellsASignalFromAnExit) {
  ProcessPool pool(with(1));
  try {
    pool.run<be_killed>(SIGKILL);
    FAIL();
  } catch (const WorkerDied& died) {
    EXPECT_EQ(died.signal(), SIGKILL);
    EXPECT_EQ(died.exit_code(), std::nullopt);
    EXPECT_EQ(died.what(),
              "worker process " + std::to_string(died.pid()) + " was killed by SIGKILL");
  }
}

TEST_P(ProcessPoolTest, ExitInATaskIsADeathAndLeavesTheParentsThingsAlone) {
  ProcessPool pool(with(2));
  EXPECT_THROW(pool.run<call_exit>(4), WorkerDied);
  EXPECT_EQ(pool.run<add>(1, 2), 3);
}

TEST_P(ProcessPoolTest, ADeathBreaksThePoolThatAsksForIt) {
  Quiet quiet;
  auto options = with(1);
  options.on_worker_death = OnWorkerDeath::break_pool;
  ProcessPool pool(options);
  const auto lost = pool.submit<leave_after>(file("go"), 3);
  const auto waiting = pool.submit<add>(1, 2);
  make("go");
  EXPECT_THROW(lost.get(), WorkerDied);
  EXPECT_THROW(waiting.get(), CancelledError);
  EXPECT_TRUE(pool.is_broken());
  try {
    pool.run<add>(1, 2);
    FAIL();
  } catch (const BrokenPool& broken) {
    EXPECT_THROW(broken.rethrow_nested(), WorkerDied);
  }
}

TEST_P(ProcessPoolTest, AnIdleWorkerThatIsKilledIsReplaced) {
  Quiet quiet;
  ProcessPool pool(with(1));
  const int pid = pool.run<process_id>();
  kill(pid, SIGKILL);
  ASSERT_TRUE(eventually([&] { return pool.count_workers() == 0; }));
  EXPECT_NE(pool.run<process_id>(), pid);
  EXPECT_NE(quiet.said().find("SIGKILL"), std::string::npos) << quiet.said();
}

TEST_P(ProcessPoolTest, WhatATaskThrowsArrivesWithItsTextAndWhatWasNested) {
  ProcessPool pool(with(1));
  const auto plain = pool.submit<fail>("plain");
  try {
    plain.get();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_STREQ(error.what(), "no such tile");
    EXPECT_EQ(error.type(), "std::out_of_range");
    EXPECT_EQ(error.worker().find("ProcessPool-1 (pid "), 0U) << error.worker();
  }
  const auto nested = pool.submit<fail>("nested");
  try {
    nested.get();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_STREQ(error.what(), "cannot draw");
    EXPECT_EQ(error.type(), "std::runtime_error");
    try {
      std::rethrow_if_nested(error);
      FAIL();
    } catch (const RemoteError& cause) {
      EXPECT_STREQ(cause.what(), "no such tile");
      EXPECT_EQ(cause.type(), "std::out_of_range");
      EXPECT_NO_THROW(std::rethrow_if_nested(cause));
    }
  }
  EXPECT_EQ(describe(nested.exception()), "cannot draw: no such tile");
  const auto number = pool.submit<fail>("number");
  try {
    number.get();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "int");
    EXPECT_STREQ(error.what(), "unknown exception");
  }
}

TEST_P(ProcessPoolTest, ARegisteredExceptionArrivesAsItself) {
  ProcessPool pool(with(1));
  try {
    pool.run<fail>("registered");
    FAIL();
  } catch (const BadTile& bad) {
    EXPECT_STREQ(bad.what(), "broken tile");
    EXPECT_THROW(std::rethrow_if_nested(bad), RemoteError);
  }
  const auto above = pool.submit<fail>("registered above");
  EXPECT_THROW(above.get(), BadTile);
  const auto trace = remote_traceback(error_of(above));
  ASSERT_TRUE(trace.has_value());
  EXPECT_NE(trace->find("in ProcessPool-1 (pid "), std::string::npos) << *trace;
  EXPECT_NE(trace->find("BadTile: broken tile\n  caused by std::out_of_range: no such tile"),
            std::string::npos)
      << *trace;
  EXPECT_EQ(remote_traceback(std::make_exception_ptr(std::runtime_error("here"))), std::nullopt);
}

TEST_P(ProcessPoolTest, BR_06_WhatATaskThrowsDoesNotBreakThePool) {
  ProcessPool pool(with(1));
  for (const char* how : {"plain", "nested", "number", "registered"}) {
    EXPECT_NE(error_of(pool.submit<fail>(how)), nullptr);
  }
  EXPECT_FALSE(pool.is_broken());
  EXPECT_EQ(pool.run<add>(1, 2), 3);
}

TEST_P(ProcessPoolTest, AMapGivesWhatWasBeforeTheFailureThenThrowsIt) {
  ProcessPool pool(with(2));
  for (const int chunk : {1, 4}) {
    std::vector<int> numbers(9);
    std::iota(numbers.begin(), numbers.end(), 1);
    auto results = pool.map<fail_at>(numbers, std::vector<int>(9, 5), {.chunk_size = chunk});
    for (int n = 1; n <= 4; ++n) EXPECT_EQ(results.next(), n);
    EXPECT_THROW(results.next(), RemoteError);
    EXPECT_EQ(results.next(), std::nullopt);
  }
}

TEST_P(ProcessPoolTest, MessagesThatAreTooLongFailTheirTask) {
  auto options = with(1);
  options.max_message = 100'000;
  ProcessPool pool(options);
  const auto argument = pool.submit<echo>(std::string(200'000, 'x'));
  EXPECT_THROW(argument.get(), MessageError);
  const auto result = pool.submit<repeat>("0123456789", 20'000);
  EXPECT_THROW(result.get(), MessageError);
  EXPECT_EQ(pool.run<repeat>("0123456789", 5'000).size(), 50'000U);
}

TEST_P(ProcessPoolTest, WhatAPostedTaskThrowsIsLogged) {
  Quiet quiet;
  ProcessPool pool(with(1));
  pool.post<fail>("plain");
  EXPECT_TRUE(pool.join());
  EXPECT_NE(quiet.said().find("no such tile"), std::string::npos) << quiet.said();
}

TEST_P(ProcessPoolTest, RefusesOptionsOutOfRange) {
  EXPECT_THROW(ProcessPool{-1}, std::invalid_argument);
  auto options = with(1);
  options.max_message = 10;
  EXPECT_THROW(ProcessPool{options}, std::invalid_argument);
}

// ------------------------------------------------------------------ hooks

TEST_P(ProcessPoolTest, PR_05_AFailingInitializerBreaksThePoolWithItsText) {
  Quiet quiet;
  auto options = with(1);
  options.initializer = call<fail>("plain");
  ProcessPool pool(options);
  const auto task = pool.submit<add>(1, 2);
  EXPECT_THROW(task.get(), CancelledError);
  try {
    pool.check();
    FAIL();
  } catch (const InitializerError& error) {
    try {
      error.rethrow_nested();
    } catch (const RemoteError& cause) {
      EXPECT_STREQ(cause.what(), "no such tile");
    }
  }
  EXPECT_NE(quiet.said().find("no such tile"), std::string::npos) << quiet.said();
}

TEST_P(ProcessPoolTest, BR_01_AWorkerThatDiesInItsInitializerBreaksThePool) {
  Quiet quiet;
  auto options = with(2);
  options.initializer = call<leave>(9);
  ProcessPool pool(options);
  const auto task = pool.submit<add>(1, 2);
  EXPECT_THROW(task.get(), CancelledError);
  try {
    pool.check();
    FAIL();
  } catch (const InitializerError& error) {
    EXPECT_THROW(error.rethrow_nested(), WorkerDied);
  }
}

TEST_P(ProcessPoolTest, BR_02_AFailingFinalizerBreaksThePool) {
  for (const bool joined : {true, false}) {
    if (GetParam() == ProcessStart::fork) {
      ASSERT_TRUE(no_more_threads_than(1)) << "of the pool before";
    }
    Quiet quiet;
    auto options = with(1);
    options.finalizer = call<fail>("plain");
    if (!joined) options.idle_timeout = 0s;
    ProcessPool pool(options);
    EXPECT_EQ(pool.run<add>(1, 2), 3);
    if (joined) {
      EXPECT_TRUE(pool.join());
    }
    ASSERT_TRUE(eventually([&] { return pool.is_broken(); }));
    try {
      pool.check();
      FAIL();
    } catch (const FinalizerError& error) {
      EXPECT_THROW(error.rethrow_nested(), RemoteError);
    }
  }
}

TEST_P(ProcessPoolTest, BR_03_ABrokenPoolThatIsShutDownSaysClosed) {
  Quiet quiet;
  auto options = with(1);
  options.initializer = call<fail>("plain");
  ProcessPool pool(options);
  EXPECT_THROW(pool.submit<add>(1, 2).get(), CancelledError);
  EXPECT_TRUE(pool.shutdown());
  EXPECT_THROW(pool.check(), PoolClosed);
  EXPECT_TRUE(pool.is_broken());
}

TEST_P(ProcessPoolTest, BR_04_ABrokenPoolCancelsAndListsWhatWaits) {
  Quiet quiet;
  auto options = with(2);
  options.initializer = call<fail>("plain");
  ProcessPool pool(options);
  std::vector<Future<int>> tasks;
  try {
    for (int i = 0; i < 20; ++i) tasks.push_back(pool.submit<add>(i, i));
  } catch (const InitializerError&) {
  }
  for (const auto& task : tasks) EXPECT_THROW(task.get(), CancelledError);
  const auto listed = pool.cancelled_tasks();
  ASSERT_EQ(listed.size(), tasks.size());
  for (std::size_t i = 0; i < listed.size(); ++i) EXPECT_EQ(listed[i].id(), tasks[i].task_id());
}

TEST_P(ProcessPoolTest, BR_05_TheFirstCauseCountsAndOthersAreAttached) {
  Quiet quiet;
  auto options = with(2);
  options.finalizer = call<fail>("plain");
  ProcessPool pool(options);
  EXPECT_EQ(pool.spawn_workers(2), 2);
  ASSERT_TRUE(pool.join());
  try {
    pool.check();
    FAIL();
  } catch (const FinalizerError& error) {
    EXPECT_THROW(error.rethrow_nested(), RemoteError);
    EXPECT_EQ(error.further().size(), 1U);
  }
}

TEST_P(ProcessPoolTest, BR_07_ATestTriesTheHooksAndLeavesThePoolAlone) {
  Quiet quiet;
  auto options = with(2);
  options.initializer = call<append>(file("hooks"), "init");
  options.finalizer = call<append>(file("hooks"), "fini");
  ProcessPool good(options);
  EXPECT_NO_THROW(good.test());
  EXPECT_EQ(lines_of(file("hooks")), (std::vector<std::string>{"init", "fini"}));
  EXPECT_EQ(good.count_workers(), 0);

  options.initializer = call<fail>("plain");
  ProcessPool bad_start(options);
  EXPECT_THROW(bad_start.test(), InitializerError);
  EXPECT_FALSE(bad_start.is_broken());

  options.initializer = {};
  options.finalizer = call<fail>("plain");
  ProcessPool bad_end(options);
  EXPECT_THROW(bad_end.test(), FinalizerError);
  EXPECT_FALSE(bad_end.is_broken());

  good.shutdown();
  EXPECT_THROW(good.test(), PoolClosed);
}

TEST_P(ProcessPoolTest, HooksFrameTheTasksOfEachWorker) {
  auto options = with(1);
  options.initializer = call<append>(file("log"), "init");
  options.finalizer = call<append>(file("log"), "fini");
  options.max_tasks_per_worker = 3;
  ProcessPool pool(options);
  for (int i = 0; i < 7; ++i) pool.post<append>(file("log"), std::to_string(i));
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(lines_of(file("log")),
            (std::vector<std::string>{"init", "0", "1", "2", "fini", "init", "3", "4", "5", "fini",
                                      "init", "6", "fini"}));
}

// ------------------------------------------------------------------ life and end

TEST_P(ProcessPoolTest, PR_06_AQuotaOfTwoMakesThreeProcessesForSixTasks) {
  auto options = with(1);
  options.max_tasks_per_worker = 2;
  ProcessPool pool(options);
  std::map<int, int> tasks;
  for (int i = 0; i < 6; ++i) ++tasks[pool.run<process_id>()];
  EXPECT_EQ(tasks.size(), 3U);
  for (const auto& [pid, count] : tasks) EXPECT_EQ(count, 2);
}

TEST_P(ProcessPoolTest, PR_08_ATaskThatIsCancelledBeforeItsStartNeverRuns) {
  ProcessPool pool(with(1));
  const auto busy = pool.submit<wait_for>(file("reports"), file("go"));
  ASSERT_TRUE(eventually([&] { return busy.is_running() && !lines_of(file("reports")).empty(); }));
  const auto cancelled = pool.submit<append>(file("ran"), "cancelled");
  const auto kept = pool.submit<append>(file("ran"), "kept");
  EXPECT_EQ(pool.count_pending_tasks(), 2U);
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_EQ(pool.count_pending_tasks(), 1U);
  EXPECT_THROW(cancelled.get(), CancelledError);
  EXPECT_FALSE(busy.cancel());
  make("go");
  kept.get();
  EXPECT_GT(busy.get(), 0);
  EXPECT_EQ(lines_of(file("ran")), std::vector<std::string>{"kept"});
}

TEST_P(ProcessPoolTest, PR_09_FiftyMebibytesGoBothWaysAtOnce) {
  ProcessPool pool(with(2));
  std::string text(50 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 >> 8);
  const auto one = pool.submit<echo>(text);
  const auto other = pool.submit<echo>(text);
  const auto third = pool.submit<echo>(text);
  EXPECT_TRUE(one.get() == text);
  EXPECT_TRUE(other.get() == text);
  EXPECT_TRUE(third.get() == text);
}

TEST_P(ProcessPoolTest, PR_10_AWorkerSeesNoDescriptorOfAnother) {
  ProcessPool pool(with(4));
  pool.spawn_max_workers();
  std::vector<Future<int>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(pool.submit<wait_for>(file("reports"), file("go")));
    ASSERT_TRUE(eventually([&] { return lines_of(file("reports")).size() == std::size_t(i) + 1; }));
  }
  const int last = pool.run<open_descriptors>();
  make("go");
  for (const auto& each : held) each.get();
  pool.join();
  const int first = pool.run<open_descriptors>();
  EXPECT_EQ(first, last);
}

TEST_P(ProcessPoolTest, SpawnsNoMoreThanItMay) {
  ProcessPool pool(with(3));
  EXPECT_EQ(pool.spawn_workers(2), 2);
  EXPECT_EQ(pool.count_workers(), 2);
  EXPECT_EQ(pool.spawn_workers(10), 1);
  EXPECT_EQ(pool.spawn_max_workers(), 0);
  EXPECT_EQ(pool.count_workers(), 3);
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(pool.count_workers(), 0);
  EXPECT_TRUE(pool.is_terminated());
  EXPECT_FALSE(pool.shutdown());
  EXPECT_THROW(pool.post<add>(1, 2), PoolClosed);
  EXPECT_THROW(pool.map<square>(std::vector<int>(3)), PoolClosed);
  EXPECT_THROW(pool.spawn_workers(1), PoolClosed);
  EXPECT_FALSE(pool.join());
}

TEST_P(ProcessPoolTest, CountsBusyAndFreeWorkers) {
  ProcessPool pool(with(2));
  pool.spawn_max_workers();
  const auto busy = pool.submit<wait_for>(file("reports"), file("go"));
  ASSERT_TRUE(eventually([&] { return !lines_of(file("reports")).empty(); }));
  EXPECT_EQ(pool.count_busy_workers(), 1);
  EXPECT_EQ(pool.count_free_workers(), 1);
  make("go");
  busy.get();
  EXPECT_EQ(pool.count_busy_workers(), 0);
}

TEST_P(ProcessPoolTest, IdleWorkersLeaveAndComeBackWhenNeeded) {
  auto options = with(2);
  options.idle_timeout = 50ms;
  ProcessPool pool(options);
  EXPECT_EQ(pool.spawn_workers(2), 2);
  const int pid = pool.run<process_id>();
  EXPECT_TRUE(eventually([&] { return pool.count_workers() == 0; }));
  EXPECT_NE(pool.run<process_id>(), pid);
}

TEST_P(ProcessPoolTest, ShutdownCancelsWhatWaitsAndFinishesWhatRuns) {
  ProcessPool pool(with(1));
  const auto running = pool.submit<wait_for>(file("reports"), file("go"));
  ASSERT_TRUE(eventually([&] { return !lines_of(file("reports")).empty(); }));
  const auto waiting = pool.submit<append>(file("ran"), "by hand");
  waiting.on_done([&] { make("go"); });
  EXPECT_TRUE(pool.shutdown());
  EXPECT_GT(running.get(), 0);
  EXPECT_THROW(waiting.get(), CancelledError);
  const auto listed = pool.cancelled_tasks();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(file("ran")));
  listed[0]();
  EXPECT_EQ(lines_of(file("ran")), std::vector<std::string>{"by hand"});
  EXPECT_THROW(listed[0](), InvalidState);
}

TEST_P(ProcessPoolTest, DrainAndJoinRunWhatWaits) {
  ProcessPool pool(with(1));
  for (int i = 0; i < 5; ++i) pool.post<append>(file("ran"), std::to_string(i));
  EXPECT_TRUE(pool.join());
  EXPECT_EQ(lines_of(file("ran")).size(), 5U);
  EXPECT_EQ(pool.count_workers(), 0);
  for (int i = 0; i < 5; ++i) pool.post<append>(file("ran"), std::to_string(i));
  EXPECT_TRUE(pool.shutdown(Pending::drain));
  EXPECT_EQ(lines_of(file("ran")).size(), 10U);
}

TEST_P(ProcessPoolTest, AJoinThatTakesTooLongGivesUpAndThePoolGoesOn) {
  ProcessPool pool(with(1));
  const auto running = pool.submit<wait_for>(file("reports"), file("go"));
  EXPECT_FALSE(pool.join(10ms));
  const auto next = pool.submit<add>(1, 2);
  make("go");
  EXPECT_EQ(next.get(), 3);
}

TEST_P(ProcessPoolTest, AJoinEndsWhenTheLastWaitingTaskIsCancelled) {
  ProcessPool pool(with(1));
  const auto running = pool.submit<wait_for>(file("reports"), file("go"));
  ASSERT_TRUE(eventually([&] { return !lines_of(file("reports")).empty(); }));
  const auto waiting = pool.submit<add>(1, 2);
  std::thread joiner([&] { EXPECT_TRUE(pool.join()); });
  waiting.cancel();
  make("go");
  joiner.join();
  EXPECT_TRUE(running.is_completed());
}

TEST_P(ProcessPoolTest, ACallbackMayUseThePoolButNotWaitForIt) {
  ProcessPool pool(with(1));
  // Shared, as the callback may still be in set_value() when we have the value.
  const auto next = std::make_shared<Promise<int>>();
  const auto refused = std::make_shared<Promise<bool>>();
  // Held back until the callback is there: a late one is called here.
  pool.submit<add_after>(file("go"), 1, 2).on_done([&pool, next, refused](const Future<int>& sum) {
    try {
      pool.run<add>(1, 1);
      refused->set_value(false);
    } catch (const InvalidState&) {
      refused->set_value(true);
    }
    pool.submit<square>(sum.get()).on_done(
        [next](const Future<int>& done) { next->set_value(done.get()); });
  });
  make("go");
  EXPECT_TRUE(refused->future().get());
  EXPECT_EQ(next->future().get(), 9);
}

TEST_P(ProcessPoolTest, ManyThreadsMayUseOnePool) {
  ProcessPool pool(with(3));
  std::vector<std::thread> users;
  std::atomic<int> sum{0};
  for (int t = 0; t < 4; ++t) {
    users.emplace_back([&] {
      for (int i = 0; i < 100; ++i) sum += pool.run<add>(i, 0);
    });
  }
  for (auto& user : users) user.join();
  EXPECT_EQ(sum, 4 * 4950);
}

TEST_P(ProcessPoolTest, PoolsMayBeOpenAtTheSameTime) {
  ProcessPool one(with(1));
  ProcessPool other(with(1));
  EXPECT_NE(one.run<process_id>(), other.run<process_id>());
  EXPECT_TRUE(one.shutdown());
  EXPECT_EQ(other.run<add>(1, 2), 3);
}

TEST_P(ProcessPoolTest, ATaskMayHaveAPoolOfItsOwn) {
  ProcessPool pool(with(1));
  EXPECT_EQ(pool.run<square_elsewhere>(7), 49);
}

TEST_P(ProcessPoolTest, APoolMayGoInACallbackOfItsOwn) {
  const auto threads = count_threads();
  auto pool = std::make_unique<ProcessPool>(with(1));
  const auto gone = std::make_shared<Promise<void>>();
  // Held back until the callback is there.
  const auto task = pool->submit<wait_for>(file("reports"), file("go"));
  task.on_done([&pool, gone] {
    pool.reset();
    gone->set_value();
  });
  make("go");
  gone->future().get();
  EXPECT_TRUE(eventually([] { return open_pools() == 0; }) && no_more_threads_than(threads));
}

TEST_P(ProcessPoolTest, AThreadThatFollowsThePoolsOwnMayWait) {
  ProcessPool pool(with(1));
  EXPECT_TRUE(pool.shutdown());  // its thread is gone, and the next is likely to get its id
  std::thread([&] {
    EXPECT_FALSE(pool.join());
    EXPECT_THROW(pool.run<square>(2), PoolClosed);
  }).join();
}

TEST_P(ProcessPoolTest, LeavesNoProcessBehind) {
  int pid = 0;
  {
    ProcessPool pool(with(1));
    pid = pool.run<process_id>();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_P(ProcessPoolTest, TheKeysOfATerminalDoNotEndWorkers) {
  ProcessPool pool(with(1));
  const int pid = pool.run<process_id>();
  kill(pid, SIGINT);
  EXPECT_EQ(pool.run<process_id>(), pid);
}

TEST_P(ProcessPoolTest, WhatIsWrittenToOutputIsWrittenOnce) {
  fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  const int out = open(file("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  dup2(out, STDOUT_FILENO);
  close(out);
  printf("before ");  // stays in the buffer while the pool is made
  {
    ProcessPool pool(with(2));
    pool.run<say>("task");
    pool.run<say>("task");
  }
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  std::multiset<std::string> words;
  std::ifstream in(file("out"));
  for (std::string word; in >> word;) words.insert(word);
  EXPECT_EQ(words, (std::multiset<std::string>{"before", "task", "task"}));
}

TEST_P(ProcessPoolTest, WaitsForDescriptorsWhenThereAreNone) {
  if (test::kSanitized) return;  // it needs some itself to look at objects
  Quiet quiet;
  ProcessPool pool(with(1));
  std::vector<int> taken;
  for (int fd; (fd = dup(STDERR_FILENO)) >= 0;) taken.push_back(fd);
  const auto task = pool.submit<add>(1, 2);
  EXPECT_TRUE(eventually([&] { return quiet.said().find("start a worker") != std::string::npos; }));
  EXPECT_TRUE(task.is_pending());
  for (const int fd : taken) close(fd);
  EXPECT_EQ(task.get(), 3);
}

TEST_P(ProcessPoolTest, APoolThatIsLeftOpenIsShutDownAtExit) {
  const pid_t program = fork();
  if (program == 0) {
    ProcessPoolOptions options = with(1);
    options.finalizer = call<append>(file("log"), "fini");
    static ProcessPool* const left = new ProcessPool(options);
    left->run<append>(file("log"), "task");
    std::exit(open_pools() == 1 ? 0 : 1);
  }
  int status = 0;
  waitpid(program, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(lines_of(file("log")), (std::vector<std::string>{"task", "fini"}));
}

// ------------------------------------------------------------------ one process dies

// Runs in a process of its own, which is killed in the middle of tasks.
[[noreturn]] void hold_workers(ProcessStart start, const std::string& reports) {
  ProcessPoolOptions options;
  options.max_workers = 2;
  options.start = start;
  ProcessPool pool(options);
  const auto one = pool.submit<wait_long_ago>(reports);
  const auto other = pool.submit<wait_long_ago>(reports);
  one.get();
  _exit(0);
}

TEST_P(ProcessPoolTest, PR_07_NoWorkerOutlivesAParentThatIsKilled) {
  const pid_t parent = fork();
  if (parent == 0) hold_workers(GetParam(), file("pids"));
  ASSERT_TRUE(eventually([&] { return lines_of(file("pids")).size() == 2; }));
  const auto pids = lines_of(file("pids"));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  const Stopwatch watch;
  const auto alive = [](const std::string& pid) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string text;
    return static_cast<bool>(std::getline(stat, text)) && text.find(") Z") == std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return std::none_of(pids.begin(), pids.end(), alive); }));
  EXPECT_WITHIN(watch.elapsed(), 1s);
}

// ------------------------------------------------------------------ starting

TEST(ProcessPoolStart, AForkFromAProcessWithThreadsIsRefused) {
  std::promise<void> go;
  std::thread other([&] { go.get_future().wait(); });
  ProcessPoolOptions options;
  options.start = ProcessStart::fork;
  EXPECT_THROW(ProcessPool{options}, std::logic_error);
  go.set_value();
  other.join();
}

TEST(ProcessPoolStart, WithThreadsThereAreWorkersByExec) {
  ThreadPool threads(1);
  threads.run([] {});
  ProcessPool pool(1);
  EXPECT_EQ(pool.run<add>(1, 2), 3);
}

TEST(ProcessPoolStart, AForkServerThatWasMadeInTimeServesLaterPools) {
  if (kThreadSanitizer || !no_more_threads_than(1)) {
    GTEST_SKIP() << "the sanitizer has a thread, so nothing is forked";
  }
  const ForkServer server;
  ThreadPool threads(1);
  threads.run([] {});
  ProcessPoolOptions options;
  options.max_workers = 1;
  options.start = ProcessStart::fork;
  ProcessPool pool(options);
  EXPECT_EQ(pool.run<add>(1, 2), 3);
}

// The kernel may show such a thread for long after it was joined, on a busy machine.
TEST(ProcessPoolStart, AThreadThatWasJoinedDoesNotKeepFromForking) {
  if (kThreadSanitizer || !no_more_threads_than(1)) {
    GTEST_SKIP() << "the sanitizer has a thread, so nothing is forked";
  }
  for (int i = 0; i < 2000; ++i) {
    std::thread([] {}).join();
    ASSERT_TRUE(detail::has_one_thread()) << "after thread " << i;
  }
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) std::this_thread::yield();
  });
  EXPECT_FALSE(detail::has_one_thread());
  over = true;
  other.join();
}

// ------------------------------------------------------------------ command workers

ProcessPoolOptions by_command(std::vector<std::string> arguments = {}) {
  ProcessPoolOptions options;
  options.max_workers = 2;
  options.command = {DISTAFF_HELPERS "/frame_worker"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  return options;
}

TEST(ProcessPoolCommand, AProgramThatSpeaksFramesIsAWorker) {
  ProcessPool pool(by_command());
  EXPECT_EQ((pool.submit_named<std::string(std::string)>("upper", "some text").get()), "SOME TEXT");
  const auto failed = pool.submit_named<void()>("fail");
  try {
    failed.get();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "Mistake");
    EXPECT_STREQ(error.what(), "as asked");
    EXPECT_EQ(error.worker(), "frame_worker");
  }
  EXPECT_NO_THROW(pool.test());
  EXPECT_TRUE(pool.join());
}

TEST(ProcessPoolCommand, AProgramThatCannotBeRunIsRefused) {
  ProcessPoolOptions options;
  options.command = {"/nowhere/worker"};
  EXPECT_THROW(ProcessPool{options}, std::system_error);
}

TEST(ProcessPoolCommand, AProgramThatSpeaksOtherwiseBreaksThePoolInsteadOfHangingIt) {
  Quiet quiet;
  for (const char* how : {"nonsense", "quit", "long"}) {
    ProcessPool pool(by_command({how}));
    EXPECT_THROW((pool.submit_named<std::string(std::string)>("upper", "x").get()), CancelledError)
        << how;
    EXPECT_THROW(pool.check(), InitializerError) << how;
  }
}

TEST(ProcessPoolCommand, AnAnswerThatIsNoneFailsItsTask) {
  Quiet quiet;
  ProcessPool pool(by_command());
  EXPECT_THROW((pool.submit_named<std::string()>("nonsense").get()), MessageError);
  EXPECT_THROW((pool.submit_named<std::string()>("short").get()), MessageError);
  EXPECT_THROW((pool.submit_named<std::string()>("close").get()), WorkerDied);
  EXPECT_EQ((pool.submit_named<std::string(std::string)>("upper", "x").get()), "X");
}

}  // namespace
}  // namespace distaff::process_pool_test

// Instead of the test framework's: workers that are executed come by here.
int main(int argc, char** argv) {
  distaff::serve_as_worker(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

// Random programs for ProcessPool: threads submit, run, map, cancel, wait, join and close, while
// tasks fail, workers die and hooks break the pool.  Each worker keeps a ledger of what it ran; at
// the end ledger, futures and results must agree.  DISTAFF_PROPERTY_COUNT says how many programs,
// DISTAFF_PROPERTY_SEED which is the first; a failure names its seed.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "distaff/log.h"
#include "distaff/process_pool.h"
#include "lib/random_programs.h"
#include "support/temp_dir.h"
#include "support/threads.h"
#include "support/timing.h"

namespace distaff::process_pool_property_test {
namespace {

using namespace std::chrono_literals;

// ------------------------------------------------------------------ what workers run

enum Deed { kGood, kSlow, kThrows, kExits, kIsKilled };
constexpr int kBegun = -1, kEnded = -2;  // hooks, in the place of a task's number

void note(const std::string& ledger, int number) {
  const int fd = open(ledger.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const std::string line = std::to_string(getpid()) + " " + std::to_string(number) + "\n";
  if (write(fd, line.data(), line.size()) < 0) _exit(9);
  close(fd);
}

void act(int deed) {
  if (deed == kSlow) busy_for(std::chrono::microseconds(300));
  if (deed == kThrows) throw std::out_of_range("drawn");
  if (deed == kExits) _exit(3);
  if (deed == kIsKilled) kill(getpid(), SIGKILL);
}

int triple_in_ledger(const std::string& ledger, int number, int deed) {
  note(ledger, number);
  act(deed);
  return 3 * number;
}
DISTAFF_REGISTER(triple_in_ledger)

void begin_ledger(const std::string& ledger, int deed) {
  note(ledger, kBegun);
  act(deed);
}
DISTAFF_REGISTER(begin_ledger)

void end_ledger(const std::string& ledger, int deed) {
  note(ledger, kEnded);
  act(deed);
}
DISTAFF_REGISTER(end_ledger)

// ------------------------------------------------------------------ programs

struct Plan : Draw {
  enum class End { destroy, cancel, drain, join };

  Plan(std::uint64_t seed, bool may_fork) : Draw(seed) {
    start = may_fork && !chance(6) ? ProcessStart::fork : ProcessStart::exec;
    workers = one_of({1, 1, 2, 3});
    quota = one_of({0, 0, 1, 2, 5});
    if (chance(3)) idle = std::chrono::microseconds(one_of({0, 0, 500}));
    if (chance(2)) begins = chance(8) ? one_of({kThrows, kExits, kIsKilled}) : kGood;
    if (chance(2)) ends = chance(8) ? one_of({kThrows, kExits}) : kGood;
    breaks_on_death = chance(4);
    clients = one_of({1, 1, 2});
    steps = one_of({1, 4, 12, 25});
    closes = chance(6);
    end = static_cast<End>(draw(4));
  }

  std::uint64_t seed_of_client() { return static_cast<std::uint64_t>(draw(1 << 30)); }
  bool hooks_fail() const { return begins.value_or(kGood) || ends.value_or(kGood); }
  // Somebody else's death or end may be the end of any task.
  bool may_break() const { return hooks_fail() || breaks_on_death; }

  ProcessStart start;
  int workers, quota, clients, steps;
  std::optional<std::chrono::nanoseconds> idle;
  std::optional<int> begins, ends;  // how hooks behave
  bool breaks_on_death, closes;
  End end;
};

struct Task {
  int number = 0;
  int deed = kGood;
  std::optional<Future<int>> future;
  std::atomic<int> callbacks{0};
  std::atomic<bool> cancelled{false};  // by its future, with success
  bool delivered = false;              // a result came, by run() or by a map
};

class Program {
 public:
  Program(std::uint64_t seed, bool may_fork, std::string ledger)
      : plan_(seed, may_fork), ledger_(std::move(ledger)) {
    std::ofstream(ledger_, std::ios::trunc);
  }

  // The faults that were found.
  std::string run() {
    auto pool = std::make_unique<ProcessPool>(options());
    pool_ = pool.get();
    std::vector<std::thread> clients;
    for (int i = 0; i < plan_.clients; ++i) {
      clients.emplace_back([this, draw = Draw(plan_.seed_of_client())]() mutable { act(draw); });
    }
    for (std::thread& client : clients) client.join();
    end();
    pool.reset();
    check_all();
    return faults_;
  }

 private:
  ProcessPoolOptions options() {
    ProcessPoolOptions options;
    options.max_workers = plan_.workers;
    options.start = plan_.start;
    if (plan_.quota > 0) options.max_tasks_per_worker = plan_.quota;
    if (plan_.idle) options.idle_timeout = plan_.idle;
    if (plan_.begins) options.initializer = call<begin_ledger>(ledger_, *plan_.begins);
    if (plan_.ends) options.finalizer = call<end_ledger>(ledger_, *plan_.ends);
    if (plan_.breaks_on_death) options.on_worker_death = OnWorkerDeath::break_pool;
    return options;
  }

  void wrong(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (faults_.size() < 500) faults_ += what + "\n";
  }

  Task& new_task(int deed) {
    const std::lock_guard lock(mutex_);
    Task& task = tasks_.emplace_back();
    task.number = static_cast<int>(tasks_.size());
    task.deed = deed;
    return task;
  }

  // What gives a task to the pool; only a pool that broke or closed may refuse.
  template <class F>
  void offer(F f) {
    try {
      f();
    } catch (const PoolClosed&) {
      if (!plan_.closes && !joining_) wrong("closed, and nobody closed it");
    } catch (const BrokenPool&) {
      if (!plan_.may_break()) wrong("broken, and nothing broke it");
    }
  }

  void act(Draw& draw) {
    for (int i = 0; i < plan_.steps; ++i) {
      switch (draw.draw(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
          submit(draw);
          break;
        case 4:
          run_one(draw);
          break;
        case 5:
          map(draw);
          break;
        case 6:
          cancel(draw);
          break;
        case 7:
          wait(draw);
          break;
        case 8:
          look();
          break;
        case 9:
          close_or_join(draw);
          break;
      }
    }
  }

  int deed(Draw& draw) {
    return draw.chance(3) ? draw.one_of({kSlow, kThrows, kThrows, kExits, kIsKilled}) : kGood;
  }

  void submit(Draw& draw) {
    Task& task = new_task(deed(draw));
    offer([&] {
      auto future = pool_->submit<triple_in_ledger>(ledger_, task.number, task.deed);
      future.on_done([&task] { ++task.callbacks; });
      const std::lock_guard lock(mutex_);
      task.future = future;
    });
  }

  void run_one(Draw& draw) {
    Task& task = new_task(deed(draw));
    offer([&] {
      try {
        const int result = pool_->run<triple_in_ledger>(ledger_, task.number, task.deed);
        if (result != 3 * task.number) wrong("another's result");
        if (task.deed > kSlow) wrong("a failed task has a result");
        task.delivered = true;
      } catch (const CancelledError&) {
        if (!plan_.may_break() && !plan_.closes) wrong("cancelled by nobody");
      } catch (const RemoteError&) {
        if (task.deed != kThrows) wrong("another's exception");
      } catch (const WorkerDied&) {
        if (task.deed < kExits) wrong("another's death");
      }
    });
  }

  void map(Draw& draw) {
    maps_ = true;
    const int count = draw.one_of({0, 1, 5, 20});
    const int bad = draw.chance(3) ? draw.draw(count + 1) : count;
    const bool ordered = draw.chance(2);
    const MapOptions options{.chunk_size = draw.one_of({1, 1, 3, 7}),
                             .window = draw.one_of({1, 2, 5}),
                             .keep_order = ordered};
    const int breaks_at = draw.chance(4) ? draw.draw(count + 1) : count + 1;
    std::vector<Task*> elements;
    std::vector<int> numbers, deeds;
    for (int i = 0; i < count; ++i) {
      elements.push_back(&new_task(i == bad ? kThrows : kGood));
      numbers.push_back(elements.back()->number);
      deeds.push_back(elements.back()->deed);
    }
    const std::vector<std::string> ledgers(static_cast<std::size_t>(count), ledger_);
    int taken = 0;
    const auto take = [&](auto results) {
      for (const int result : results) {
        const auto at = std::find(numbers.begin(), numbers.end(), result / 3);
        if (at == numbers.end()) return wrong("a map gives what is not its own");
        Task& task = *elements[static_cast<std::size_t>(at - numbers.begin())];
        if (std::exchange(task.delivered, true)) wrong("a map gives a result twice");
        if (ordered && at - numbers.begin() != taken) wrong("a map is out of order");
        if (++taken == breaks_at) return;
      }
      if (taken != count) wrong("a map loses results");
    };
    offer([&] {
      try {
        take(draw.chance(3) ? pool_->map_all<triple_in_ledger>(ledgers, numbers, deeds, options)
                            : pool_->map<triple_in_ledger>(ledgers, numbers, deeds, options));
      } catch (const RemoteError&) {
        if (bad >= count) wrong("a map fails from nowhere");
        if (ordered && taken != bad) wrong("a map fails early");
      } catch (const CancelledError&) {
        if (!plan_.may_break() && !plan_.closes) wrong("a map is cancelled by nobody");
      }
    });
  }

  std::optional<Future<int>> any_future(Draw& draw, Task*& task) {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) return std::nullopt;
    task = &tasks_[static_cast<std::size_t>(draw.draw(static_cast<int>(tasks_.size())))];
    return task->future;
  }

  void cancel(Draw& draw) {
    Task* task = nullptr;
    const auto future = any_future(draw, task);
    if (future && future->cancel() && task->cancelled.exchange(true)) wrong("cancelled twice");
  }

  void wait(Draw& draw) {
    Task* task = nullptr;
    const auto future = any_future(draw, task);
    if (!future) return;
    if (draw.chance(2)) {
      if (!future->wait() || !future->is_done()) wrong("a wait ends before the task");
    } else {
      static_cast<void>(future->wait(std::chrono::microseconds(draw.one_of({0, 50, 500}))));
    }
  }

  void look() {
    const PoolStats stats = pool_->stats();
    if (stats.workers > plan_.workers) wrong("too many workers");
    if (stats.busy + stats.free != stats.workers) wrong("counts do not add up");
  }

  void close_or_join(Draw& draw) {
    if (plan_.closes) {
      if (draw.chance(2)) return;
      pool_->shutdown(draw.chance(2) ? Pending::cancel : Pending::drain);
      if (!pool_->is_closed()) wrong("open after shutdown()");
    } else {
      joining_ = true;  // for good: when the other's submit() looks, it may be over
      pool_->join(std::chrono::milliseconds(draw.one_of({0, 1, 100})));
    }
  }

  void end() {
    if (plan_.end == Plan::End::destroy) return;
    if (plan_.end == Plan::End::join) {
      if (!pool_->join() && !pool_->is_closed()) wrong("join() without a deadline gave up");
      if (pool_->count_workers() != 0) wrong("workers after join()");
      return;
    }
    pool_->shutdown(plan_.end == Plan::End::drain ? Pending::drain : Pending::cancel);
    if (!pool_->is_terminated() && !plan_.closes) wrong("workers after shutdown()");
  }

  // ---- the end

  void check_all() {
    std::map<int, std::vector<int>> by_worker;
    std::map<int, int> runs;
    std::ifstream ledger(ledger_);
    for (int pid = 0, number = 0; ledger >> pid >> number;) {
      by_worker[pid].push_back(number);
      if (number > 0) ++runs[number];
    }
    for (const auto& [pid, numbers] : by_worker) check_worker(numbers);
    for (const Task& task : tasks_) check_task(task, runs[task.number]);
  }

  void check_worker(const std::vector<int>& numbers) {
    const auto begun = std::count(numbers.begin(), numbers.end(), kBegun);
    if (begun != (plan_.begins ? 1 : 0) || (plan_.begins && numbers.front() != kBegun)) {
      wrong("an initializer did not run once, and first");
    }
    const auto ended = std::count(numbers.begin(), numbers.end(), kEnded);
    if (ended > 1 || (ended == 1 && numbers.back() != kEnded)) {
      wrong("a finalizer did not run once, and last");
    }
    // A chunk of a map is one task, of many in the ledger.
    const auto tasks = std::count_if(numbers.begin(), numbers.end(), [](int n) { return n > 0; });
    if (plan_.quota > 0 && !maps_ && tasks > plan_.quota) wrong("a worker exceeds its quota");
  }

  void check_task(const Task& task, int ran) {
    const std::string name = "task " + std::to_string(task.number);
    if (ran > 1) wrong(name + " ran twice");
    if (task.delivered && ran != 1) wrong(name + " has a result, but did not run");
    if (!task.future) return;
    if (task.callbacks != 1) wrong(name + " called back " + std::to_string(task.callbacks));
    const Future<int>& future = *task.future;
    if (!future.is_done()) return wrong(name + " has no end");
    if (future.is_cancelled()) {
      if (ran != 0) wrong(name + " was cancelled and ran");
      if (!task.cancelled && plan_.end == Plan::End::drain && !plan_.may_break() && !plan_.closes)
        wrong(name + " was cancelled by nobody");
      return;
    }
    if (task.cancelled) wrong(name + " was cancelled and ended otherwise");
    if (ran != 1) wrong(name + " did not run, but ended");
    const bool good = task.deed <= kSlow;
    if (future.is_completed() != good) wrong(name + " ended as it should not");
    if (good && future.is_completed() && future.get() != 3 * task.number) wrong(name + "'s value");
  }

  Plan plan_;
  const std::string ledger_;
  ProcessPool* pool_ = nullptr;
  std::mutex mutex_;
  std::deque<Task> tasks_;  // their addresses stay
  std::string faults_;
  std::atomic<bool> joining_{false}, maps_{false};
};

class Silence {
 public:
  Silence() : old_(set_log_sink([](LogLevel, std::string_view) {})) {}
  ~Silence() { set_log_sink(old_); }

 private:
  LogSink old_;
};

TEST(ProcessPoolProperty, PromisesHoldForRandomPrograms) {
  const std::uint64_t count =
      from_environment("DISTAFF_PROPERTY_COUNT", test::kSanitized ? 60 : 300) / 5;
  const std::uint64_t first = from_environment("DISTAFF_PROPERTY_SEED", 1);
  const bool may_fork = !test::kThreadSanitizer && test::no_more_threads_than(1);
  std::optional<ForkServer> server;
  if (may_fork) server.emplace();
  const TempDir temp;
  const Silence silence;
  Watchdog watchdog;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    watchdog.begin(seed);
    Program program(seed, may_fork, temp.path() + "/ledger");
    ASSERT_EQ(program.run(), "") << "DISTAFF_PROPERTY_SEED=" << seed;
  }
}

}  // namespace
}  // namespace distaff::process_pool_property_test

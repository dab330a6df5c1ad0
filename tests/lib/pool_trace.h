#pragma once

// What the workers, tasks and maps of one random program report, checked as it happens and at the
// end.  See pool_property_test.cc.
//
// Counts are relaxed atomics and locks are few, so that the trace itself puts as little order as
// possible between the threads it watches.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "distaff/future.h"
#include "distaff/log.h"
#include "lib/random_programs.h"

namespace distaff::pool_programs {

using std::chrono::microseconds;

// Everything that a program draws at its beginning.
struct Plan : Draw {
  enum class End { destroy, cancel, drain, join, from_task };

  Plan(std::uint64_t number, bool is_inline) : Draw(number), seed(number), in_place(is_inline) {
    workers = in_place ? 1 : one_of({1, 1, 2, 3, 4});
    if (chance(3)) idle = microseconds(one_of({0, 0, 20, 200}));
    if (chance(3)) quota = one_of({1, 2, 3, 10});
    initializes = chance(2);
    finalizes = chance(2);
    if (initializes && chance(6)) initializer_fails_at = 1 + draw(3);
    if (finalizes && chance(6)) finalizer_fails_at = 1 + draw(3);
    hook_time = microseconds(one_of({0, 0, 10, 50}));
    task_time = one_of({1, 1, 5, 30});
    clients = one_of({1, 1, 2, 3});
    steps = one_of({1, 5, 15, 30});
    closes = chance(5);
    joins = one_of({0, 0, 0, 1, 3});
    end = static_cast<End>(draw(5));
  }

  bool may_break() const { return initializer_fails_at > 0 || finalizer_fails_at > 0; }

  std::uint64_t seed;
  bool in_place;  // an InlinePool
  int workers = 1;
  std::optional<microseconds> idle;
  int quota = 0;
  bool initializes = false, finalizes = false;
  int initializer_fails_at = 0, finalizer_fails_at = 0;  // the nth call; 0: never
  microseconds hook_time{0};
  int task_time = 1;  // microseconds, at most
  int clients = 1, steps = 1, joins = 0;
  bool closes = false;  // clients and tasks may call shutdown()
  End end = End::destroy;
};

struct HookFailed : std::runtime_error {
  HookFailed() : std::runtime_error("hook") {}
};
struct TaskFailed : std::runtime_error {
  explicit TaskFailed(int n) : std::runtime_error("task"), number(n) {}
  int number;
};
struct ElementFailed : std::runtime_error {
  explicit ElementFailed(int i) : std::runtime_error("element"), index(i) {}
  int index;
};
struct SourceFailed : std::runtime_error {
  SourceFailed() : std::runtime_error("source") {}
};

class Count {
 public:
  int operator++() { return count_.fetch_add(1, std::memory_order_relaxed) + 1; }
  int operator--() { return count_.fetch_sub(1, std::memory_order_relaxed) - 1; }
  operator int() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> count_{0};
};

struct TaskRecord {
  enum Fate { offered, accepted, refused };

  int number = 0;  // what it returns
  bool fails = false;
  int depth = 0;       // in how many tasks it was submitted
  int client = -1;     // by which thread, and as its which task; -1: by a task
  Future<int> future;  // under the trace's lock; not valid: posted, or run
  std::atomic<Fate> fate{offered};
  Count runs, ends;  // by the pool
  Count reruns;      // from cancelled_tasks()
  Count cancels;     // by its future, with success
  Count cancels_begun;
};

struct CallbackRecord {
  TaskRecord* task = nullptr;
  Count calls;
  bool removed = false;
};

struct MapRecord {
  bool ordered = true, eager = false;
  int elements = 0, chunk = 1, window = 1;
  int fails_at = std::numeric_limits<int>::max();
  int source_fails_at = std::numeric_limits<int>::max();
  int breaks_at = std::numeric_limits<int>::max();
  std::optional<std::chrono::nanoseconds> timeout;
  int depth = 0;

  bool fails(int index) const { return index >= fails_at && (index - fails_at) % 5 == 0; }
  bool source_fails() const { return source_fails_at < elements; }

  int pulled = 0;  // of the thread that takes results
  std::deque<Count> runs, reruns;
  Count running;
  std::atomic<bool> over{false};
};

// A worker from its start to its end.
struct Life {
  bool initialized = false, failed = false, finalized = false;
  int tasks = 0;
};

// What this thread is at.
struct Here {
  int depth = 0;        // tasks, and callbacks, each inside the one before
  bool reruns = false;  // in a task that the pool gave back
  Life* life = nullptr;
};
inline thread_local Here here;

// Callbacks run here and there: what they call is no task of a worker's queue.
struct InCallback {
  InCallback() { ++here.depth; }
  ~InCallback() { --here.depth; }
};

class Trace {
 public:
  explicit Trace(const Plan& plan) : plan_(plan) {}
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void wrong(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (faults_.size() < 1000) faults_ += what + "\n";
  }
  std::string faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }

  // ---- workers

  void initializer() {
    const int call = ++initializers_;
    // The end of a worker without a thread is seen by its finalizer only.
    const bool is_new = life() == nullptr || (plan_.in_place && !plan_.finalizes);
    if (!is_new) wrong("a worker is initialized twice, or after its first task");
    Life& mine = begin_life();
    busy_for(plan_.hook_time);
    if (call == plan_.initializer_fails_at) {
      mine.failed = true;
      if (plan_.finalizes) --alive_;
      if (plan_.in_place) inline_life_ = nullptr;
      ++failed_initializers;
      throw HookFailed();
    }
    mine.initialized = true;
  }

  void finalizer() {
    const int call = ++finalizers_;
    if (life() == nullptr && plan_.initializes) wrong("a finalizer before the initializer");
    if (!plan_.in_place && here.depth > 0) wrong("a finalizer inside a task");
    Life& mine = life() == nullptr ? begin_life() : *life();
    if (mine.finalized || mine.failed) wrong("a finalizer of a worker that has ended");
    mine.finalized = true;
    busy_for(plan_.hook_time);
    --alive_;
    if (plan_.in_place) inline_life_ = nullptr;
    if (call != plan_.finalizer_fails_at) return;
    ++failed_finalizers;
    throw HookFailed();
  }

  // A task from its start to its end, in a worker.  `is_first`: not a later element of a chunk.
  class Inside {
   public:
    Inside(Trace& trace, bool is_first) : trace_(trace) {
      if (trace.ended) trace.wrong("a task starts after the end of the pool");
      if (here.depth++ > 0) return;  // a worker's task runs it itself
      is_outermost_ = true;
      trace.start(is_first);
    }
    ~Inside() {
      if (is_outermost_) --trace_.running;
      --here.depth;
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Trace& trace_;
    bool is_outermost_ = false;
  };

  bool has_hook_failed() const { return failed_initializers + failed_finalizers > 0; }
  Count running;  // workers in a task
  Count failed_initializers, failed_finalizers;
  std::atomic<bool> ended{false};  // no task may start from here on

  // What the BrokenPool being handled says is so.
  void check_broken(const BrokenPool& error) {
    if (dynamic_cast<const InitializerError*>(&error) != nullptr ? failed_initializers == 0
                                                                 : failed_finalizers == 0) {
      wrong("broken by a hook that did not fail");
    }
    try {
      std::rethrow_if_nested(error);
      wrong("broken without a cause");
    } catch (const HookFailed&) {
    } catch (...) {
      wrong("broken by " + describe(std::current_exception()));
    }
  }

  // ---- tasks

  TaskRecord& add_task(Draw& draw, int client, int depth) {
    const bool fails = draw.chance(8);
    const std::lock_guard lock(mutex_);
    TaskRecord& task = tasks_.emplace_back();
    task.number = static_cast<int>(tasks_.size());
    task.fails = fails;
    task.depth = depth;
    task.client = client;
    return task;
  }
  void has_future(TaskRecord& task, const Future<int>& future) {
    const std::lock_guard lock(mutex_);
    task.future = future;
  }
  // One with a future, or null.
  TaskRecord* any_task(Draw& draw, Future<int>& future) {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) return nullptr;
    // Most often one of the last.
    const int count = static_cast<int>(tasks_.size());
    const int back = draw.draw(draw.chance(4) ? count : std::min(count, 8));
    TaskRecord& task = tasks_[static_cast<std::size_t>(count - 1 - back)];
    if (!task.future.valid()) return nullptr;
    future = task.future;
    return &task;
  }
  std::vector<TaskRecord*> accepted_tasks() {
    std::vector<TaskRecord*> all;
    const std::lock_guard lock(mutex_);
    for (TaskRecord& task : tasks_) {
      if (task.fate == TaskRecord::accepted) all.push_back(&task);
    }
    return all;
  }
  Future<int> future_of(const TaskRecord& task) const {
    const std::lock_guard lock(mutex_);
    return task.future;
  }
  int count_tasks() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(tasks_.size());
  }

  // With one worker, the tasks of each thread start in the order in which it submitted them.
  void starts_in_order(const TaskRecord& task) {
    if (plan_.workers > 1 || here.depth != 1 || task.client < 0) return;
    const std::lock_guard lock(mutex_);
    int& last = last_started_[task.client];
    if (task.number < last) wrong_locked("not in the order of submission");
    last = task.number;
  }

  CallbackRecord& add_callback(TaskRecord& task) {
    const std::lock_guard lock(mutex_);
    CallbackRecord& callback = callbacks_.emplace_back();
    callback.task = &task;
    return callback;
  }

  MapRecord& add_map() {
    const std::lock_guard lock(mutex_);
    return maps_.emplace_back();
  }

  // ---- the end

  // All threads are gone.  `listed`: what cancelled_tasks() gave has been run.
  void check_all(bool may_drop, bool listed) {
    if (running != 0) wrong("a task runs after the end");
    for (const TaskRecord& task : tasks_) check(task, may_drop, listed);
    check_ids();
    for (const CallbackRecord& callback : callbacks_) {
      if (callback.calls != (callback.removed ? 0 : 1)) {
        wrong("a callback was called " + std::to_string(callback.calls) + " times" +
              (callback.removed ? " though removed" : ""));
      }
    }
    for (const MapRecord& map : maps_) {
      for (std::size_t i = 0; i < map.runs.size(); ++i) {
        if (map.runs[i] + map.reruns[i] > 1) wrong("an element runs twice");
      }
    }
    check_lives();
  }

  // Called when no worker is left.
  void check_lives() {
    const std::lock_guard lock(mutex_);
    for (const Life& each : lives_) {
      if (plan_.initializes && !each.initialized && !each.failed) wrong_locked("not initialized");
      if (plan_.finalizes && !each.failed && !each.finalized) wrong_locked("not finalized");
    }
  }

 private:
  Life*& life() { return plan_.in_place ? inline_life_ : here.life; }

  Life& begin_life() {
    if (plan_.finalizes && ++alive_ > plan_.workers) wrong("more workers than there may be");
    const std::lock_guard lock(mutex_);
    life() = &lives_.emplace_back();
    return *life();
  }

  void start(bool is_first) {
    if (++running > plan_.workers) wrong("more tasks at once than workers");
    if (life() == nullptr && plan_.initializes) wrong("a task before the initializer");
    Life& mine = life() == nullptr ? begin_life() : *life();
    if (mine.finalized || mine.failed) wrong("a task of a worker that has ended");
    const bool ends_unseen = plan_.in_place && !plan_.initializes && !plan_.finalizes;
    if (is_first && ++mine.tasks > plan_.quota && plan_.quota > 0 && !ends_unseen)
      wrong("more than the quota");
  }

  void check(const TaskRecord& task, bool may_drop, bool listed) {
    const auto fault = [&](const std::string& what) {
      wrong("task " + std::to_string(task.number) + ": " + what);
    };
    if (task.runs != task.ends) fault("does not end");
    if (task.runs + task.reruns > 1) fault("runs twice");
    if (task.fate == TaskRecord::offered) fault("neither taken nor refused");
    if (task.fate == TaskRecord::refused) {
      if (task.runs + task.reruns > 0) fault("runs though refused");
      return;
    }
    bool is_dropped = task.runs == 0;
    if (task.future.valid()) {
      check_future(task, fault);
      is_dropped = task.future.is_cancelled() && task.cancels == 0;
    }
    if (is_dropped && !may_drop) fault("is lost");
    if (listed && task.reruns != (is_dropped ? 1 : 0)) {
      fault(is_dropped ? "is in no list" : "was in the list of cancelled tasks");
    }
  }

  template <class Fault>
  void check_future(const TaskRecord& task, Fault fault) {
    const Future<int>& future = task.future;
    if (!future.is_done()) return fault("is not done");
    if (future.is_cancelled() != (task.runs == 0)) fault("was cancelled and runs, or neither");
    if (future.is_failed() && !task.fails) fault("fails of itself");
    if (future.is_completed() && task.fails) fault("its exception is lost");
    if (future.is_completed() && *future.try_result() != task.number) fault("has another's value");
    if (task.cancels > (future.is_cancelled() ? 1 : 0)) fault("is cancelled in vain, or twice");
    if (task.cancels_begun > 0 && !future.cancel_requested()) fault("forgets that it was asked");
    if (future.durations().pending.count() < 0 || future.durations().running.count() < 0)
      fault("has a time below zero");
  }

  void check_ids() {
    std::vector<std::uint64_t> ids;
    std::map<int, std::uint64_t> last;
    for (const TaskRecord& task : tasks_) {
      if (!task.future.valid()) continue;
      ids.push_back(task.future.task_id());
      if (task.client < 0) continue;
      if (ids.back() <= last[task.client]) wrong("numbers of tasks do not grow");
      last[task.client] = ids.back();
    }
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) wrong("a number is given twice");
  }

  void wrong_locked(const char* what) { faults_ += std::string(what) + "\n"; }

  const Plan& plan_;
  mutable std::mutex mutex_;
  std::string faults_;
  std::deque<TaskRecord> tasks_;
  std::deque<CallbackRecord> callbacks_;
  std::deque<MapRecord> maps_;
  std::deque<Life> lives_;
  std::map<int, int> last_started_;
  Life* inline_life_ = nullptr;
  Count initializers_, finalizers_, alive_;
};

}  // namespace distaff::pool_programs

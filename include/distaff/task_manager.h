#pragma once

// Collects tasks, runs them in a pool with back-pressure, and deals with those that fail.
//
//   distaff::ThreadPool pool(8);
//   distaff::TaskManager<Page> manager(pool, distaff::ErrorPolicy::log);
//   auto front = manager.submit(fetch, "https://example.org/");
//   manager.map(fetch, a_million_urls);                    // not read yet
//   manager.run();                                         // now
//   use(front.result());
//
// or, taking results as they come:
//
//   for (auto& task : manager.as_completed()) {
//     if (!task.failed()) store(task.result());
//   }
//
// Nothing runs before run() or as_completed().  Then tasks are given to the pool in the order of
// submit() and map(), never more than the pool has workers before one of them was collected: who
// takes no results stops the reading of sources, so a source may be endless, and its items are
// read one at a time as they are needed, by the thread that collects.
//
// When a task throws, the policy decides: `raise` stops giving out tasks, waits for those that run,
// and throws the first exception (others are in suppressed()); `log` says one line at level error
// and goes on; `ignore` goes on.  The task keeps its exception in any case.
//
// A monitor (monitor.h) says every two seconds how many tasks ended, while run() or the loop over
// as_completed() waits; set its interval to zero to have none.
//
// After a run, also one that threw, new tasks may be added and run; what was not given out then is
// dropped if the run threw.  The destructor gives out nothing more and waits for what runs.
//
// All tasks of a manager have one result type R, which may be void.  The functions may be of any
// type. Thread-safety: one thread at a time; handles, completed_tasks() and results() from any.

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "distaff/detail/sources.h"
#include "distaff/error_policy.h"
#include "distaff/log.h"
#include "distaff/monitor.h"
#include "distaff/pool.h"

namespace distaff::inline v0 {

namespace detail {

template <class R>
struct ManagedTaskState {
  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

  mutable std::mutex mutex;
  bool complete = false;
  std::optional<Value> value;
  std::exception_ptr error;
};

template <class T>
struct IsTuple : std::false_type {};
template <class... Ts>
struct IsTuple<std::tuple<Ts...>> : std::true_type {};
template <class A, class B>
struct IsTuple<std::pair<A, B>> : std::true_type {};

// Calls with an item: one that is a tuple or pair is spread.
template <class F, class T>
decltype(auto) call_spread(F& f, T&& item) {
  if constexpr (IsTuple<std::remove_cvref_t<T>>::value) {
    return std::apply(f, std::forward<T>(item));
  } else {
    return std::invoke(f, std::forward<T>(item));
  }
}

}  // namespace detail

// A handle of a task; copies mean the same one.  It lives on after the manager.
template <class R>
class ManagedTask {
  using State = detail::ManagedTaskState<R>;

 public:
  using Value = typename State::Value;  // std::monostate for void

  explicit ManagedTask(std::shared_ptr<State> state) : state_(std::move(state)) {}

  // Whether it has run.
  bool complete() const {
    const std::lock_guard lock(state_->mutex);
    return state_->complete;
  }
  bool failed() const { return error() != nullptr; }

  // What it threw; null if it did not, or has not run.
  std::exception_ptr error() const {
    const std::lock_guard lock(state_->mutex);
    return state_->error;
  }

  // Its result, the caller's to move from; throws what it threw, InvalidState if it has not run.
  Value& result() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->complete) throw InvalidState("the task has not run");
    if (state_->error != nullptr) std::rethrow_exception(state_->error);
    return *state_->value;
  }

  bool operator==(const ManagedTask& other) const { return state_ == other.state_; }
  std::size_t hash() const { return std::hash<const void*>{}(state_.get()); }

 private:
  std::shared_ptr<State> state_;
};

struct TaskManagerOptions {
  ErrorPolicy policy = ErrorPolicy::raise;

  // Time between lines of the monitor; zero: no monitor.
  std::chrono::nanoseconds monitor_interval = Monitor::kDefaultInterval;

  // Whether completed_tasks() and results() keep tasks of map().  Those of submit() are always
  // kept; the caller counted them out.  Default: those of sources whose size is known.
  std::optional<bool> keep_completed{};
};

template <class R>
class TaskManager {
 public:
  using Task = ManagedTask<R>;

  // `pool` must outlive the manager.  Throws std::invalid_argument for a negative interval.
  template <FunctionPool P>
  explicit TaskManager(P& pool, TaskManagerOptions options = {})
      : shared_(std::make_shared<Shared>()),
        options_(options),
        monitor_(options.monitor_interval),
        workers_(static_cast<std::size_t>(std::max(1, pool.max_workers()))),
        post_([&pool](std::function<void()> task) { (void)pool.submit(std::move(task)); }) {}

  // With a policy alone, also by its name as error_policy() reads it.
  template <FunctionPool P>
  TaskManager(P& pool, ErrorPolicy policy)
      : TaskManager(pool, TaskManagerOptions{.policy = policy}) {}
  template <FunctionPool P>
  TaskManager(P& pool, std::string_view policy) : TaskManager(pool, error_policy(policy)) {}

  ~TaskManager() { wait_for_running(); }
  TaskManager(const TaskManager&) = delete;
  TaskManager& operator=(const TaskManager&) = delete;

  // Remembers function(args...), copied or moved.  The handle tells of it once it has run.
  template <class F, class... Args>
  requires std::is_invocable_r_v < R, std::decay_t<F>
  &, std::decay_t<Args>&... > Task submit(F&& function, Args&&... args) {
    auto state = std::make_shared<State>();
    auto bound = [f = std::decay_t<F>(std::forward<F>(function)),
                  held = std::tuple<std::decay_t<Args>...>(std::forward<Args>(
                      args)...)]() mutable -> R { return static_cast<R>(std::apply(f, held)); };
    auto shared_bound = std::make_shared<decltype(bound)>(std::move(bound));
    sources_.push_back([state, shared_bound, given = false]() mutable -> std::optional<Ready> {
      if (std::exchange(given, true)) return std::nullopt;
      return Ready{state, [shared_bound]() -> R { return (*shared_bound)(); }, true};
    });
    return Task(std::move(state));
  }

  // Remembers function(item) for each item of a range or generator (see sources of imap.h); an item
  // that is a tuple or pair is spread over the arguments.  Read as needed.
  template <class F, class S>
  requires ItemSource<S>
  void map(F function, S&& source) {
    using Source = detail::Source<S>;
    using Item = typename Source::Item;
    static_assert(!Source::kQueue, "a queue ends when nothing is under way: use imap() for queues");
    auto items = std::make_shared<Source>(std::forward<S>(source));
    auto shared_function = std::make_shared<F>(std::move(function));
    const bool keep = options_.keep_completed.value_or(items->size().has_value());
    sources_.push_back([items, shared_function, keep]() -> std::optional<Ready> {
      std::optional<Item> item = items->next();
      if (!item) return std::nullopt;
      auto held = std::make_shared<Item>(std::move(*item));
      return Ready{std::make_shared<State>(),
                   [shared_function, held]() -> R {
                     return static_cast<R>(detail::call_spread(*shared_function, std::move(*held)));
                   },
                   keep};
    });
  }

  // Runs everything; see above for what it throws.
  void run() {
    while (collect()) {
    }
  }

  // Tasks as they end, each once: a single-pass range, valid as long as the manager.  Leaving the
  // loop stops giving out tasks; the next run goes on with the rest.
  class Completed {
   public:
    class iterator {
     public:
      using value_type = Task;
      using difference_type = std::ptrdiff_t;
      using iterator_concept = std::input_iterator_tag;

      iterator() = default;
      explicit iterator(TaskManager* manager) : manager_(manager), task_(manager->collect()) {}

      Task& operator*() const { return *task_; }
      Task* operator->() const { return &*task_; }
      iterator& operator++() {
        task_ = manager_->collect();
        return *this;
      }
      void operator++(int) { ++*this; }
      bool operator==(std::default_sentinel_t) const { return !task_; }

     private:
      TaskManager* manager_ = nullptr;
      mutable std::optional<Task> task_;
    };

    explicit Completed(TaskManager* manager) : manager_(manager) {}
    iterator begin() { return iterator(manager_); }
    std::default_sentinel_t end() const { return {}; }

   private:
    TaskManager* manager_;
  };
  Completed as_completed() { return Completed(this); }

  // Those that were collected and kept, in the order of their ends, of all runs.
  std::vector<Task> completed_tasks() const {
    const std::lock_guard lock(shared_->mutex);
    return completed_;
  }

  // Copies of the results of those that did not fail.
  std::vector<typename Task::Value> results()
      const requires std::copy_constructible<typename Task::Value> {
    std::vector<typename Task::Value> values;
    for (const Task& task : completed_tasks()) {
      if (!task.failed()) values.push_back(task.result());
    }
    return values;
  }

  // What failed in the last run besides what it threw.
  const std::vector<std::exception_ptr>& suppressed() const { return suppressed_; }

 private:
  using State = detail::ManagedTaskState<R>;
  using Clock = std::chrono::steady_clock;

  // A task to be given out.
  struct Ready {
    std::shared_ptr<State> state;
    std::function<R()> function;
    bool keep = false;
  };
  // One that has ended, or that the pool dropped.
  struct Ended {
    std::shared_ptr<State> state;
    bool keep = false;
  };
  // Shared with tasks in the pool, which may end after the manager if the pool drops them.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Ended> ended;
  };
  // Says that its task has ended, also when the pool destroys it without running it.
  struct Running {
    Running(std::shared_ptr<Shared> where, Ready what)
        : shared(std::move(where)), ready(std::move(what)) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      if (!ran) finish(std::make_exception_ptr(CancelledError("the pool dropped the task")));
    }

    void run() {
      ran = true;
      std::optional<typename State::Value> value;
      std::exception_ptr error;
      try {
        if constexpr (std::is_void_v<R>) {
          ready.function();
          value.emplace();
        } else {
          value.emplace(ready.function());
        }
      } catch (...) {
        error = std::current_exception();
      }
      ready.function = nullptr;
      if (value) ready.state->value.emplace(std::move(*value));
      finish(error);
    }

    void finish(std::exception_ptr error) {
      {
        const std::lock_guard lock(ready.state->mutex);
        ready.state->error = std::move(error);
        ready.state->complete = true;
      }
      const std::lock_guard lock(shared->mutex);
      shared->ended.push_back({std::move(ready.state), ready.keep});
      shared->changed.notify_all();
    }

    std::shared_ptr<Shared> shared;
    Ready ready;
    bool ran = false;
  };

  std::optional<Ready> next_ready() {
    while (!sources_.empty()) {
      if (auto ready = sources_.front()()) return ready;
      sources_.pop_front();
    }
    return std::nullopt;
  }

  // Gives out as much as may run, then waits for one; nothing when all has ended.
  std::optional<Task> collect() {
    if (running_ == 0) suppressed_.clear();
    while (running_ < workers_) {
      auto ready = ready_or_drop();
      if (!ready) break;
      monitor_.begin(Clock::now());
      auto running = std::make_shared<Running>(shared_, std::move(*ready));
      ++running_;
      try {
        post_([running] { running->run(); });
      } catch (...) {
        running.reset();  // so it has ended, too
        drop_all();
        wait_for_running();
        throw;
      }
    }
    if (running_ == 0) {
      monitor_.end(Clock::now());
      return std::nullopt;
    }
    Task task = take_ended();
    const std::exception_ptr error = task.error();
    if (error == nullptr || options_.policy == ErrorPolicy::ignore) return task;
    if (options_.policy == ErrorPolicy::log) {
      log(LogLevel::error, "a task failed: " + describe(error));
      return task;
    }
    drop_all();
    wait_for_running();
    std::rethrow_exception(error);
  }

  // An exception of a source ends the run, too.
  std::optional<Ready> ready_or_drop() {
    try {
      return next_ready();
    } catch (...) {
      drop_all();
      wait_for_running();
      throw;
    }
  }

  Task take_ended() {
    std::unique_lock lock(shared_->mutex);
    while (shared_->ended.empty()) {
      if (const auto due = monitor_.due()) {
        shared_->changed.wait_until(lock, *due);
        monitor_.tick(Clock::now());
      } else {
        shared_->changed.wait(lock);
      }
    }
    const Ended ended = std::move(shared_->ended.front());
    shared_->ended.pop_front();
    --running_;
    monitor_.count();
    Task task(ended.state);
    if (ended.keep) completed_.push_back(task);
    return task;
  }

  void drop_all() { sources_.clear(); }

  void wait_for_running() {
    while (running_ > 0) {
      const std::exception_ptr error = take_ended().error();
      if (error != nullptr) suppressed_.push_back(error);
    }
    monitor_.end(Clock::now());
  }

  std::shared_ptr<Shared> shared_;
  TaskManagerOptions options_;
  Monitor monitor_;
  std::size_t workers_;
  std::function<void(std::function<void()>)> post_;
  std::deque<std::function<std::optional<Ready>()>> sources_;
  std::size_t running_ = 0;      // given to the pool and not collected
  std::vector<Task> completed_;  // under the mutex of shared_
  std::vector<std::exception_ptr> suppressed_;
};

}  // namespace distaff::inline v0

template <class R>
struct std::hash<distaff::ManagedTask<R>> {
  std::size_t operator()(const distaff::ManagedTask<R>& task) const { return task.hash(); }
};

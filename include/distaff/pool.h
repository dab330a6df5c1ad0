#pragma once

// What the pools have in common: ThreadPool, InlinePool, ProcessPool.  Their lives are PoolBase's;
// how tasks are submitted is told where each of them is.
//
//   template <distaff::FunctionPool Pool>
//   int total(Pool& pool, const std::vector<Part>& parts) {
//     int sum = 0;
//     for (int size : pool.map(measure, parts)) sum += size;
//     return sum;
//   }
//
// A pool runs tasks in workers.  It starts with none; workers are added as tasks come, never more
// than max_workers, and leave after idle_timeout without a task or after max_tasks_per_worker.
//
//             open                     broken                       closed (after shutdown)
//   submit    a Future                 throws the BrokenPool        throws PoolClosed
//   run, map, spawn_workers, check, test: the same
//   join      runs what waits; true    workers leave; true          false
//   shutdown  true                     true                         false
//   counts    as they are              as they are                  0
//
// A pool breaks when a worker's initializer or finalizer throws: waiting tasks are cancelled, and
// so that nobody waits in vain nothing new is taken.  The first cause counts, see BrokenPool.  What
// tasks throw never breaks a pool: it goes to their futures.

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/future.h"

namespace distaff::inline v0 {

// What becomes of waiting tasks at the end of a pool.
enum class Pending {
  cancel,  // their futures throw CancelledError; see cancelled_tasks()
  drain,   // they are run first
};

// A pool at one moment.  busy + free == workers.
struct PoolStats {
  int workers = 0;            // started and not yet gone
  int busy = 0;               // of these, in a task
  int free = 0;               // of these, without one
  std::uint64_t pending = 0;  // tasks that wait for a worker
};

// A task that a pool took back without running it: by shutdown(Pending::cancel), or because it
// broke.  A handle; copies mean the same task.
class CancelledTask {
 public:
  CancelledTask(std::uint64_t id, std::shared_ptr<void> task, void (*run)(void*))
      : id_(id), task_(std::move(task)), run_(run) {}

  // Its number in its old pool, as Future::task_id().
  std::uint64_t id() const { return id_; }

  // Runs the function now, or by another pool: `other.submit(task)`.  Once; then InvalidState.  Its
  // result is dropped, its exception is thrown: the future it had stays cancelled.
  void operator()() const { run_(task_.get()); }

 private:
  std::uint64_t id_;
  std::shared_ptr<void> task_;
  void (*run_)(void*);
};

namespace detail {
class PoolCore;
}  // namespace detail

// What every pool has, however it takes its tasks: a life, and what can be seen of it.
class PoolBase {
 public:
  PoolBase(const PoolBase&) = delete;
  PoolBase& operator=(const PoolBase&) = delete;

  // Workers are called after it: "name-1", "name-2", ...
  const std::string& name() const;

  // Workers at once; of an InlinePool 1.
  int max_workers() const;

  // Adds up to so many workers, as far as max_workers allows; gives the number added.  Without a
  // number: as many as waiting tasks need, which is what submit() does.
  int spawn_workers(int count);
  int spawn_workers();
  int spawn_max_workers() { return spawn_workers(max_workers()); }

  // Runs all waiting tasks and lets the workers go; meanwhile nothing can be submitted.  True when
  // all are gone: finalizers have run, and the pool takes tasks again.  False when the time is over
  // (the pool goes on as before), or if it is closed.  Throws InvalidState from a task of this
  // pool, or a callback in its own thread, which would wait for itself.
  bool join(Deadline deadline = {});

  // The end: nothing new is taken, running tasks and finalizers end, workers are gone.  False if it
  // was shut down before.  From a task of this pool, or a callback in its own thread, it does not
  // wait.
  bool shutdown(Pending pending = Pending::cancel);

  // Throws the BrokenPool (InitializerError, FinalizerError) or PoolClosed that submit() would
  // throw.
  void check() const;

  // Tries the hooks: a pool of one worker like this one runs a few tasks (one with a command: none)
  // and ends.  Throws what went wrong: InitializerError, FinalizerError.  This pool is left alone.
  void test() const;

  // One consistent look; the single counts are parts of it.
  PoolStats stats() const;
  int count_workers() const { return stats().workers; }
  int count_busy_workers() const { return stats().busy; }
  int count_free_workers() const { return stats().free; }
  std::uint64_t count_pending_tasks() const { return stats().pending; }

  bool is_closed() const;
  bool is_terminated() const;  // closed, and all workers are gone
  bool is_broken() const;

  // What was dropped by shutdown() or when the pool broke, in the order of submission; not what was
  // cancelled by its future.
  std::vector<CancelledTask> cancelled_tasks() const;

 protected:
  explicit PoolBase(std::shared_ptr<detail::PoolCore> core);
  ~PoolBase() = default;
  detail::PoolCore* core() const { return core_.get(); }

 private:
  std::shared_ptr<detail::PoolCore> core_;
};

// F can be called with Args, or with Args and a std::stop_token behind them, and gives what a
// Future can hold.  Function and arguments are copied or moved into the task, as std::thread does;
// std::ref() passes a reference.
template <class F, class... Args>
concept TaskFor = std::constructible_from<std::decay_t<F>, F> &&
                  (std::constructible_from<std::decay_t<Args>, Args>&&...) &&
                  (std::invocable<std::decay_t<F>, std::decay_t<Args>...> ||
                   std::invocable<std::decay_t<F>, std::decay_t<Args>..., std::stop_token>);

namespace detail {

template <class F, class... Args>
struct CallResult {
  static auto type() {
    if constexpr (std::invocable<F, Args...>) {
      return std::type_identity<std::invoke_result_t<F, Args...>>();
    } else {
      return std::type_identity<std::invoke_result_t<F, Args..., std::stop_token>>();
    }
  }
};

template <class F, class... Args>
using CallResultOf = std::decay_t<typename decltype(CallResult<F, Args...>::type())::type>;

// A function with its arguments; called once.
template <class F, class... Args>
struct Bound {
  F function;
  std::tuple<Args...> arguments;

  decltype(auto) operator()() && requires std::invocable<F, Args...> {
    return std::apply(std::move(function), std::move(arguments));
  }
  decltype(auto) operator()(std::stop_token stop) &&
      requires(!std::invocable<F, Args...> && std::invocable<F, Args..., std::stop_token>) {
    return std::apply(
        [&](Args&&... args) -> decltype(auto) {
          return std::invoke(std::move(function), std::move(args)..., std::move(stop));
        },
        std::move(arguments));
  }
};

template <class F, class... Args>
auto bind(F&& function, Args&&... args) {
  if constexpr (sizeof...(Args) == 0) {
    return std::decay_t<F>(std::forward<F>(function));
  } else {
    return Bound<std::decay_t<F>, std::decay_t<Args>...>{
        std::forward<F>(function), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
  }
}

}  // namespace detail

// What a task of F and Args gives.
template <class F, class... Args>
using TaskResultOf = detail::CallResultOf<std::decay_t<F>, std::decay_t<Args>...>;

template <class P>
concept Pool = std::derived_from<P, PoolBase>;

// A pool that runs any function, not only registered ones.
template <class P>
concept FunctionPool = Pool<P> && requires(P& pool, int (*task)()) {
  { pool.submit(task) } -> std::same_as<Future<int>>;
  { pool.run(task) } -> std::same_as<int>;
  pool.post(task);
};

}  // namespace distaff::inline v0

#pragma once

// What the pools have in common: ThreadPool, InlinePool, ProcessPool.
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

// What every pool is, so that a future can say which one it is from.
class PoolBase {
 public:
  PoolBase(const PoolBase&) = delete;
  PoolBase& operator=(const PoolBase&) = delete;

  // Workers are called after it: "name-1", "name-2", ...
  const std::string& name() const { return name_; }

 protected:
  explicit PoolBase(std::string name) : name_(std::move(name)) {}
  ~PoolBase() = default;

 private:
  std::string name_;
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
concept Pool = std::derived_from<P, PoolBase> &&
    requires(P& pool, const P& constant, Deadline deadline, Pending pending) {
  { constant.max_workers() } -> std::same_as<int>;
  { pool.spawn_workers(1) } -> std::same_as<int>;
  { pool.join(deadline) } -> std::same_as<bool>;
  { pool.shutdown(pending) } -> std::same_as<bool>;
  { constant.stats() } -> std::same_as<PoolStats>;
  { constant.is_closed() } -> std::same_as<bool>;
  { constant.is_broken() } -> std::same_as<bool>;
  { constant.cancelled_tasks() } -> std::same_as<std::vector<CancelledTask>>;
  constant.check();
  constant.test();
};

// A pool that runs any function, not only registered ones.
template <class P>
concept FunctionPool = Pool<P> && requires(P& pool, int (*task)()) {
  { pool.submit(task) } -> std::same_as<Future<int>>;
  { pool.run(task) } -> std::same_as<int>;
  pool.post(task);
};

}  // namespace distaff::inline v0

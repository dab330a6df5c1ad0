#pragma once

// A pool of threads for tasks that come in bursts: it starts none until there is work, has at most
// max_workers, and lets them go when there is nothing to do.
//
//   distaff::ThreadPool pool(8);
//   distaff::Future<Page> page = pool.submit(fetch, url);      // see future.h
//   Page other = pool.run(fetch, "https://example.org/");      // submit and get
//   pool.post([] { warm_up(); });                              // no future
//   for (Page& p : pool.map(fetch, urls)) store(p);            // see map.h
//
// Tasks start in the order of submission.  One that is submitted gets a new worker if no worker is
// free for it and there may be one more.  A worker runs the initializer before its first task and
// the finalizer after its last one; how pools break and end is told in pool.h.
//
// What every pool has is PoolBase's, in pool.h: spawn_workers(), join(), shutdown(), check(),
// test(), stats() and counts, is_closed(), is_broken(), cancelled_tasks(), max_workers(), name().
//
// A task may wait for others of its pool, by run(), get(), wait(), collect(), maps, as_done() and
// CompletionQueue: those that have not started are run by the worker that waits, so that a task may
// divide its work again and again, with one worker too.  With a deadline it only waits.
//
// The destructor is shutdown(): running tasks end, waiting ones are cancelled, threads are joined.
// A pool that is still open when the program ends (with static storage, or leaked) is shut down by
// std::exit.
//
// All functions may be called from several threads at once, from tasks too, but for join() and the
// destructor.  Cost: submit() one allocation, post() of a function of up to 48 bytes none; taking a
// task is O(1), and so are all counts.  A thread without work sleeps; none wakes to look.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "distaff/detail/function_task.h"
#include "distaff/detail/task.h"
#include "distaff/future.h"
#include "distaff/map.h"
#include "distaff/pool.h"

namespace distaff::inline v0 {

namespace detail {
class ThreadPoolCore;
}  // namespace detail

struct ThreadPoolOptions {
  // Threads at once.  Nothing, zero or less: five more than the CPUs we may use, as tasks for
  // threads wait more than they compute.
  std::optional<int> max_workers{};

  // Threads are called "name-1", "name-2", ... (cut to the 15 bytes a thread's name may have).
  std::string name = "ThreadPool";

  // A worker without a task for so long leaves.  Nothing: never.  Zero: when nothing waits.
  std::optional<std::chrono::nanoseconds> idle_timeout = std::chrono::seconds(60);

  // Run in each worker, before its first and after its last task.  If one throws, the pool breaks.
  std::function<void()> initializer{};
  std::function<void()> finalizer{};

  // A worker leaves after so many tasks, and another takes its place when needed.  Nothing, zero or
  // less: no limit.
  std::optional<int> max_tasks_per_worker{};
};

class ThreadPool : public PoolBase, public MapFunctions<ThreadPool> {
 public:
  explicit ThreadPool(ThreadPoolOptions options = {});
  explicit ThreadPool(int max_workers) : ThreadPool(with_workers(max_workers)) {}
  ~ThreadPool();

  // Has function(args...) run by a worker; the last argument may be a std::stop_token that follows
  // Future::request_stop().  Never waits.  Throws the BrokenPool or PoolClosed; PoolClosed too
  // while another thread joins; std::system_error if there is no worker and none can be started.
  template <class F, class... Args>
  requires TaskFor<F, Args...> Future<TaskResultOf<F, Args...>> submit(F&& function,
                                                                       Args&&... args) {
    auto made = detail::make_submission(this, owner_, std::forward<F>(function),
                                        std::forward<Args>(args)...);
    push(std::move(made.task));
    return std::move(made.future);
  }

  // Has function() run by a worker, and that is all: no future, no result; what it throws is
  // logged. Throws as submit().
  template <class F>
  requires TaskFor<F> && std::invocable < std::decay_t<F>
  & > void post(F&& function) { push(detail::Task::post(std::forward<F>(function))); }

  // submit() and get().  From inside a task of this pool: calls it here, as this worker would have
  // to wait, so that tasks may call run() to any depth however few the workers.
  template <class F, class... Args>
  requires TaskFor<F, Args...> TaskResultOf<F, Args...> run(F&& function, Args&&... args) {
    if (on_own_worker()) {
      check();
      return detail::call_here(std::forward<F>(function), std::forward<Args>(args)...);
    }
    return detail::wait_and_take(submit(std::forward<F>(function), std::forward<Args>(args)...));
  }

  // For workers that start from now on.
  void set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout);

  // Whether this thread is one of the pool's.
  bool on_own_worker() const { return detail::this_thread_owner() == owner_; }

 private:
  static ThreadPoolOptions with_workers(int max_workers) {
    ThreadPoolOptions options;
    options.max_workers = max_workers;
    return options;
  }

  void push(detail::Task task);

  detail::ThreadPoolCore* core_;  // PoolBase holds it
  detail::TaskOwner* owner_;
};

// Pools of a fixed size.
inline ThreadPool single_thread_pool() { return ThreadPool(1); }
inline ThreadPool dual_thread_pool() { return ThreadPool(2); }
inline ThreadPool triple_thread_pool() { return ThreadPool(3); }
inline ThreadPool quad_thread_pool() { return ThreadPool(4); }

// How many pools of threads or processes are open in this program; for tests.
std::size_t open_pools();

}  // namespace distaff::inline v0

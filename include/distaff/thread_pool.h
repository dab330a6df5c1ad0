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
// The destructor is shutdown(): running tasks end, waiting ones are cancelled, threads are joined.
// A pool that is still open when the program ends (with static storage, or leaked) is shut down by
// std::exit.
//
// All functions may be called from several threads at once, from tasks too, but for join() and the
// destructor.  Cost: submit() one allocation, post() of a function of up to 48 bytes none; taking a
// task is O(1), and so are all counts.  A thread without work sleeps; none wakes to look.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "distaff/deadline.h"
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
    using Result = TaskResultOf<F, Args...>;
    auto bound = detail::bind(std::forward<F>(function), std::forward<Args>(args)...);
    auto* const state =
        new detail::TaskState<Result, decltype(bound)>(this, owner_, std::move(bound));
    detail::Task task = detail::Task::of(state);
    Future<Result> future(detail::Ref<detail::FutureState<Result>>::share(state));
    push(std::move(task));
    return future;
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
    using Result = TaskResultOf<F, Args...>;
    if (on_own_worker()) {
      check();
      auto bound = detail::bind(std::forward<F>(function), std::forward<Args>(args)...);
      if constexpr (std::invocable<decltype(bound)>) {
        return static_cast<Result>(std::move(bound)());
      } else {
        return static_cast<Result>(std::move(bound)(std::stop_token()));
      }
    }
    auto future = submit(std::forward<F>(function), std::forward<Args>(args)...);
    if constexpr (std::is_void_v<Result>) {
      future.get();
    } else {
      return future.take();
    }
  }

  // Adds up to so many workers, as far as max_workers allows; gives the number added.  Without a
  // number: as many as waiting tasks need, which is what submit() does.
  int spawn_workers(int count);
  int spawn_workers();
  int spawn_max_workers() { return spawn_workers(max_workers()); }

  // Runs all waiting tasks and lets the workers go; meanwhile nothing can be submitted.  True when
  // all are gone: finalizers have run, and the pool takes tasks again.  False when the time is over
  // (the pool goes on as before), or if it is closed.  Throws InvalidState from a task of this
  // pool, which would wait for itself.
  bool join(Deadline deadline = {});

  // The end: nothing new is taken, running tasks and finalizers end, threads are joined.  False if
  // it was shut down before.  From a task of this pool it does not wait.
  bool shutdown(Pending pending = Pending::cancel);

  // Throws the BrokenPool (InitializerError, FinalizerError) or PoolClosed that submit() would
  // throw.
  void check() const;

  // Tries the hooks: a pool of one worker like this one runs a few tasks and ends.  Throws what
  // went wrong: InitializerError, FinalizerError.  This pool is left alone.
  void test() const;

  // One consistent look; the single counts are parts of it.
  PoolStats stats() const;
  int count_workers() const { return stats().workers; }
  int count_busy_workers() const { return stats().busy; }
  int count_free_workers() const { return stats().free; }
  std::uint64_t count_pending_tasks() const { return stats().pending; }

  bool is_closed() const;
  bool is_terminated() const;  // closed, and all threads are gone
  bool is_broken() const;

  // What was dropped by shutdown() or when the pool broke, in the order of submission; not what was
  // cancelled by its future.
  std::vector<CancelledTask> cancelled_tasks() const;

  int max_workers() const;

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

  std::shared_ptr<detail::ThreadPoolCore> core_;
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

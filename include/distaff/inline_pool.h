#pragma once

// A pool without threads: each task runs in the call that submits it.
//
//   distaff::InlinePool pool;
//   Report report = make_report(pool);     // written for any FunctionPool; here in order,
//   debuggable
//
// Futures are done when submit() returns; nothing ever waits, so there is nothing to cancel, and a
// lazy map runs each task when its result is asked for.  There is one worker, the calling thread:
// the initializer runs before its first task, the finalizer in join(), shutdown(), after
// max_tasks_per_worker tasks, and in the destructor.  How pools break and end is told in pool.h.
//
// May be called from several threads: they take turns, and a task that waits for another thread's
// task of the same pool waits for ever.  Tasks may submit tasks.

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/detail/task.h"
#include "distaff/future.h"
#include "distaff/map.h"
#include "distaff/pool.h"

namespace distaff::inline v0 {

struct InlinePoolOptions {
  std::string name = "InlinePool";
  std::function<void()> initializer{};
  std::function<void()> finalizer{};
  std::optional<int> max_tasks_per_worker{};  // nothing, zero or less: no limit
};

class InlinePool : public PoolBase, public MapFunctions<InlinePool> {
 public:
  explicit InlinePool(InlinePoolOptions options = {});
  ~InlinePool();

  // Runs function(args...) now.  Throws the BrokenPool or PoolClosed, but not what the function
  // throws: that is in the future.
  template <class F, class... Args>
  requires TaskFor<F, Args...> Future<TaskResultOf<F, Args...>> submit(F&& function,
                                                                       Args&&... args) {
    using Result = TaskResultOf<F, Args...>;
    auto bound = detail::bind(std::forward<F>(function), std::forward<Args>(args)...);
    auto* const state =
        new detail::TaskState<Result, decltype(bound)>(this, nullptr, std::move(bound));
    detail::Task task = detail::Task::of(state);
    Future<Result> future(detail::Ref<detail::FutureState<Result>>::share(state));
    carry_out(std::move(task));
    return future;
  }

  // Runs function() now; what it throws is logged.
  template <class F>
  requires TaskFor<F> && std::invocable < std::decay_t<F>
  & > void post(F&& function) { carry_out(detail::Task::post(std::forward<F>(function))); }

  // submit() and get().
  template <class F, class... Args>
  requires TaskFor<F, Args...> TaskResultOf<F, Args...> run(F&& function, Args&&... args) {
    auto future = submit(std::forward<F>(function), std::forward<Args>(args)...);
    if constexpr (std::is_void_v<TaskResultOf<F, Args...>>) {
      future.get();
    } else {
      return future.take();
    }
  }

  // Runs the initializer if it has not run; gives 1 then, else 0.
  int spawn_workers(int count);
  int spawn_workers() { return 0; }
  int spawn_max_workers() { return spawn_workers(1); }

  // Runs the finalizer; true, or false if the pool is closed.  InvalidState from a task.
  bool join(Deadline deadline = {});
  // Runs the finalizer; from a task, when that has ended.  False if it was shut down before.
  bool shutdown(Pending pending = Pending::cancel);

  void check() const;
  void test() const;

  PoolStats stats() const;  // pending: always 0
  int count_workers() const { return stats().workers; }
  int count_busy_workers() const { return stats().busy; }
  int count_free_workers() const { return stats().free; }
  std::uint64_t count_pending_tasks() const { return stats().pending; }

  bool is_closed() const;
  bool is_terminated() const;
  bool is_broken() const;

  // What could not run because the initializer failed.
  std::vector<CancelledTask> cancelled_tasks() const;

  int max_workers() const { return 1; }

 private:
  class Core;

  void carry_out(detail::Task task);

  std::unique_ptr<Core> core_;
};

}  // namespace distaff::inline v0

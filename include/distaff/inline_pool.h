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
// max_tasks_per_worker tasks, and in the destructor.  How pools break and end is told in pool.h,
// and so is what every pool has: spawn_workers(), join(), shutdown(), check(), test(), stats() and
// counts, is_closed(), is_broken(), cancelled_tasks(), name().  Here
//
//   - spawn_workers(n) runs the initializer if it has not run, and gives 1 then, else 0;
//   - join() and shutdown() run the finalizer, shutdown() from a task when that has ended;
//   - no task is ever pending; cancelled_tasks() are those that the initializer's failure kept from
//     running.
//
// May be called from several threads: they take turns, and a task that waits for another thread's
// task of the same pool waits for ever.  Tasks may submit tasks.

#include <concepts>
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
    auto made = detail::make_submission(this, nullptr, std::forward<F>(function),
                                        std::forward<Args>(args)...);
    carry_out(std::move(made.task));
    return std::move(made.future);
  }

  // Runs function() now; what it throws is logged.
  template <class F>
  requires TaskFor<F> && std::invocable < std::decay_t<F>
  & > void post(F&& function) { carry_out(detail::Task::post(std::forward<F>(function))); }

  // submit() and get().
  template <class F, class... Args>
  requires TaskFor<F, Args...> TaskResultOf<F, Args...> run(F&& function, Args&&... args) {
    return detail::wait_and_take(submit(std::forward<F>(function), std::forward<Args>(args)...));
  }

 private:
  class Core;

  void carry_out(detail::Task task);
};

}  // namespace distaff::inline v0

#pragma once

// What submit() and run() are made of.  Not for users: see pool.h.

#include <concepts>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "distaff/detail/future_state.h"
#include "distaff/detail/task.h"
#include "distaff/future.h"
#include "distaff/pool.h"

namespace distaff::inline v0::detail {

// A task, and what its submitter holds.
template <class R>
struct Submission {
  Task task;
  Future<R> future;
};

// A task of function(args...) for the queue of `owner`.
template <class F, class... Args>
auto make_submission(const PoolBase* pool, TaskOwner* owner, F&& function, Args&&... args) {
  using Result = TaskResultOf<F, Args...>;
  auto bound = detail::bind(std::forward<F>(function), std::forward<Args>(args)...);
  auto* const state = new TaskState<Result, decltype(bound)>(pool, owner, std::move(bound));
  return Submission<Result>{Task::of(state),
                            Future<Result>(Ref<FutureState<Result>>::share(state))};
}

// function(args...) here, as a worker would call it.
template <class F, class... Args>
TaskResultOf<F, Args...> call_here(F&& function, Args&&... args) {
  auto bound = detail::bind(std::forward<F>(function), std::forward<Args>(args)...);
  if constexpr (std::invocable<decltype(bound)>) {
    return static_cast<TaskResultOf<F, Args...>>(std::move(bound)());
  } else {
    return static_cast<TaskResultOf<F, Args...>>(std::move(bound)(std::stop_token()));
  }
}

// Waits for the result that nobody else will ask for.
template <class R>
R wait_and_take(Future<R> future) {
  if constexpr (std::is_void_v<R>) {
    future.get();
  } else {
    return future.take();
  }
}

}  // namespace distaff::inline v0::detail

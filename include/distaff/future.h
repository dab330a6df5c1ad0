#pragma once

// The result of a task that may not have run yet.
//
//   distaff::ThreadPool pool(4);
//   distaff::Future<int> sum = pool.submit(add, 1, 2);
//   sum.on_done([](const distaff::Future<int>& done) { std::cout << done.task_id() << "\n"; });
//   if (!sum.wait(50ms)) sum.cancel();
//   std::cout << sum.get();                         // 3; or what add() threw; or CancelledError
//
//   auto both = distaff::collect(pool.submit(add, 1, 2), pool.submit(name));   // a tuple
//
// A task is pending, then running, then completed or failed; or cancelled instead of running.
// These five are its FutureStatus, and it never goes back.
//
// A Future is a handle: copies of it mean the same task, and the result lives as long as the last
// of them, also after the pool.  A Future made by default has no task; only valid(), assignment and
// == may be used on it.  Dropping all handles neither cancels the task nor waits for it.
//
// Everything here may be called from several threads at once.  Only wait(), get(), take() and their
// kin block.  All time limits are a Deadline: a duration, counted from the call, or one Deadline
// for many calls; without one they wait as long as it takes; zero only looks.

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/detail/future_state.h"
#include "distaff/errors.h"

namespace distaff::inline v0 {

template <class R>
class Promise;

// Names a callback of one future, for remove_callback().
enum class CallbackId : std::uint64_t {};

// What a result may be: an object that can be moved, or void.  (What a task returns by reference is
// copied into its future.)
template <class R>
concept TaskResult = std::is_void_v<R> ||(std::movable<R>&& std::same_as<R, std::decay_t<R>>);

template <class R>
class [[nodiscard]] Future {
  static_assert(TaskResult<R>, "a task's result must be void or an object that can be moved");

 public:
  using Result = R;
  // What get() of a named future and of a temporary one give.
  using Reference = std::add_lvalue_reference_t<std::add_const_t<R>>;

  Future() = default;

  bool valid() const { return static_cast<bool>(state_); }

  // Waits and gives the result, any number of times.  Throws what the task threw, with its type;
  // CancelledError; TimeoutError when the time is over (the task goes on, the future stays usable);
  // InvalidState after take().  The reference lives as long as a handle of this task.
  Reference get(Deadline deadline = {}) const& {
    state_->wait_for_value(deadline);
    if constexpr (!std::is_void_v<R>) {
      refuse_taken(state_->taken());
      return state_->value();
    }
  }

  // Of a temporary: a copy, or, if the result cannot be copied, as take().
  R get(Deadline deadline = {}) && {
    if constexpr (std::is_void_v<R>) {
      state_->wait_for_value(deadline);
    } else if constexpr (std::copy_constructible<R>) {
      return std::as_const(*this).get(deadline);
    } else {
      return take(deadline);
    }
  }

  // As get(), but moves the result out; once for all handles, then InvalidState.  Nobody may use a
  // reference from get() any more.
  R take(Deadline deadline = {}) const requires(!std::is_void_v<R>) {
    state_->wait_for_value(deadline);
    refuse_taken(!state_->take());
    return std::move(state_->value());
  }

  // True when the task has ended, in whatever way; false when the time is over.
  bool wait(Deadline deadline = {}) const { return state_->wait(deadline); }

  // The result if the task has completed and nobody took it, else null.  Does not wait.
  const R* try_result() const requires(!std::is_void_v<R>) {
    if (!is_completed() || state_->taken()) return nullptr;
    return &state_->value();
  }

  // What the task threw if it failed, else null.  Does not wait.
  std::exception_ptr exception() const { return state_->exception(); }

  // Cancels the task if it has not started: true, it never will, and who waits for it wakes at
  // once with CancelledError.  Otherwise false, and the task is left alone.
  bool cancel() const { return state_->cancel(); }

  // Whether cancel() or request_stop() was ever called, with success or without.
  bool cancel_requested() const { return state_->cancel_requested(); }

  // Asks a task that takes a std::stop_token to end early; what it returns or throws then is its
  // result.  Other tasks do not notice.
  void request_stop() const { state_->request_stop(); }

  // Has `callback` called when the task has ended, once, as callback(future) or callback(): after
  // earlier ones, by the thread that ended the task (also by cancel()), without any lock.  If it
  // has ended already, called at once by this thread.  Who waits may wake before.  What it throws
  // is logged.
  template <class Callback>
  requires std::invocable<Callback&, const Future&> || std::invocable<Callback&> CallbackId
  on_done(Callback callback)
  const {
    return CallbackId(
        state_->add_callback(std::make_unique<CallbackOf<Callback>>(std::move(callback))));
  }

  // True if that callback was still to be called; it will not be.
  bool remove_callback(CallbackId id) const {
    return state_->remove_callback(static_cast<std::uint64_t>(id));
  }

  // How long the task waited and ran: zeros until it is done.  A cancelled one never ran.
  FutureDurations durations() const { return state_->durations(); }

  FutureStatus status() const { return state_->status(); }
  bool is_pending() const { return status() == FutureStatus::pending; }
  bool is_running() const { return status() == FutureStatus::running; }
  bool is_completed() const { return status() == FutureStatus::completed; }
  bool is_failed() const { return status() == FutureStatus::failed; }
  bool is_cancelled() const { return status() == FutureStatus::cancelled; }
  bool is_done() const { return state_->is_done(); }

  // The task's number in its pool, from 1 in the order of submission; 0 for a Promise of no pool.
  std::uint64_t task_id() const { return state_->id(); }

  // The pool it was submitted to; null for a Promise of no pool.  Not to be used after the pool's
  // end, but to be compared.
  const PoolBase* pool() const { return state_->pool(); }

  // Whether both mean the same task.
  friend bool operator==(const Future& a, const Future& b) {
    return a.state_.get() == b.state_.get();
  }

  // For pools: a handle of a state of theirs.
  explicit Future(detail::Ref<detail::FutureState<R>> state) : state_(std::move(state)) {}
  detail::FutureState<R>* state() const { return state_.get(); }

 private:
  template <class Function>
  class CallbackOf final : public detail::FutureBase::Callback {
   public:
    explicit CallbackOf(Function function) : function_(std::move(function)) {}
    void call(detail::FutureBase& state) override {
      if constexpr (std::invocable<Function&, const Future&>) {
        function_(Future(detail::Ref<detail::FutureState<R>>::share(
            static_cast<detail::FutureState<R>*>(&state))));
      } else {
        function_();
      }
    }

   private:
    Function function_;
  };

  static void refuse_taken(bool taken) {
    if (taken) throw InvalidState("the result was taken before");
  }

  detail::Ref<detail::FutureState<R>> state_;
};

// The other end of a future, for results that come from somewhere else than a pool's thread.
//
//   distaff::Promise<int> promise;
//   auto future = promise.future();
//   promise.set_value(3);
//
// Move-only, and used by one thread at a time; the future is not bound by that.  A promise that
// goes without having been set makes its future fail with InvalidState, so that nobody waits for
// ever.
template <class R>
class Promise {
 public:
  Promise() : Promise(nullptr, 0) {}

  // For pools: the future's pool() and task_id().
  Promise(const PoolBase* pool, std::uint64_t task_id, detail::TaskOwner* owner = nullptr)
      : state_(detail::Ref<State>::adopt(new State(pool, task_id, owner))) {}

  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    Promise old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
  }
  ~Promise() {
    if (state_ && !state_->is_done()) {
      state_->publish(FutureStatus::failed,
                      std::make_exception_ptr(InvalidState("the promise was given up")), nullptr);
    }
  }

  // Any number of handles.
  Future<R> future() const { return Future<R>(state_); }

  // The task begins: from here on it cannot be cancelled.  False if it was cancelled; then nothing
  // is left to do.  InvalidState if it began before.
  bool start() {
    if (state_->start()) return true;
    if (state_->status() == FutureStatus::cancelled) return false;
    throw InvalidState("the task was started before");
  }

  // The end, once: after one of these, or after the future was cancelled, InvalidState.  What was
  // not started is started by them.
  template <class... Value>
  requires std::is_void_v<R> || std::constructible_from<R, Value...>
  void set_value(Value&&... value) {
    begin_end();
    const auto state = state_;  // who has the result may destroy this promise
    state->emplace(std::forward<Value>(value)...);
    state->publish(FutureStatus::completed, nullptr, nullptr);
  }
  void set_exception(std::exception_ptr error) {
    begin_end();
    const auto state = state_;
    state->publish(FutureStatus::failed, std::move(error), nullptr);
  }

  // For tasks that can be asked to end early.
  std::stop_token stop_token() const { return state_->stop_token(); }

  // Cancels from the producer's side; see Future::cancel().
  bool cancel() { return state_->cancel(); }

 private:
  using State = detail::FutureState<R>;

  void begin_end() {
    if (!state_->start() && state_->status() != FutureStatus::running) {
      throw InvalidState("the result was set before, or the task cancelled");
    }
  }

  detail::Ref<State> state_;
};

namespace detail {

template <class T>
inline constexpr bool kIsFuture = false;
template <class R>
inline constexpr bool kIsFuture<Future<R>> = true;

}  // namespace detail

template <class T>
concept AnyFuture = detail::kIsFuture<std::remove_cvref_t<T>>;

template <class Range>
concept FutureRange =
    std::ranges::input_range<Range> && AnyFuture<std::ranges::range_reference_t<Range>>;

// True when all of them are done, within one time for all; true for none.
template <FutureRange Range>
bool wait(Range&& futures, Deadline deadline = {}) {
  bool all = true;
  for (auto&& future : futures) all = future.wait(deadline) && all;
  return all;
}

// Their results in the order of the range, copied; of void: nothing.  Throws what the first failed
// one in this order threw, CancelledError, or TimeoutError when the time for all of them is over.
template <FutureRange Range>
auto collect(Range&& futures, Deadline deadline = {}) {
  using R = typename std::remove_cvref_t<std::ranges::range_reference_t<Range>>::Result;
  if constexpr (std::is_void_v<R>) {
    for (auto&& future : futures) future.get(deadline);
  } else {
    std::vector<R> results;
    for (auto&& future : futures) {
      auto handle = future;
      results.push_back(std::move(handle).get(deadline));
    }
    return results;
  }
}

// The same for futures of different types, none of them void: a tuple.
template <AnyFuture... Futures>
auto collect(const Futures&... futures) {
  return std::tuple<typename Futures::Result...>{Futures(futures).get()...};
}
template <AnyFuture... Futures>
auto collect(Deadline deadline, const Futures&... futures) {
  return std::tuple<typename Futures::Result...>{Futures(futures).get(deadline)...};
}

}  // namespace distaff::inline v0

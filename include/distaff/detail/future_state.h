#pragma once

// What the handles of one task share.  Not for users: see future.h and pool.h.
//
// A state is counted by hand instead of by std::shared_ptr, so that a task in a queue is one
// pointer that can be moved as bytes, and submit() allocates once: state, result and function
// together.
//
// pending -> running -> completed | failed, pending -> cancelled.  Leaving pending is one
// compare-and-exchange, so a task either runs or is cancelled, never both.  Everything else that
// changes does so under the mutex; callbacks run outside it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/deadline.h"

namespace distaff::inline v0 {

class PoolBase;

enum class FutureStatus : std::uint8_t { pending, running, completed, failed, cancelled };

struct FutureDurations {
  std::chrono::nanoseconds pending{0};  // from submit to start, or to cancel
  std::chrono::nanoseconds running{0};  // from start to the end
};

namespace detail {

// The pool whose queue a task stands in.  It outlives every pending state that names it: a pool
// looks at each task of its queue, under the task's mutex, before it goes.
class TaskOwner {
 public:
  // A task will not be run by whoever takes it from the queue: it was cancelled, or a worker that
  // waits for it runs it.  Called under the task's mutex.
  virtual void on_withdrawn() noexcept = 0;

 protected:
  ~TaskOwner() = default;
};

// The owner whose worker this thread is; null for all other threads.
const TaskOwner*& this_thread_owner() noexcept;

// Counted when a task ended, before its result can be seen; null: by nobody.
using FinishedCount = std::atomic<std::uint64_t>;

class FutureBase {
 public:
  using Clock = std::chrono::steady_clock;

  class Callback {
   public:
    virtual ~Callback() = default;
    virtual void call(FutureBase& state) = 0;
    // A quick one is ours: it takes no time, so its worker counts as free before it.
    bool quick = false;
    std::uint64_t id = 0;
  };

  FutureBase(const PoolBase* pool, std::uint64_t id, TaskOwner* owner)
      : id_(id), pool_(pool), owner_(owner) {}
  FutureBase(const FutureBase&) = delete;
  FutureBase& operator=(const FutureBase&) = delete;
  virtual ~FutureBase() = default;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  FutureStatus status() const { return status_.load(std::memory_order_acquire); }
  bool is_done() const { return status() >= FutureStatus::completed; }
  const PoolBase* pool() const { return pool_; }
  std::uint64_t id() const { return id_; }
  void set_id(std::uint64_t id) { id_ = id; }
  std::exception_ptr exception() const;
  FutureDurations durations() const;

  // A worker of the task's own pool that waits without a deadline runs the task itself if nobody
  // has begun it: waiting inside a task cannot use up the workers.
  bool wait(const Deadline& deadline);
  // Runs the task here if this is such a worker and the task is pending.
  bool help();
  // Waits; throws what the task threw, CancelledError or TimeoutError.
  void wait_for_value(const Deadline& deadline);

  bool cancel();
  // As cancel(), for a pool that takes its tasks back: the function is kept, the owner not told.
  // True again for a task that was taken back before.
  bool revoke();
  bool cancel_requested() const { return cancel_requested_.load(std::memory_order_relaxed); }
  void request_stop();
  std::stop_token stop_token();

  std::uint64_t add_callback(std::unique_ptr<Callback> callback);
  bool remove_callback(std::uint64_t id);

  // pending -> running; false if the task was cancelled.
  bool start();
  // The end.  False if there was one already.
  bool publish(FutureStatus status, std::exception_ptr error, FinishedCount* finished);

  // False if the task was cancelled before.
  bool execute(FinishedCount* finished) {
    if (!start()) return false;
    run_started(finished);
    return true;
  }
  // Calls the function of a revoked task; its result is dropped.
  virtual void call_revoked() {}

 protected:
  virtual void run_started(FinishedCount*) {}
  virtual void drop_function() noexcept {}

 private:
  using Callbacks = std::vector<std::unique_ptr<Callback>>;

  bool cancel(bool by_owner);
  void call(Callback& callback) noexcept;
  void call_all(const Callbacks& callbacks) noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::atomic<FutureStatus> status_{FutureStatus::pending};
  std::atomic<bool> cancel_requested_{false};
  bool revoked_ = false;
  int waiters_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable done_;
  std::uint64_t id_;
  const PoolBase* pool_;
  TaskOwner* owner_;
  Clock::time_point submitted_ = Clock::now();
  Clock::time_point started_{};
  Clock::time_point ended_{};
  std::exception_ptr error_;
  std::optional<std::stop_source> stop_;
  std::uint64_t last_callback_ = 0;
  Callbacks callbacks_;
};

// A counted pointer to a state.
template <class State>
class Ref {
 public:
  Ref() = default;
  // Takes over the one reference a new state is born with.
  static Ref adopt(State* state) { return Ref(state); }
  static Ref share(State* state) {
    state->retain();
    return Ref(state);
  }
  Ref(const Ref& other) : state_(other.state_) {
    if (state_ != nullptr) state_->retain();
  }
  Ref(Ref&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Ref() {
    if (state_ != nullptr) state_->release();
  }

  State* get() const { return state_; }
  State* operator->() const { return state_; }
  State& operator*() const { return *state_; }
  explicit operator bool() const { return state_ != nullptr; }
  State* leak() { return std::exchange(state_, nullptr); }

 private:
  explicit Ref(State* state) : state_(state) {}
  State* state_ = nullptr;
};

template <class R>
class FutureState : public FutureBase {
 public:
  using FutureBase::FutureBase;

  template <class... Value>
  void emplace(Value&&... value) {
    value_.emplace(std::forward<Value>(value)...);
  }
  R& value() { return *value_; }
  // True the first time.
  bool take() { return !taken_.exchange(true); }
  bool taken() const { return taken_; }

 private:
  std::optional<R> value_;
  std::atomic<bool> taken_{false};
};

template <>
class FutureState<void> : public FutureBase {
 public:
  using FutureBase::FutureBase;
  void emplace() {}
};

// A state with the function that gives its result: what submit() makes.
template <class R, class F>
class TaskState final : public FutureState<R> {
 public:
  template <class Function>
  TaskState(const PoolBase* pool, TaskOwner* owner, Function&& function)
      : FutureState<R>(pool, 0, owner), function_(std::forward<Function>(function)) {}

  void call_revoked() override { call(); }

 protected:
  void run_started(FinishedCount* finished) override {
    std::exception_ptr error;
    try {
      if constexpr (std::is_void_v<R>) {
        call();
      } else {
        this->emplace(call());
      }
    } catch (...) {
      error = std::current_exception();
    }
    function_.reset();
    const auto status = error == nullptr ? FutureStatus::completed : FutureStatus::failed;
    this->publish(status, std::move(error), finished);
  }

  void drop_function() noexcept override { function_.reset(); }

 private:
  decltype(auto) call() {
    if constexpr (std::is_invocable_v<F>) {
      return std::move(*function_)();
    } else {
      return std::move(*function_)(this->stop_token());
    }
  }

  std::optional<F> function_;
};

}  // namespace detail
}  // namespace distaff::inline v0

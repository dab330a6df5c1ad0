#include "distaff/future.h"

#include <algorithm>
#include <string>

#include "distaff/detail/future_state.h"
#include "distaff/detail/task.h"
#include "distaff/errors.h"
#include "distaff/log.h"

namespace distaff::inline v0::detail {

const TaskOwner*& this_thread_owner() noexcept {
  static thread_local const TaskOwner* owner = nullptr;
  return owner;
}

std::exception_ptr FutureBase::exception() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

FutureDurations FutureBase::durations() const {
  const std::lock_guard lock(mutex_);
  if (!is_done()) return {};
  const auto started = status() == FutureStatus::cancelled ? ended_ : started_;
  return {started - submitted_, ended_ - started};
}

bool FutureBase::wait(const Deadline& deadline) {
  if (is_done()) return true;
  const auto at = deadline.at();
  if (!at && help()) return true;
  std::unique_lock lock(mutex_);
  const auto done = [this] { return is_done(); };
  ++waiters_;
  if (at) {
    done_.wait_until(lock, *at, done);
  } else {
    done_.wait(lock, done);
  }
  --waiters_;
  return is_done();
}

bool FutureBase::help() {
  if (owner_ == nullptr || this_thread_owner() != owner_) return false;
  {
    const std::lock_guard lock(mutex_);
    auto expected = FutureStatus::pending;
    if (!status_.compare_exchange_strong(expected, FutureStatus::running)) return false;
    owner_->on_withdrawn();
  }
  started_ = Clock::now();
  run_started(nullptr);
  return true;
}

void FutureBase::wait_for_value(const Deadline& deadline) {
  if (!wait(deadline)) throw TimeoutError("no result in the time given");
  if (status() == FutureStatus::cancelled) throw CancelledError("the task was cancelled");
  if (status() == FutureStatus::failed) std::rethrow_exception(error_);
}

bool FutureBase::cancel() {
  cancel_requested_.store(true, std::memory_order_relaxed);
  return cancel(false);
}

bool FutureBase::revoke() { return cancel(true); }

bool FutureBase::cancel(bool by_owner) {
  Callbacks callbacks;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    auto expected = FutureStatus::pending;
    if (!status_.compare_exchange_strong(expected, FutureStatus::cancelled))
      return by_owner && revoked_;
    revoked_ = by_owner;
    ended_ = Clock::now();
    if (!by_owner && owner_ != nullptr) owner_->on_withdrawn();
    callbacks.swap(callbacks_);
    wake = waiters_ > 0;
  }
  if (wake) done_.notify_all();
  if (!by_owner) drop_function();
  call_all(callbacks);
  return true;
}

void FutureBase::request_stop() {
  cancel_requested_.store(true, std::memory_order_relaxed);
  std::unique_lock lock(mutex_);
  if (!stop_) stop_.emplace();
  std::stop_source stop = *stop_;
  lock.unlock();
  stop.request_stop();
}

std::stop_token FutureBase::stop_token() {
  const std::lock_guard lock(mutex_);
  if (!stop_) stop_.emplace();
  return stop_->get_token();
}

std::uint64_t FutureBase::add_callback(std::unique_ptr<Callback> callback) {
  std::unique_lock lock(mutex_);
  const auto id = ++last_callback_;
  callback->id = id;
  if (!is_done()) {
    callbacks_.push_back(std::move(callback));
    return id;
  }
  lock.unlock();
  call(*callback);
  return id;
}

bool FutureBase::remove_callback(std::uint64_t id) {
  std::unique_ptr<Callback> removed;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(callbacks_.begin(), callbacks_.end(),
                                  [&](const auto& callback) { return callback->id == id; });
  if (found == callbacks_.end()) return false;
  removed = std::move(*found);
  callbacks_.erase(found);
  return true;
}

bool FutureBase::start() {
  auto expected = FutureStatus::pending;
  if (status_.compare_exchange_strong(expected, FutureStatus::running)) {
    started_ = Clock::now();
    return true;
  }
  // Whoever withdrew it has told the owner when we return.
  const std::lock_guard lock(mutex_);
  return false;
}

bool FutureBase::publish(FutureStatus status, std::exception_ptr error, FinishedCount* finished) {
  Callbacks callbacks;
  const auto now = Clock::now();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_done()) return false;
    ended_ = now;
    error_ = std::move(error);
    callbacks.swap(callbacks_);
    // Who has the result shall find the worker free; but not while it is busy with callbacks.
    const bool at_once = std::all_of(callbacks.begin(), callbacks.end(),
                                     [](const auto& callback) { return callback->quick; });
    if (at_once && finished != nullptr) {
      finished->fetch_add(1, std::memory_order_relaxed);
      finished = nullptr;
    }
    status_.store(status, std::memory_order_release);
    wake = waiters_ > 0;
  }
  if (wake) done_.notify_all();
  call_all(callbacks);
  if (finished != nullptr) finished->fetch_add(1, std::memory_order_relaxed);
  return true;
}

void FutureBase::call(Callback& callback) noexcept {
  try {
    callback.call(*this);
  } catch (...) {
    log(LogLevel::error, "a callback of task " + std::to_string(id_) +
                             " failed: " + describe(std::current_exception()));
  }
}

void FutureBase::call_all(const Callbacks& callbacks) noexcept {
  for (const auto& callback : callbacks) call(*callback);
}

const Task::Ops Task::kOfState = {
    [](void* room, FinishedCount* finished) {
      return pointer<FutureBase>(room)->execute(finished);
    },
    [](void* room) { pointer<FutureBase>(room)->call_revoked(); }, nullptr,
    [](void* room) noexcept { pointer<FutureBase>(room)->release(); }};

void Task::log_failure() noexcept {
  log(LogLevel::error, "a posted task failed: " + describe(std::current_exception()));
}

}  // namespace distaff::inline v0::detail

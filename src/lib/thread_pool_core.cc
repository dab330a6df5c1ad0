#include "lib/thread_pool_core.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "os/cpus.h"

namespace distaff::inline v0::detail {
namespace {

int workers_for(std::optional<int> asked) {
  return asked.value_or(0) > 0 ? *asked : usable_cpus() + 5;
}

}  // namespace

void ThreadPoolCore::Worker::unpark() {
  {
    const std::lock_guard lock(mutex);
    token = true;
  }
  wake.notify_one();
}

bool ThreadPoolCore::Worker::park(const std::optional<Clock::time_point>& until) {
  std::unique_lock lock(mutex);
  const auto has_token = [this] { return token; };
  if (until) {
    if (!wake.wait_until(lock, *until, has_token)) return false;
  } else {
    wake.wait(lock, has_token);
  }
  token = false;
  return true;
}

ThreadPoolCore::ThreadPoolCore(ThreadPoolOptions options)
    : options_(std::move(options)),
      max_workers_(workers_for(options_.max_workers)),
      process_(getpid()),
      idle_timeout_(options_.idle_timeout) {}

ThreadPoolCore::~ThreadPoolCore() {
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.detach();
  }
}

// ---- tasks

void ThreadPoolCore::push(Task&& task) {
  FutureBase* const state = task.state();
  std::unique_lock lock(in_lock_);
  if (stop_.load(std::memory_order_relaxed)) refuse_unless_open(lock);
  if (alive_.load(std::memory_order_relaxed) < max_workers_) spawn_locked(missing(1));
  const auto id = pushed_.load(std::memory_order_relaxed) + 1;
  if (state != nullptr) state->set_id(id);
  in_.push(std::move(task));
  pushed_.store(id, std::memory_order_release);
  Worker* const woken = wake_one();
  lock.unlock();
  if (woken != nullptr) woken->unpark();
}

bool ThreadPoolCore::take(Task& task) {
  const std::lock_guard lock(out_lock_);
  if (out_.empty()) {
    // Looked at only here: it is the producers' line of memory.
    if (queued() == 0) return false;
    const std::lock_guard in_lock(in_lock_);
    in_.swap(out_);
  }
  task = out_.pop();
  popped_.store(popped_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return true;
}

std::vector<ThreadPoolCore::Dropped> ThreadPoolCore::take_back() {
  std::vector<Dropped> dropped;
  auto id = popped_.load(std::memory_order_relaxed);
  const auto take_all = [&](TaskList& list) {
    while (!list.empty()) {
      dropped.push_back({++id, std::make_shared<DroppedTask>(list.pop())});
    }
  };
  take_all(out_);
  take_all(in_);
  popped_.store(id, std::memory_order_release);
  for (const Dropped& each : dropped) {
    const FutureBase* const state = each.task->state();
    if (state == nullptr || state->status() == FutureStatus::pending) dropped_.push_back(each);
  }
  return dropped;
}

void ThreadPoolCore::revoke(const std::vector<Dropped>& dropped) {
  for (const Dropped& each : dropped) {
    FutureBase* const state = each.task->state();
    if (state != nullptr && !state->revoke()) {
      // Withdrawn before us, perhaps just now: then it is not ours to list.
      withdrawn_.fetch_sub(1, std::memory_order_relaxed);
      const std::lock_guard lock(in_lock_);
      std::erase_if(dropped_, [&](const Dropped& listed) { return listed.id == each.id; });
    }
    finished_.fetch_add(1, std::memory_order_relaxed);
  }
}

std::vector<CancelledTask> ThreadPoolCore::cancelled_tasks() const {
  std::vector<CancelledTask> tasks;
  const std::lock_guard lock(in_lock_);
  tasks.reserve(dropped_.size());
  for (const Dropped& each : dropped_) {
    tasks.push_back(DroppedTask::handle(each.id, each.task));
  }
  return tasks;
}

// ---- workers

// How many more are needed if `more` tasks come.
std::int64_t ThreadPoolCore::missing(std::int64_t more) const {
  const auto unfinished = static_cast<std::int64_t>(pushed_.load(std::memory_order_relaxed) -
                                                    finished_.load(std::memory_order_relaxed)) -
                          withdrawn_.load(std::memory_order_relaxed) + more;
  return unfinished - (alive_.load(std::memory_order_relaxed) - leaving_);
}

int ThreadPoolCore::spawn_locked(std::int64_t count) {
  count = std::min<std::int64_t>(count, max_workers_ - alive_.load(std::memory_order_relaxed));
  int made = 0;
  for (; made < count; ++made) {
    if (unused_.empty()) {
      workers_.emplace_back();
      unused_.reserve(workers_.size());
      sleepers_.reserve(workers_.size());
      unused_.push_back(&workers_.back());
    }
    Worker& worker = *unused_.back();
    worker.number = last_number_ + 1;
    worker.idle_timeout = idle_timeout_;
    try {
      worker.thread = std::thread([self = shared_from_this(), &worker] { self->work(worker); });
    } catch (const std::system_error& error) {
      if (alive_.load(std::memory_order_relaxed) - leaving_ == 0) throw;
      break;  // those there are will do
    }
    unused_.pop_back();
    ++last_number_;
    alive_.fetch_add(1, std::memory_order_relaxed);
  }
  return made;
}

int ThreadPoolCore::spawn(std::optional<int> count) {
  std::unique_lock lock(in_lock_);
  refuse_unless_open(lock);
  return spawn_locked(count ? *count : missing(0));
}

void ThreadPoolCore::work(Worker& me) {
  pthread_setname_np(pthread_self(), thread_name(me.number).c_str());
  this_thread_owner() = this;
  if (run_hook(Hook::initializer)) {
    run_tasks(me);
    run_hook(Hook::finalizer);
  } else {
    const std::lock_guard lock(in_lock_);
    ++leaving_;
  }
  this_thread_owner() = nullptr;
  ended(me);
}

void ThreadPoolCore::run_tasks(Worker& me) {
  const int quota = options_.max_tasks_per_worker.value_or(0);
  int done = 0;
  Task task;
  for (;;) {
    if (!take(task)) {
      if (!wait_for_task(me)) return;
      continue;
    }
    if (task.run(&finished_)) {
      ++done;
    } else {
      withdrawn_.fetch_sub(1, std::memory_order_relaxed);
      finished_.fetch_add(1, std::memory_order_relaxed);
    }
    task = Task();
    if (quota > 0 && done == quota) break;
  }
  const std::lock_guard lock(in_lock_);
  ++leaving_;
}

void ThreadPoolCore::look_around() const {
  static const bool alone = std::thread::hardware_concurrency() < 2;
  for (int i = 0; i < (alone ? 0 : 60); ++i) {
    if (queued() > 0 || stop_.load(std::memory_order_relaxed)) return;
    cpu_pause();
  }
}

// True if there may be a task; false if the worker is to leave, and then it counts as leaving.
bool ThreadPoolCore::wait_for_task(Worker& me) {
  std::unique_lock lock(in_lock_);
  bool looked = false;
  for (;;) {
    if (queued() > 0) return true;
    if (stop_.load(std::memory_order_relaxed)) {
      ++leaving_;
      return false;
    }
    if (searching_ == 0 && !looked) {
      looked = true;
      ++searching_;
      lock.unlock();
      look_around();
      lock.lock();
    } else {
      std::optional<Clock::time_point> until;
      if (me.idle_timeout) until = Deadline(*me.idle_timeout).at();
      me.woken = false;
      sleepers_.push_back(&me);
      lock.unlock();
      bool in_time = true;
      do {
        in_time = me.park(until);
        lock.lock();
        if (me.woken || !in_time) break;
        lock.unlock();  // a wake-up meant for an earlier sleep
      } while (true);
      if (!me.woken) {
        sleepers_.erase(std::find(sleepers_.begin(), sleepers_.end(), &me));
        ++leaving_;
        return false;
      }
      looked = false;
    }
    --searching_;
    if (queued() > 1) {
      if (Worker* const next = wake_one()) {
        lock.unlock();
        next->unpark();
        return true;
      }
    }
  }
}

// The one that slept last, so that the others' time runs on.
ThreadPoolCore::Worker* ThreadPoolCore::wake_one() {
  if (searching_ > 0 || sleepers_.empty()) return nullptr;
  Worker* const worker = sleepers_.back();
  sleepers_.pop_back();
  worker->woken = true;
  ++searching_;
  return worker;
}

std::vector<ThreadPoolCore::Worker*> ThreadPoolCore::wake_all() {
  for (Worker* const worker : sleepers_) worker->woken = true;
  searching_ += static_cast<int>(sleepers_.size());
  return std::exchange(sleepers_, {});
}

bool ThreadPoolCore::run_hook(Hook hook) {
  const auto& function = hook == Hook::initializer ? options_.initializer : options_.finalizer;
  if (!function) return true;
  try {
    function();
    return true;
  } catch (...) {
    broke(hook, std::current_exception());
    return false;
  }
}

void ThreadPoolCore::broke(Hook hook, const std::exception_ptr& cause) {
  log_broken(options_.name, hook, cause);
  std::unique_lock out_lock(out_lock_);
  std::unique_lock lock(in_lock_);
  breakage_.add(hook, cause);
  broken_.store(true, std::memory_order_release);
  stop_.store(true, std::memory_order_relaxed);
  const auto dropped = take_back();
  const auto woken = wake_all();
  lock.unlock();
  out_lock.unlock();
  for (Worker* const worker : woken) worker->unpark();
  revoke(dropped);
}

void ThreadPoolCore::ended(Worker& me) {
  std::unique_lock out_lock(out_lock_);
  std::unique_lock lock(in_lock_);
  Worker* const before = std::exchange(last_ended_, &me);
  --leaving_;
  alive_.fetch_sub(1, std::memory_order_acq_rel);
  // Not when closed and cancelled or broken: then nothing is queued.
  std::vector<Dropped> withdrawn;
  if (queued() > 0) {
    if (alive_.load(std::memory_order_relaxed) == 0 && missing(0) <= 0) {
      withdrawn = take_back();  // for them no worker would come, and join() would wait
    } else {
      try {
        spawn_locked(missing(0));
      } catch (const std::system_error& error) {
        log(LogLevel::error, options_.name + ": no thread for waiting tasks: " + error.what());
      }
    }
  }
  lock.unlock();
  out_lock.unlock();
  revoke(withdrawn);
  if (before != nullptr) {
    if (before->thread.joinable()) before->thread.join();
    lock.lock();
    unused_.push_back(before);
    lock.unlock();
  }
  { const std::lock_guard end_lock(end_mutex_); }
  ended_.notify_all();
}

void ThreadPoolCore::join_ended(std::unique_lock<ShortLock>& lock) {
  Worker* const last = std::exchange(last_ended_, nullptr);
  if (last == nullptr) return;
  lock.unlock();
  if (last->thread.joinable()) last->thread.join();
  lock.lock();
  unused_.push_back(last);
}

bool ThreadPoolCore::wait_until_ended(const Deadline& deadline) {
  std::unique_lock lock(end_mutex_);
  const auto done = [this] { return alive_.load(std::memory_order_acquire) == 0 && queued() == 0; };
  if (deadline.at()) return ended_.wait_until(lock, *deadline.at(), done);
  ended_.wait(lock, done);
  return true;
}

// ---- the pool's life

void ThreadPoolCore::throw_broken(std::unique_lock<ShortLock>& lock) const {
  const Breakage breakage = breakage_;
  lock.unlock();
  breakage.raise(options_.name);
}

void ThreadPoolCore::refuse_unless_open(std::unique_lock<ShortLock>& lock) const {
  if (is_closed()) throw PoolClosed(options_.name + " is shut down");
  if (is_broken()) throw_broken(lock);
  if (joining_ > 0) throw PoolClosed(options_.name + " is being joined");
}

void ThreadPoolCore::check() const {
  std::unique_lock lock(in_lock_);
  if (is_closed()) throw PoolClosed(options_.name + " is shut down");
  if (is_broken()) throw_broken(lock);
}

bool ThreadPoolCore::join(const Deadline& deadline) {
  if (this_thread_owner() == this) {
    throw InvalidState("join() from a task of the same pool would wait for itself");
  }
  std::unique_lock lock(in_lock_);
  if (is_closed()) return false;
  ++joining_;
  stop_.store(true, std::memory_order_relaxed);
  const auto woken = wake_all();
  lock.unlock();
  for (Worker* const worker : woken) worker->unpark();
  const bool all = wait_until_ended(deadline);
  lock.lock();
  --joining_;
  stop_.store(is_closed() || is_broken() || joining_ > 0, std::memory_order_relaxed);
  if (all) {
    join_ended(lock);
  } else if (!is_closed() && queued() > 0) {
    spawn_locked(missing(0));
  }
  return all;
}

bool ThreadPoolCore::shutdown(Pending pending) {
  std::unique_lock out_lock(out_lock_);
  std::unique_lock lock(in_lock_);
  if (is_closed()) return false;
  closed_.store(true, std::memory_order_release);
  stop_.store(true, std::memory_order_relaxed);
  std::vector<Dropped> dropped;
  if (pending == Pending::cancel) dropped = take_back();
  const auto woken = wake_all();
  lock.unlock();
  out_lock.unlock();
  for (Worker* const worker : woken) worker->unpark();
  revoke(dropped);
  leave();
  return true;
}

void ThreadPoolCore::leave() {
  if (const auto number = number_.exchange(0); number != 0) forget_pool(number);
  if (this_thread_owner() == this) return;
  wait_until_ended({});
  std::unique_lock lock(in_lock_);
  join_ended(lock);
}

bool ThreadPoolCore::is_foreign() const { return process_ != getpid(); }

void ThreadPoolCore::close_at_exit() noexcept { shutdown(Pending::cancel); }

PoolStats ThreadPoolCore::stats() const {
  if (is_closed()) return {};
  const std::lock_guard out_lock(out_lock_);
  const std::lock_guard lock(in_lock_);
  PoolStats stats;
  stats.workers = alive_.load(std::memory_order_relaxed);
  const auto working = static_cast<std::int64_t>(popped_.load(std::memory_order_relaxed) -
                                                 finished_.load(std::memory_order_relaxed));
  stats.busy = static_cast<int>(std::clamp<std::int64_t>(working, 0, stats.workers));
  stats.free = stats.workers - stats.busy;
  const auto waiting =
      static_cast<std::int64_t>(queued()) - withdrawn_.load(std::memory_order_relaxed);
  stats.pending = static_cast<std::uint64_t>(std::max<std::int64_t>(waiting, 0));
  return stats;
}

ThreadPoolOptions ThreadPoolCore::options() const {
  ThreadPoolOptions options = options_;
  const std::lock_guard lock(in_lock_);
  options.idle_timeout = idle_timeout_;
  return options;
}

void ThreadPoolCore::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  const std::lock_guard lock(in_lock_);
  idle_timeout_ = timeout;
}

// A thread's name has 15 bytes; the number is what tells workers apart.
std::string ThreadPoolCore::thread_name(std::uint64_t number) const {
  const std::string end = "-" + std::to_string(number);
  return options_.name.substr(0, 15 - std::min<std::size_t>(end.size(), 15)) + end;
}

}  // namespace distaff::inline v0::detail

#pragma once

// The workers and the queue of a ThreadPool.
//
// Speed comes from the queue being two lists.  Producers append to `in_` under one lock; workers
// take from `out_` under another, and swap the two when `out_` is empty.  So producer and workers
// meet once for many tasks, the order stays that of submission, and no worker holds tasks back that
// another could run.
//
// How many there are follows from three counts that only grow: pushed, popped (taken from the
// queue) and finished, and from `withdrawn`, the tasks in the queue that will not be run by whoever
// takes them.  Waiting = pushed - popped - withdrawn; in work = popped - finished.
//
// Who sleeps is known to producers: at most one worker looks for tasks without sleeping, for a few
// microseconds.  A producer wakes a sleeper only if nobody looks; who looked and found more than
// one task wakes the next.  All of this is decided under `in_lock_`, so no wake-up is lost, and a
// busy pool makes no system calls.
//
// Lock order: out_lock_, in_lock_, then the mutex of a task.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "distaff/detail/task.h"
#include "distaff/thread_pool.h"
#include "lib/breakage.h"
#include "lib/dropped_task.h"
#include "lib/open_pools.h"
#include "lib/pool_core.h"
#include "lib/short_lock.h"
#include "lib/task_list.h"

namespace distaff::inline v0::detail {

class ThreadPoolCore final : public PoolCore,
                             public TaskOwner,
                             public ClosedAtExit,
                             public std::enable_shared_from_this<ThreadPoolCore> {
 public:
  explicit ThreadPoolCore(ThreadPoolOptions options);
  ~ThreadPoolCore() override;

  void push(Task&& task);
  // Waits until the threads are gone, or, called by one of them, leaves them to themselves.
  void leave();

  const std::string& name() const override { return options_.name; }
  int max_workers() const override { return max_workers_; }
  int spawn(std::optional<int> count) override;
  bool join(const Deadline& deadline) override;
  bool shutdown(Pending pending) override;
  void check() const override;
  void test() const override;
  PoolStats stats() const override;
  bool is_closed() const override { return closed_.load(std::memory_order_acquire); }
  bool is_terminated() const override {
    return is_closed() && alive_.load(std::memory_order_acquire) == 0;
  }
  bool is_broken() const override { return broken_.load(std::memory_order_acquire); }
  std::vector<CancelledTask> cancelled_tasks() const override;

  // In a forked child: the threads are the parent's, and locks may be held for ever.
  bool is_foreign() const;

  ThreadPoolOptions options() const;
  void set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout);

  void on_withdrawn() noexcept override { withdrawn_.fetch_add(1, std::memory_order_relaxed); }
  void close_at_exit() noexcept override;
  void remember_as(std::uint64_t number) { number_ = number; }

 private:
  using Clock = std::chrono::steady_clock;

  // Records are used again, never freed before the pool: a wake-up may come late.
  struct Worker {
    std::uint64_t number = 0;
    std::thread thread;
    std::optional<std::chrono::nanoseconds> idle_timeout;
    bool woken = false;  // under in_lock_: taken from the sleepers by who wakes it

    std::mutex mutex;
    std::condition_variable wake;
    bool token = false;

    void unpark();
    // False when the time is over.
    bool park(const std::optional<Clock::time_point>& until);
  };

  struct Dropped {
    std::uint64_t id;
    std::shared_ptr<DroppedTask> task;
  };

  // ---- under in_lock_
  void refuse_unless_open(std::unique_lock<ShortLock>& lock) const;
  [[noreturn]] void throw_broken(std::unique_lock<ShortLock>& lock) const;
  int spawn_locked(std::int64_t count);
  std::int64_t missing(std::int64_t more) const;
  Worker* wake_one();
  std::vector<Worker*> wake_all();
  void join_ended(std::unique_lock<ShortLock>& lock);

  // ---- under both locks
  std::vector<Dropped> take_back();
  // ---- under none
  void revoke(const std::vector<Dropped>& dropped);

  std::uint64_t queued() const {
    return pushed_.load(std::memory_order_acquire) - popped_.load(std::memory_order_acquire);
  }

  void work(Worker& me);
  void run_tasks(Worker& me);
  bool take(Task& task);
  bool wait_for_task(Worker& me);
  void look_around() const;
  bool run_hook(Hook hook);
  void broke(Hook hook, const std::exception_ptr& cause);
  void ended(Worker& me);
  bool wait_until_ended(const Deadline& deadline);
  std::string thread_name(std::uint64_t number) const;

  const ThreadPoolOptions options_;
  const int max_workers_;
  std::atomic<std::uint64_t> number_{0};  // by which it is remembered
  int process_ = 0;

  alignas(64) mutable ShortLock in_lock_;
  TaskList in_;
  std::atomic<std::uint64_t> pushed_{0};
  int searching_ = 0;  // workers that look, and those just woken
  std::vector<Worker*> sleepers_;
  std::optional<std::chrono::nanoseconds> idle_timeout_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> broken_{false};
  int joining_ = 0;
  std::atomic<bool> stop_{false};  // closed, broken or joining: who finds nothing leaves
  std::atomic<int> alive_{0};
  int leaving_ = 0;  // of these, take no more tasks
  std::deque<Worker> workers_;
  std::vector<Worker*> unused_;
  Worker* last_ended_ = nullptr;  // its thread is still to be joined
  std::uint64_t last_number_ = 0;
  Breakage breakage_;
  std::vector<Dropped> dropped_;

  alignas(64) mutable ShortLock out_lock_;
  TaskList out_;
  std::atomic<std::uint64_t> popped_{0};

  alignas(64) FinishedCount finished_{0};
  std::atomic<std::int64_t> withdrawn_{0};

  std::mutex end_mutex_;
  std::condition_variable ended_;
};

}  // namespace distaff::inline v0::detail

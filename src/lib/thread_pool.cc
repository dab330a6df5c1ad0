#include "distaff/thread_pool.h"

#include <utility>

#include "lib/pool_trial.h"
#include "lib/thread_pool_core.h"

namespace distaff::inline v0 {

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : PoolBase(options.name),
      core_(std::make_shared<detail::ThreadPoolCore>(std::move(options))),
      owner_(core_.get()) {
  core_->remember_as(detail::remember_pool(core_));
}

ThreadPool::~ThreadPool() {
  if (core_->is_foreign()) return;
  if (!core_->shutdown(Pending::cancel)) core_->leave();
}

void ThreadPool::push(detail::Task task) { core_->push(std::move(task)); }
int ThreadPool::spawn_workers(int count) { return core_->spawn(count); }
int ThreadPool::spawn_workers() { return core_->spawn_missing(); }
bool ThreadPool::join(Deadline deadline) { return core_->join(deadline); }
bool ThreadPool::shutdown(Pending pending) { return core_->shutdown(pending); }
void ThreadPool::check() const { core_->check(); }
PoolStats ThreadPool::stats() const { return core_->stats(); }
bool ThreadPool::is_closed() const { return core_->is_closed(); }
bool ThreadPool::is_terminated() const { return core_->is_terminated(); }
bool ThreadPool::is_broken() const { return core_->is_broken(); }
int ThreadPool::max_workers() const { return core_->max_workers(); }

std::vector<CancelledTask> ThreadPool::cancelled_tasks() const { return core_->cancelled_tasks(); }

void ThreadPool::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  core_->set_idle_timeout(timeout);
}

void ThreadPool::test() const {
  check();
  ThreadPoolOptions options = core_->options();
  options.max_workers = 1;
  ThreadPool trial(std::move(options));
  detail::try_out(trial);
}

}  // namespace distaff::inline v0

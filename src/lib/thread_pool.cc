#include "distaff/thread_pool.h"

#include <memory>
#include <utility>

#include "lib/pool_trial.h"
#include "lib/thread_pool_core.h"

namespace distaff::inline v0 {

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : PoolBase(std::make_shared<detail::ThreadPoolCore>(std::move(options))),
      core_(static_cast<detail::ThreadPoolCore*>(core())),
      owner_(core_) {
  core_->remember_as(detail::remember_pool(core_->shared_from_this()));
}

ThreadPool::~ThreadPool() {
  if (core_->is_foreign()) return;
  if (!core_->shutdown(Pending::cancel)) core_->leave();
}

void ThreadPool::push(detail::Task task) { core_->push(std::move(task)); }

void ThreadPool::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  core_->set_idle_timeout(timeout);
}

void detail::ThreadPoolCore::test() const {
  check();
  ThreadPoolOptions like_this = options();
  like_this.max_workers = 1;
  ThreadPool trial(std::move(like_this));
  try_out(trial);
}

}  // namespace distaff::inline v0

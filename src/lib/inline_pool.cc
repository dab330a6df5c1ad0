#include "distaff/inline_pool.h"

#include <mutex>

#include "distaff/errors.h"
#include "lib/breakage.h"
#include "lib/dropped_task.h"
#include "lib/pool_trial.h"

namespace distaff::inline v0 {

using detail::Hook;

// Recursive: tasks submit tasks, and hooks may ask for counts.
class InlinePool::Core {
 public:
  explicit Core(InlinePoolOptions options) : options_(std::move(options)) {}

  const InlinePoolOptions& options() const { return options_; }

  void carry_out(detail::Task task) {
    const std::lock_guard lock(mutex_);
    check();
    detail::FutureBase* const state = task.state();
    const auto id = ++last_task_;
    if (state != nullptr) state->set_id(id);
    if (!start_worker()) return drop(id, std::move(task));
    ++depth_;
    task.run(nullptr);
    --depth_;
    const int quota = options_.max_tasks_per_worker.value_or(0);
    if (depth_ == 0 && (closed_ || (++done_ == quota))) end_worker();
  }

  int spawn(int count) {
    const std::lock_guard lock(mutex_);
    check();
    if (started_ || count < 1) return 0;
    start_worker();
    return 1;
  }

  bool join() {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (depth_ > 0) throw InvalidState("join() from a task of the same pool would wait for itself");
    end_worker();
    return true;
  }

  bool shutdown() {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    closed_ = true;
    if (depth_ == 0) end_worker();
    return true;
  }

  void check() const {
    const std::lock_guard lock(mutex_);
    if (closed_) throw PoolClosed(options_.name + " is shut down");
    if (breakage_.any()) breakage_.raise(options_.name);
  }

  PoolStats stats() const {
    const std::lock_guard lock(mutex_);
    PoolStats stats;
    if (closed_) return stats;
    stats.workers = started_ ? 1 : 0;
    stats.busy = depth_ > 0 ? 1 : 0;
    stats.free = stats.workers - stats.busy;
    return stats;
  }

  bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  bool is_terminated() const {
    const std::lock_guard lock(mutex_);
    return closed_ && !started_;
  }
  bool is_broken() const {
    const std::lock_guard lock(mutex_);
    return breakage_.any();
  }

  std::vector<CancelledTask> cancelled_tasks() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  bool start_worker() {
    if (started_) return true;
    if (!run_hook(Hook::initializer)) return false;
    started_ = true;
    done_ = 0;
    return true;
  }

  void end_worker() {
    if (!started_) return;
    run_hook(Hook::finalizer);
    started_ = false;
  }

  bool run_hook(Hook hook) {
    const auto& function = hook == Hook::initializer ? options_.initializer : options_.finalizer;
    if (!function) return true;
    try {
      function();
      return true;
    } catch (...) {
      detail::log_broken(options_.name, hook, std::current_exception());
      breakage_.add(hook, std::current_exception());
      return false;
    }
  }

  void drop(std::uint64_t id, detail::Task task) {
    auto dropped = std::make_shared<detail::DroppedTask>(std::move(task));
    dropped_.push_back(detail::DroppedTask::handle(id, dropped));
    if (auto* const state = dropped->state()) state->revoke();
  }

  const InlinePoolOptions options_;
  mutable std::recursive_mutex mutex_;
  bool started_ = false;
  bool closed_ = false;
  int depth_ = 0;  // tasks that run, each inside the one before
  int done_ = 0;
  std::uint64_t last_task_ = 0;
  detail::Breakage breakage_;
  std::vector<CancelledTask> dropped_;
};

InlinePool::InlinePool(InlinePoolOptions options)
    : PoolBase(options.name), core_(std::make_unique<Core>(std::move(options))) {}

InlinePool::~InlinePool() { core_->shutdown(); }

void InlinePool::carry_out(detail::Task task) { core_->carry_out(std::move(task)); }
int InlinePool::spawn_workers(int count) { return core_->spawn(count); }
bool InlinePool::join(Deadline) { return core_->join(); }
bool InlinePool::shutdown(Pending) { return core_->shutdown(); }
void InlinePool::check() const { core_->check(); }
PoolStats InlinePool::stats() const { return core_->stats(); }
bool InlinePool::is_closed() const { return core_->is_closed(); }
bool InlinePool::is_terminated() const { return core_->is_terminated(); }
bool InlinePool::is_broken() const { return core_->is_broken(); }
std::vector<CancelledTask> InlinePool::cancelled_tasks() const { return core_->cancelled_tasks(); }

void InlinePool::test() const {
  check();
  InlinePool trial(core_->options());
  detail::try_out(trial);
}

}  // namespace distaff::inline v0

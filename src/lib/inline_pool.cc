#include "distaff/inline_pool.h"

#include <memory>
#include <mutex>

#include "distaff/errors.h"
#include "lib/breakage.h"
#include "lib/dropped_task.h"
#include "lib/pool_core.h"
#include "lib/pool_trial.h"

namespace distaff::inline v0 {

using detail::Hook;

// Recursive: tasks submit tasks, and hooks may ask for counts.
class InlinePool::Core final : public detail::PoolCore {
 public:
  explicit Core(InlinePoolOptions options) : options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }
  int max_workers() const override { return 1; }

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

  // No task ever waits for a worker.
  int spawn(std::optional<int> count) override {
    if (!count) return 0;
    const std::lock_guard lock(mutex_);
    check();
    if (started_ || *count < 1) return 0;
    start_worker();
    return 1;
  }

  bool join(const Deadline&) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (depth_ > 0) throw InvalidState("join() from a task of the same pool would wait for itself");
    end_worker();
    return true;
  }

  bool shutdown(Pending) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    closed_ = true;
    if (depth_ == 0) end_worker();
    return true;
  }

  void check() const override {
    const std::lock_guard lock(mutex_);
    if (closed_) throw PoolClosed(options_.name + " is shut down");
    if (breakage_.any()) breakage_.raise(options_.name);
  }

  PoolStats stats() const override {
    const std::lock_guard lock(mutex_);
    PoolStats stats;
    if (closed_) return stats;
    stats.workers = started_ ? 1 : 0;
    stats.busy = depth_ > 0 ? 1 : 0;
    stats.free = stats.workers - stats.busy;
    return stats;
  }

  bool is_closed() const override {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  bool is_terminated() const override {
    const std::lock_guard lock(mutex_);
    return closed_ && !started_;
  }
  bool is_broken() const override {
    const std::lock_guard lock(mutex_);
    return breakage_.any();
  }

  void test() const override {
    check();
    InlinePool trial(options_);
    detail::try_out(trial);
  }

  std::vector<CancelledTask> cancelled_tasks() const override {
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
    : PoolBase(std::make_shared<Core>(std::move(options))) {}

InlinePool::~InlinePool() { shutdown(); }

void InlinePool::carry_out(detail::Task task) {
  static_cast<Core*>(core())->carry_out(std::move(task));
}

}  // namespace distaff::inline v0

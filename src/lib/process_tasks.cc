// How the tasks of a ProcessPool get to its workers, and how many workers there are for them.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "lib/process_pool_core.h"

namespace distaff::inline v0::detail {

void ProcessPoolCore::push(Ref<FutureBase> state, RemoteTask& task) {
  const auto size = task.frame().size() - kFrameHead;
  std::unique_lock lock(mutex_);
  refuse_unless_open();
  state->set_id(++last_task_);
  if (size > options_.max_message) {
    lock.unlock();
    task.fail(std::make_exception_ptr(
        MessageError("arguments of " + std::to_string(size) + " bytes are longer than the " +
                     std::to_string(options_.max_message) + " of max_message")));
    return;
  }
  Job job{std::move(state), &task, false};
  if (queue_.empty() && !free_.empty()) {
    if (!queue_.begin(job)) return;
    Worker& worker = *free_.back();
    free_.pop_back();
    return give(worker, std::move(job));
  }
  queue_.push(std::move(job));
  if (spawn_missing() > 0) wake();
}

void ProcessPoolCore::on_withdrawn() noexcept {
  queue_.withdraw();
  // Somebody may wait for the queue to be empty.
  if (stop_.load()) wake();
}

void ProcessPoolCore::give(Worker& worker, Job job) {
  worker.phase = Phase::busy;
  worker.idle_until.reset();
  worker.job = std::move(job);
  worker.socket.send(worker.job.task->take_frame());
}

void ProcessPoolCore::give_next(Worker& worker) {
  const int quota = options_.max_tasks_per_worker.value_or(0);
  if (quota > 0 && worker.done >= quota) return say_bye(worker);
  if (Job job = queue_.take()) return give(worker, std::move(job));
  const bool at_once = idle_timeout_ && idle_timeout_->count() <= 0;
  if (stop_.load() || at_once) return say_bye(worker);
  worker.phase = Phase::free;
  if (idle_timeout_) worker.idle_until = Deadline(*idle_timeout_).at();
  free_.push_back(&worker);
}

void ProcessPoolCore::say_bye(Worker& worker) {
  worker.phase = Phase::leaving;
  worker.idle_until.reset();
  std::string frame = begin_frame();
  seal_frame(frame, FrameTag::bye, 0);
  worker.socket.send(std::move(frame));
}

void ProcessPoolCore::let_free_ones_go() {
  for (Worker* const worker : std::exchange(free_, {})) say_bye(*worker);
}

std::optional<ProcessPoolCore::Clock::time_point> ProcessPoolCore::end_idle_ones() {
  const auto now = Clock::now();
  std::optional<Clock::time_point> next;
  std::vector<Worker*> over;
  std::erase_if(free_, [&](Worker* worker) {
    if (!worker->idle_until) return false;
    if (*worker->idle_until <= now) {
      over.push_back(worker);
      return true;
    }
    if (!next || *worker->idle_until < *next) next = worker->idle_until;
    return false;
  });
  for (Worker* const worker : over) say_bye(*worker);
  return next;
}

int ProcessPoolCore::spawn(std::optional<int> count) {
  const std::lock_guard lock(mutex_);
  refuse_unless_open();
  const int made = count ? spawn_locked(*count) : spawn_missing();
  if (made > 0) wake();
  return made;
}

int ProcessPoolCore::spawn_missing() {
  return spawn_locked(queue_.pending() - starting_ - static_cast<std::int64_t>(free_.size()));
}

int ProcessPoolCore::spawn_locked(std::int64_t count) {
  count = std::min<std::int64_t>(count, max_workers_ - alive_.load());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto number = ++last_worker_;
    Worker& worker = workers_.try_emplace(number, options_.max_message).first->second;
    worker.number = number;
    ++requested_;
    ++starting_;
    alive_.fetch_add(1);
  }
  return static_cast<int>(std::max<std::int64_t>(count, 0));
}

}  // namespace distaff::inline v0::detail

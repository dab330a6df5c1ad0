#include "lib/process_queue.h"

#include <utility>

namespace distaff::inline v0::detail {

bool ProcessQueue::begin(ProcessJob& job) {
  if (!job.begun && !job.state->start()) {
    withdrawn_.fetch_sub(1);
    return false;
  }
  job.begun = true;
  return true;
}

ProcessJob ProcessQueue::take() {
  while (!jobs_.empty()) {
    ProcessJob job = std::move(jobs_.front());
    jobs_.pop_front();
    if (begin(job)) return job;
  }
  return {};
}

void ProcessQueue::purge() {
  if (jobs_.empty() || pending() > 0) return;
  for (ProcessJob& job : std::exchange(jobs_, {})) {
    if (begin(job)) jobs_.push_back(std::move(job));
  }
}

ProcessQueue::TakenBack ProcessQueue::take_back() {
  TakenBack taken;
  for (ProcessJob& job : std::exchange(jobs_, {})) {
    if (job.begun) {
      taken.begun.push_back(std::move(job));
      continue;
    }
    const bool waits = job.state->status() == FutureStatus::pending;
    const auto id = job.state->id();
    auto task = std::make_shared<DroppedTask>(Task::of(job.state.leak()));
    taken.dropped.push_back({id, task});
    if (waits) dropped_.push_back({id, std::move(task)});
  }
  return taken;
}

void ProcessQueue::unlist(std::uint64_t id) {
  withdrawn_.fetch_sub(1);
  std::erase_if(dropped_, [&](const Dropped& listed) { return listed.id == id; });
}

std::vector<CancelledTask> ProcessQueue::dropped() const {
  std::vector<CancelledTask> tasks;
  for (const Dropped& each : dropped_) tasks.push_back(DroppedTask::handle(each.id, each.task));
  return tasks;
}

}  // namespace distaff::inline v0::detail

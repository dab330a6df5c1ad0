#pragma once

// The tasks that wait for a worker process, and those that were dropped instead.
//
// One that is cancelled stays where it is until its turn comes, and is only counted.  All is under
// the pool's lock but for withdraw(), which is called under the mutex of a task.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "distaff/detail/process_task.h"
#include "distaff/pool.h"
#include "lib/dropped_task.h"

namespace distaff::inline v0::detail {

struct ProcessJob {
  Ref<FutureBase> state;
  RemoteTask* task = nullptr;
  bool begun = false;  // it is with a worker, or was with one that died before it could read
  explicit operator bool() const { return task != nullptr; }
};

class ProcessQueue {
 public:
  struct Dropped {
    std::uint64_t id;
    std::shared_ptr<DroppedTask> task;
  };

  bool empty() const { return jobs_.empty(); }
  // Without those that were cancelled.
  std::int64_t pending() const {
    return static_cast<std::int64_t>(jobs_.size()) - withdrawn_.load();
  }

  void push(ProcessJob job) { jobs_.push_back(std::move(job)); }
  // It was taken from here, and nobody has read it.
  void push_front(ProcessJob job) { jobs_.push_front(std::move(job)); }

  // Begins a job.  False if it was cancelled.
  bool begin(ProcessJob& job);
  // Begins the next one that was not cancelled; none if there is none.
  ProcessJob take();
  // Drops all if all were cancelled.
  void purge();

  // A task that waits here will not be run by whoever takes it.
  void withdraw() noexcept { withdrawn_.fetch_add(1); }

  // Takes everything out.  What was not begun is listed as dropped, and to be revoked without the
  // lock.
  struct TakenBack {
    std::vector<ProcessJob> begun;
    std::vector<Dropped> dropped;
  };
  TakenBack take_back();
  // A task that was taken back could not be revoked: it had been withdrawn.
  void unlist(std::uint64_t id);
  std::vector<CancelledTask> dropped() const;

 private:
  std::deque<ProcessJob> jobs_;
  std::atomic<std::int64_t> withdrawn_{0};
  std::vector<Dropped> dropped_;
};

}  // namespace distaff::inline v0::detail

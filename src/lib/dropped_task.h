#pragma once

// A task that a pool took back: what its CancelledTask runs.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "distaff/detail/task.h"
#include "distaff/pool.h"

namespace distaff::inline v0::detail {

class DroppedTask {
 public:
  explicit DroppedTask(Task task) : task_(std::move(task)) {}

  // Null for a posted function.
  FutureBase* state() const { return task_.state(); }

  static CancelledTask handle(std::uint64_t id, std::shared_ptr<DroppedTask> task) {
    return {id, std::move(task), &run};
  }

 private:
  static void run(void* self);

  Task task_;
  std::atomic<bool> used_{false};
};

}  // namespace distaff::inline v0::detail

#include "lib/dropped_task.h"

#include "distaff/errors.h"

namespace distaff::inline v0::detail {

void DroppedTask::run(void* self) {
  DroppedTask& dropped = *static_cast<DroppedTask*>(self);
  if (dropped.used_.exchange(true)) throw InvalidState("the cancelled task was run before");
  // Listed a moment ago, it may not be taken back yet, and its future may win: then it has no
  // function any more, or runs.
  if (dropped.state() != nullptr && !dropped.state()->revoke()) {
    throw InvalidState("the task was cancelled by its future, or runs");
  }
  dropped.task_.rerun();
}

}  // namespace distaff::inline v0::detail

#include "lib/dropped_task.h"

#include "distaff/errors.h"

namespace distaff::inline v0::detail {

void DroppedTask::run(void* self) {
  DroppedTask& dropped = *static_cast<DroppedTask*>(self);
  if (dropped.used_.exchange(true)) throw InvalidState("the cancelled task was run before");
  dropped.task_.rerun();
}

}  // namespace distaff::inline v0::detail

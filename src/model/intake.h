#pragma once

// How much of a job's output may be taken out of its pipe now, and where to.

#include <cstddef>

#include "base/pipe_target.h"

namespace distaff {

struct Intake {
  std::size_t most = 0;          // bytes; 0: leave it in the pipe
  PipeTarget* target = nullptr;  // null: read it; else move it there
};

}  // namespace distaff

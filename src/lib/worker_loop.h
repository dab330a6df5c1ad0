#pragma once

// What a worker process does all its life.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "distaff/register.h"
#include "distaff/serialize.h"

namespace distaff::inline v0::detail {

// The payload of the frame `start`.
struct WorkerStart {
  std::string name;               // of the worker: "ProcessPool-3"
  std::uint64_t max_message = 0;  // bytes of a payload
  RegisteredCall initializer;
  RegisteredCall finalizer;
};
template <class Archive>
void serialize(Archive& archive, WorkerStart& start) {
  archive(start.name, start.max_message, start.initializer.name, start.initializer.arguments,
          start.finalizer.name, start.finalizer.arguments);
}

// Answers frames until `bye` or until the parent is gone, then ends the process without its exit
// handlers, which are the parent's.
[[noreturn]] void serve_frames(UniqueFd socket);

// Signals of a worker: those from the terminal are for its parent to act upon, which ends its
// workers as it sees fit.  What tasks start gets the defaults.
void set_up_worker_signals();

// Has the kernel kill this process when its parent, which was `parent`, is gone.
void die_with(int parent);

// The call that the payload of a task or a chunk asks for, in this process, which errors name as
// `worker`.
void call_by_payload(std::string_view payload, bool chunk, const std::string& worker,
                     Encoder& encoder);

}  // namespace distaff::inline v0::detail

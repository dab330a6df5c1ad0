#pragma once

// Turns a Launch into a running process: finds the program, builds argument and environment arrays,
// spawns, and says in words why it did not work.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "exec/environment.h"
#include "exec/executor.h"
#include "model/launch.h"
#include "os/program_finder.h"
#include "os/spawn.h"
#include "os/startup.h"

namespace distaff {

class Launcher {
 public:
  struct Options {
    Startup startup;
    char* const* environment = nullptr;  // what jobs get, before Launch::env
    bool own_group = true;
    std::optional<int> nice;
  };
  struct Result {
    Executor::StartResult start;
    pid_t pid = -1;
  };

  explicit Launcher(Options options);

  // `stdio` as in SpawnRequest.  An Outcome of a failure has ENOENT, EACCES or another errno if the
  // program is the reason, and 0 if something else about the job is (its directory, its niceness,
  // that its arguments are too long): another job may be better.
  // `fuse`, if any, is armed for the process or its group.
  Result launch(const Launch& launch, const std::array<int, 3>& stdio,
                const std::optional<GroupFuse>& fuse = {});

 private:
  SpawnResult spawn_program(const ProgramFinder::Found& program);
  Result explain(const SpawnResult& result, const Launch& launch);
  Outcome cannot_execute(int error, const Launch& launch);

  Options options_;
  Environment environment_;
  ProgramFinder finder_;
  SpawnRequest request_;
  std::vector<char*> argv_;  // and a null
};

}  // namespace distaff

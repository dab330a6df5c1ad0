#pragma once

// What USR1 prints: how a run stands at this moment, for a person who asks.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"

namespace distaff {

struct Status {
  // How many jobs and groups are named one by one.
  static constexpr std::size_t kNamed = 20;

  struct Running {
    JobId job{};
    int attempt = 1;
    Duration age{0};
    std::string command;
  };
  struct Held {
    std::string key;                    // empty: the whole run
    std::optional<Duration> starts_in;  // nothing: that depends on something else
    std::string why;                    // "rest", "10 failures in a row"
  };

  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t waiting = 0;     // jobs, with the next two
  std::uint64_t for_retry = 0;   // of these, for another try
  std::uint64_t for_mutex = 0;   // and for a job of the same --mutex
  std::uint64_t for_others = 0;  // of those, for another run
  std::vector<Running> running;  // the oldest ones, the oldest first
  std::uint64_t all_running = 0;
  std::vector<Held> held;  // groups, those that start first in front
  std::uint64_t all_held = 0;
  std::string note;  // "stopping", "waiting for input"; may be empty
};

// Lines, each with a newline.
std::string to_text(const Status& status);

}  // namespace distaff

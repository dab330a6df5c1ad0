#pragma once

// How much may happen at once, and how soon again, in one group of jobs.
//
// The program's `--parallelism`, `--throttle`, `--rate` and rules fill it; so do callers of the
// library.  Plain values; copying and reading from several threads is safe.
//
//   distaff::GroupLimits polite{.parallelism = 1, .throttle = {.least = 1s, .most = 3s}};

#include <chrono>
#include <optional>

namespace distaff::inline v0 {

// A rest from the end of one job of a group to the start of its next, drawn uniformly from
// [least, most] after each job.  Zero: no rest.  Needs 0 <= least <= most.
struct Throttle {
  std::chrono::nanoseconds least{0};
  std::chrono::nanoseconds most{0};

  bool any() const { return most.count() > 0; }
  bool operator==(const Throttle&) const = default;
};

// A token bucket over starts: `count` starts each `per`, at most `burst` of them at once.
// The bucket is full when the group is first seen.  Needs count >= 1, per > 0, burst >= 1.
struct Rate {
  double count = 1;
  std::chrono::nanoseconds per{std::chrono::seconds(1)};
  double burst = 1;

  bool operator==(const Rate&) const = default;
};

struct GroupLimits {
  // Jobs of the group running at once, at least 1; nothing: as many as there are slots.
  // A throttle makes it 1: with two jobs ending at different times, "since the last end" would
  // name no single moment.
  std::optional<int> parallelism = 1;
  Throttle throttle{};
  std::optional<Rate> rate{};

  bool operator==(const GroupLimits&) const = default;
};

}  // namespace distaff::inline v0

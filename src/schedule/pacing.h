#pragma once

// The limits of each group, from the command line and the rules, and what an outcome does to it.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "distaff/limits.h"
#include "model/outcome.h"
#include "model/run_spec.h"

namespace distaff {

// What a job's end asks of its group beyond the limits' own rest.
struct Pace {
  std::optional<Duration> rest;   // instead of the limits' throttle
  std::optional<Duration> pause;  // from the end of the job
  bool as_asked = false;          // it says what becomes of Attempt::retry_after
};

// What the jobs of a group may do, and how failures of theirs are taken.
struct Policy {
  StatusSet ok{{{0, 0}}};
  int retries = 0;
  TimeLimit timeout;
  std::optional<BreakSpec> breaker;
};

// Immutable but for the random numbers it draws.
class Pacing {
 public:
  // Errors: a regex that does not compile; a throttle and a parallelism over 1 written at one
  // level.
  static Expected<Pacing> compile(const GroupSpec& spec, const FailureSpec& failure = {},
                                  std::uint64_t seed = 1);

  Pacing(Pacing&&) noexcept;
  Pacing& operator=(Pacing&&) noexcept;
  ~Pacing();

  // What a rule or the command line says for a key; a level that is silent gives way to the wider
  // one.  A throttle makes parallelism 1, unless a rule that says nothing of throttles wrote a
  // parallelism over 1: then the command line's throttle gives way.  Without a key the run as a
  // whole is the group.
  GroupLimits limits_for(std::string_view key) const;

  // What the end of a job does to its group; `failed` as --ok has it.  The first entry without a
  // pause that applies gives the rest (nothing if that is the plain one: the scheduler draws it);
  // of the pauses that apply the longest counts.
  Pace after(std::string_view key, const Attempt& attempt, bool failed);

  bool by_outcome(std::string_view key) const;  // after() can give something

  // As the first rule that matches says, and the command line where that is silent.  Lives as long
  // as this.
  const Policy& policy_for(std::string_view key) const;
  const Policy& policy() const;  // of the command line: for jobs without a group
  bool has_policies() const;     // some rule says something of it
  bool retries() const;          // some job may be tried again

 private:
  struct Impl;
  explicit Pacing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff

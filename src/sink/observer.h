#pragma once

// Watches a run: progress, logs, the journal.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/job.h"
#include "model/launch.h"
#include "model/outcome.h"
#include "model/run_spec.h"

namespace distaff {

// A job that runs.
struct RunningJob {
  const Job* job = nullptr;  // never null; lives until tick() returns
  TimePoint since{};
};

// How the run stands; what a progress line needs.
struct RunCounts {
  std::uint64_t records = 0;  // read
  std::uint64_t started = 0;
  std::uint64_t done = 0;  // ended, in whatever way
  std::uint64_t failed = 0;
  std::uint64_t retries = 0;
  std::uint64_t waiting = 0;
  std::uint64_t resting_groups = 0;
  int running = 0;
  std::uint64_t skipped = 0;           // done before the run, so not run; in none of the others
  std::uint64_t not_run = 0;           // given up when the run stopped
  std::optional<std::uint64_t> total;  // jobs to be run, if known
  std::optional<RunningJob> oldest;    // of those that run
  std::optional<std::uint64_t> bytes;  // of responses' bodies, if jobs are URLs
};

// One try at a job that is over: its process ended and no more output will come.
struct AttemptReport {
  const Job& job;
  int attempt;  // from 1
  Slot slot;
  const Attempt& result;
  bool failed;
  std::optional<Duration> again_in;  // it will be tried again, not before this
  TimePoint read;                    // when the job was read
  TimePoint started;
  std::array<std::uint64_t, 2> bytes;  // that it wrote to stdout, stderr, as far as we saw them
  const Launch* launch = nullptr;      // what was to be executed; null if it never came to that
  bool bytes_known = true;             // false: jobs write to our stdout themselves
};

class Observer {
 public:
  virtual ~Observer() = default;

  // Each try at a job, in the order in which they end, also those that could not start.  Called
  // only if any observer wants it.
  virtual bool wants_attempts() const { return false; }
  virtual void on_attempt(const AttemptReport& report, TimePoint now) {
    static_cast<void>(report), static_cast<void>(now);
  }

  virtual void on_start(const Job& job, Slot slot, TimePoint now) {
    static_cast<void>(job), static_cast<void>(slot), static_cast<void>(now);
  }

  // A job ended (all its attempts).  `command` is what ran, for people, empty if nothing did.
  virtual void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
                      TimePoint now) {
    static_cast<void>(job), static_cast<void>(attempt), static_cast<void>(failed);
    static_cast<void>(command), static_cast<void>(now);
  }

  // After on_end(): all that the job wrote is out, or it wrote nothing.  What can never be written
  // is never told.  Called only of observers that want it.
  virtual bool wants_output() const { return false; }
  virtual void on_output_written(JobId job) { static_cast<void>(job); }

  // Instead of that at first: its output is held back, perhaps until the run ends.  What is given
  // is kept with it, on disk if there is much, and comes back by on_output_lost() if the output
  // could not be written.
  virtual std::string on_output_held(JobId job) { return static_cast<void>(job), std::string(); }
  virtual void on_output_lost(std::string_view kept) { static_cast<void>(kept); }

  // A job that was read and will never be started.
  virtual void on_not_run(const Job& job) { static_cast<void>(job); }

  // The run ends, and not all of the input was read that there is.
  virtual void on_input_left() {}

  // Not empty: it could not do what it is there for, and why.  The run stops by this.
  virtual std::string_view failure() const { return {}; }

  // One line worth telling.
  virtual void on_message(LogLevel level, std::string_view text) {
    static_cast<void>(level), static_cast<void>(text);
  }

  // Called when `next_tick` has come, and once when the run ends (`last`).
  virtual void tick(const RunCounts& counts, TimePoint now, bool last) {
    static_cast<void>(counts), static_cast<void>(now), static_cast<void>(last);
  }
  virtual std::optional<TimePoint> next_tick() const { return std::nullopt; }
};

}  // namespace distaff

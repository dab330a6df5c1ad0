#pragma once

// What a run that nobody watches has around it: --lock before anything is read, --stamp and
// --metrics when it has ended.

#include <time.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/expected.h"
#include "base/time.h"
#include "model/run_spec.h"
#include "os/file_lock.h"
#include "os/startup.h"
#include "sink/metrics.h"

namespace distaff {

class Scheduled {
 public:
  // Checks that the files can be written, and takes the lock.  Error of status 75: another run
  // holds it, also after --lock-wait.
  static Expected<Scheduled> begin(const RunSpec& spec, const Startup& startup);

  Scheduled(Scheduled&&) noexcept = default;

  // The locks of this user, for --mutex; needs that the spec says one.
  FileLocks& locks() { return *locks_; }

  // When --deadline is, if it is a time: the next one after our start, and not after the wait for
  // the lock.
  std::optional<time_t> deadline() const { return deadline_; }

  // Null if there is no --metrics.
  Metrics* metrics() { return metrics_ ? &*metrics_ : nullptr; }

  // The run has ended with this status, as far as jobs go.  Writes the files; gives the status that
  // comes of it, and in `messages` what to say, line by line.
  int finish(int status, std::uint64_t not_run, std::string& messages);

 private:
  explicit Scheduled(const CronSpec& spec) : spec_(spec) {}
  Expected<void> check_files();
  Expected<void> take_lock(const Startup& startup);
  Expected<void> write_metrics(int status, std::uint64_t not_run) const;

  CronSpec spec_;
  std::optional<FileLocks> locks_;
  std::optional<Metrics> metrics_;
  Metrics::Clock last_success_{0};
  TimePoint begun_{};
  std::optional<time_t> deadline_;
};

}  // namespace distaff

#pragma once

// --metrics: how the last run went, in the text format that Prometheus reads.
//
// All are gauges of one run, with the file's name as the label `run`, so that several files of one
// directory can be collected together.  The moment of the last success outlives runs that fail: it
// is taken over from the file as it was.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "sink/observer.h"

namespace distaff {

class Metrics final : public Observer {
 public:
  using Clock = std::chrono::milliseconds;  // since 1970

  struct Run {
    int exit_status = 0;
    std::uint64_t not_run = 0;  // jobs that were read and never started
    Clock ended{0};
    Duration took{0};
    Clock last_success{0};  // of earlier runs; 0: there was none
  };

  void on_end(const Job& job, const Attempt& attempt, bool failed, std::string_view command,
              TimePoint now) override;
  void on_input_left() override { input_left_ = true; }
  void tick(const RunCounts& counts, TimePoint now, bool last) override;

  // `name` is the label's value, any bytes.
  std::string text(std::string_view name, const Run& run) const;

 private:
  // Upper bounds, in seconds.
  static constexpr std::array<double, 15> kBounds{0.01, 0.05, 0.1, 0.5,  1,    5,     10,   30,
                                                  60,   300,  600, 1800, 3600, 21600, 86400};
  enum Outcome {
    succeeded,
    failed_by_status,
    signalled,
    timed_out,
    not_started,
    wanted_tty,
    cancelled,
    kinds
  };
  static Outcome kind_of(const Attempt& attempt, bool failed);

  std::array<std::uint64_t, kinds> jobs_{};
  std::array<std::uint64_t, kBounds.size() + 1> durations_{};  // one more: longer than all
  double seconds_ = 0;
  std::uint64_t retries_ = 0;
  bool input_left_ = false;
};

// What the label `run` says for a file: its name without directories and without ".prom".
std::string metrics_name(std::string_view path);

// The moment of the last success that a file of metrics tells; 0 if it tells none.
Metrics::Clock last_success_in(std::string_view text);

// A file of metrics begins so: one that does not is another's, and must not be replaced.
bool is_metrics_text(std::string_view beginning);

}  // namespace distaff

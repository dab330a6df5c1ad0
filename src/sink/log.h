#pragma once

// Says what people should know: warnings, failures, with --log-level more.
//
// To stderr as `distaff: warning: TEXT`, between the lines of jobs; or to a file, with the time and
// the level in front.  With --log-format json both get one object a line instead:
//
//   {"time":"2026-11-21T10:11:12.345Z","level":"warn","message":"TEXT"}
//
// with "job":17 where a message is about one job.  The formatting machinery is made with the first
// line: most runs have nothing to say, and should not pay for it.

#include <memory>
#include <optional>
#include <string_view>

#include "base/expected.h"
#include "collate/byte_sink.h"
#include "model/ids.h"
#include "model/run_spec.h"
#include "sink/observer.h"

namespace distaff {

class Log final : public Observer {
 public:
  // Opens the file, if one is named.  `sink` must outlive the log.
  static Expected<std::unique_ptr<Log>> open(const LogSpec& spec, ByteSink& sink);
  ~Log() override;

  // Whether a line of this level is written: else it need not be made.
  bool wants(LogLevel level) const { return level >= level_; }

  // Control characters in it are shown as \n, \t, \xHH: one message is one line.
  void on_message(LogLevel level, std::string_view text) override;

  // The same for a message about one job, which its text names too.
  void on_job_message(LogLevel level, JobId job, std::string_view text);

 private:
  class Lines;
  struct Backend;

  Log(const LogSpec& spec, std::unique_ptr<Lines> lines);
  void write(LogLevel level, std::string_view text, std::optional<JobId> job);
  void write_json(LogLevel level, std::string_view text, std::optional<JobId> job);

  LogLevel level_;
  LogFormat format_;
  std::unique_ptr<Lines> lines_;      // where they go
  std::unique_ptr<Backend> backend_;  // how they look; null before the first one
};

}  // namespace distaff

#pragma once

// Says what people should know: warnings, failures, with --log-level more.
//
// To stderr as `distaff: warning: TEXT`, between the lines of jobs; or to a file, with the time and
// the level in front.  The formatting machinery is made with the first line: most runs have
// nothing to say, and should not pay for it.

#include <memory>
#include <string_view>

#include "base/expected.h"
#include "collate/byte_sink.h"
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

 private:
  class Lines;
  struct Backend;

  Log(LogLevel level, std::unique_ptr<Lines> lines);

  LogLevel level_;
  std::unique_ptr<Lines> lines_;      // where they go
  std::unique_ptr<Backend> backend_;  // how they look; null before the first one
};

}  // namespace distaff

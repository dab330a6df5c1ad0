#include "sink/job_messages.h"

#include <fmt/format.h>

#include <string>

#include "base/numbers.h"

namespace distaff {

namespace {

// "exit 1 after 0.4s", "could not start: no field 3 in this record".
std::string how_it_ended(const Attempt& attempt) {
  std::string text = describe(attempt.outcome);
  const bool ran = attempt.usage.wall > Duration{0};
  if (ran) text += " after " + format_duration(attempt.usage.wall);
  if (!attempt.outcome.reason.empty()) text += ": " + attempt.outcome.reason;
  return text;
}

}  // namespace

void JobMessages::on_start(const Job& job, Slot slot, TimePoint) {
  if (!log_.wants(LogLevel::debug)) return;
  log_.on_job_message(LogLevel::debug, job.id,
                      fmt::format("job {} started in slot {}", number(job.id), slot));
}

void JobMessages::on_attempt(const AttemptReport& report, TimePoint) {
  if (!report.again_in || !log_.wants(LogLevel::info)) return;
  log_.on_job_message(LogLevel::info, report.job.id,
                      fmt::format("job {} failed: {}; try {} follows in {}", number(report.job.id),
                                  how_it_ended(report.result), report.attempt + 1,
                                  format_duration(*report.again_in)));
}

void JobMessages::on_end(const Job& job, const Attempt& attempt, bool failed,
                         std::string_view command, TimePoint) {
  const LogLevel level = failed ? LogLevel::info : LogLevel::debug;
  if (!log_.wants(level)) return;
  std::string text = fmt::format("job {} {}: {}", number(job.id), failed ? "failed" : "ended",
                                 how_it_ended(attempt));
  if (!command.empty()) text += fmt::format(": {}", command);
  log_.on_job_message(level, job.id, text);
}

}  // namespace distaff

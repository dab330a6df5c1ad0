#include "collate/job_columns.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace distaff {
namespace {

// Microseconds, all of them: what the kernel counts, and as many digits in each row.
std::string seconds(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

std::string error_of(const Outcome& outcome) {
  std::string error = describe(outcome);
  if (!outcome.reason.empty()) error += ": " + outcome.reason;
  return error;
}

}  // namespace

JobValues job_values(const Job& job, const Attempt& attempt, int attempts, Slot slot) {
  const Outcome& outcome = attempt.outcome;
  JobValues values;
  auto next = values.begin();
  const auto put = [&next](bool known, auto make) {
    if (known) *next = make();
    ++next;
  };
  const bool exited = outcome.kind == Outcome::Kind::exited;
  const bool killed = outcome.kind == Outcome::Kind::signalled;
  const bool ran = attempts > 0;
  put(true, [&] { return std::to_string(number(job.id)); });
  put(true, [&] { return std::to_string(attempts); });
  put(exited, [&] { return std::to_string(outcome.value); });
  put(killed, [&] { return std::to_string(outcome.value); });
  put(ran, [&] { return seconds(attempt.usage.wall); });
  put(ran, [&] { return seconds(attempt.usage.user); });
  put(ran, [&] { return seconds(attempt.usage.system); });
  put(ran, [&] { return std::to_string(attempt.usage.max_rss_kib); });
  put(ran, [&] { return std::to_string(slot); });
  put(job.key.has_value(), [&] { return *job.key; });
  put(!exited && !killed, [&] { return error_of(outcome); });
  return values;
}

std::string text_of(const Job& job) {
  std::string text;
  bool first = true;
  job.each_text([&](std::string_view record) {
    if (!std::exchange(first, false)) text += ' ';
    text += record;
  });
  return text;
}

}  // namespace distaff

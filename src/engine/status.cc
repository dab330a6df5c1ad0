#include "engine/status.h"

#include <fmt/format.h>

#include "base/numbers.h"
#include "base/text.h"

namespace distaff {
namespace {

std::string first_line(const Status& status) {
  std::string text = fmt::format("distaff: {} running, {} waiting, {} done, {} failed",
                                 status.all_running, status.waiting, status.done, status.failed);
  if (!status.note.empty()) text += "; " + status.note;
  return text + "\n";
}

std::string waiting_lines(const Status& status) {
  std::string text;
  if (status.for_retry > 0) text += fmt::format("  {} of them for another try\n", status.for_retry);
  if (status.for_mutex > 0) {
    text += fmt::format("  {} of them for a job of the same --mutex", status.for_mutex);
    if (status.for_others > 0) text += fmt::format(", {} in another run", status.for_others);
    text += '\n';
  }
  return text;
}

}  // namespace

std::string to_text(const Status& status) {
  std::string text = first_line(status);
  for (const Status::Running& job : status.running) {
    text += fmt::format("  job {}  {}", number(job.job), format_duration(job.age));
    if (job.attempt > 1) text += fmt::format(", try {}", job.attempt);
    text += fmt::format("  {}\n", printable(job.command, 160));
  }
  if (status.all_running > status.running.size()) {
    text += fmt::format("  and {} more\n", status.all_running - status.running.size());
  }
  text += waiting_lines(status);
  for (const Status::Held& group : status.held) {
    text += group.key.empty() ? "  all jobs" : fmt::format("  group {}", printable(group.key, 80));
    if (group.starts_in) {
      text += fmt::format(": next start in {}", format_duration(*group.starts_in));
    } else {
      text += ": waits";
    }
    text += fmt::format(" ({})\n", group.why);
  }
  if (status.all_held > status.held.size()) {
    const std::uint64_t more = status.all_held - status.held.size();
    text += fmt::format("  and {} more group{}\n", more, more == 1 ? "" : "s");
  }
  return text;
}

}  // namespace distaff

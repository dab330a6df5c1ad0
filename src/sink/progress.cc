#include "sink/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"

namespace distaff {

namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// "0.4", "12", "1500".
std::string rate(std::uint64_t done, Duration in) {
  const double each_second = static_cast<double>(done) / std::max(seconds(in), 1e-9);
  return fmt::format("{:.{}f}", each_second, each_second < 9.95 ? 1 : 0);
}

}  // namespace

ProgressLines::ProgressLines(Duration interval, TimePoint start, ByteSink& sink)
    : interval_(interval), start_(start), next_(start + interval), sink_(sink), said_at_(start) {}

std::optional<TimePoint> ProgressLines::next_tick() const {
  if (interval_ <= Duration{0}) return std::nullopt;
  return next_;
}

void ProgressLines::tick(const RunCounts& counts, TimePoint now, bool last) {
  if (interval_ <= Duration{0} || (!last && now < next_)) return;
  // The first whole interval after now.
  if (!last) next_ += interval_ * ((now - next_) / interval_ + 1);
  const bool begun = counts.started > 0 || counts.done > 0;
  if (!begun || (last && said_any_ && counts.done == said_done_)) return;
  sink_.say(line(counts, now, last));
  said_at_ = now;
  said_done_ = counts.done;
  said_any_ = true;
}

std::string ProgressLines::line(const RunCounts& counts, TimePoint now, bool last) const {
  const std::uint64_t done = counts.done - said_done_;
  const Duration in = now - said_at_;
  std::string text = fmt::format("distaff: progress: {} done in {} ({}/s), {}", done,
                                 format_duration(in), rate(done, in), counts.done);
  if (counts.total) text += fmt::format(" of {}", std::max(*counts.total, counts.done));
  text += fmt::format(" in all, {} running, {} waiting, {} {} resting, {} failed, {} {}",
                      counts.running, counts.waiting, counts.resting_groups,
                      counts.resting_groups == 1 ? "group" : "groups", counts.failed,
                      counts.retries, counts.retries == 1 ? "retry" : "retries");
  const std::optional<Duration> left = last ? std::nullopt : time_left(counts, now);
  if (left) text += fmt::format(", {} left", format_duration(*left));
  return text + "\n";
}

// By the pace of the whole run: steadier than that of the last interval.
std::optional<Duration> ProgressLines::time_left(const RunCounts& counts, TimePoint now) const {
  if (!counts.total || counts.done == 0 || *counts.total < counts.done) return std::nullopt;
  const double jobs_left = static_cast<double>(*counts.total - counts.done);
  const double each = seconds(now - start_) / static_cast<double>(counts.done);
  return std::chrono::round<Duration>(std::chrono::duration<double>(jobs_left * each));
}

}  // namespace distaff

#include "sink/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/numbers.h"
#include "sink/progress_text.h"

namespace distaff {

namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ProgressLines::ProgressLines(Duration interval, TimePoint start, ByteSink& sink, LogFormat format,
                             std::function<std::string()> clock)
    : interval_(interval),
      start_(start),
      next_(start + interval),
      sink_(sink),
      format_(format),
      clock_(std::move(clock)),
      said_at_(start) {}

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
  sink_.say(format_ == LogFormat::json ? json(counts, now, last) : line(counts, now, last));
  said_at_ = now;
  said_done_ = counts.done;
  said_bytes_ = counts.bytes.value_or(0);
  said_any_ = true;
}

std::string ProgressLines::line(const RunCounts& counts, TimePoint now, bool last) const {
  const std::uint64_t done = counts.done - said_done_;
  const Duration in = now - said_at_;
  std::string text = fmt::format("distaff: progress: {} done in {} ({}/s), {}", done,
                                 format_duration(in), rate_text(done, in), counts.done);
  if (counts.total) text += fmt::format(" of {}", std::max(*counts.total, counts.done));
  text += fmt::format(" in all, {} running, {} waiting, {} {} resting, {} failed, {} {}",
                      counts.running, counts.waiting, counts.resting_groups,
                      counts.resting_groups == 1 ? "group" : "groups", counts.failed,
                      counts.retries, counts.retries == 1 ? "retry" : "retries");
  if (counts.bytes) {
    const double in_s = std::max(seconds(in), 1e-3);
    const auto each =
        static_cast<std::uint64_t>(static_cast<double>(*counts.bytes - said_bytes_) / in_s);
    text += fmt::format(", {} ({}/s)", bytes_text(*counts.bytes), bytes_text(each));
  }
  const auto time = left(counts, now, last);
  if (time) text += fmt::format(", {} left", format_duration(*time));
  return text + "\n";
}

std::string ProgressLines::json(const RunCounts& counts, TimePoint now, bool last) const {
  const std::uint64_t done = counts.done - said_done_;
  const double in = seconds(now - said_at_);
  JsonObject object;
  object.text("time", clock_()).text("level", "info").text("message", "progress");
  object.number("interval_s", in).number("interval_done", done);
  object.number("rate", static_cast<double>(done) / std::max(in, 1e-9));
  object.number("done", counts.done);
  if (counts.total) object.number("total", std::max(*counts.total, counts.done));
  object.number("running", static_cast<std::uint64_t>(counts.running));
  object.number("waiting", counts.waiting).number("resting_groups", counts.resting_groups);
  object.number("failed", counts.failed).number("retries", counts.retries);
  if (counts.bytes) object.number("bytes", *counts.bytes);
  const auto time = left(counts, now, last);
  if (time) object.number("left_s", seconds(*time));
  return object.line();
}

std::optional<Duration> ProgressLines::left(const RunCounts& counts, TimePoint now,
                                            bool last) const {
  if (last) return std::nullopt;
  return time_left(counts, now - start_);
}

}  // namespace distaff

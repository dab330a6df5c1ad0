#include "sink/progress_bar.h"

#include "sink/progress_text.h"

namespace distaff {

namespace {

using namespace std::chrono_literals;

constexpr Duration kShortest = 100ms;
constexpr Duration kLongest = 1s;

}  // namespace

ProgressBar::ProgressBar(TimePoint start, Duration delay, StatusLine& line)
    : start_(start), line_(line), first_(start + delay) {}

void ProgressBar::on_start(const Job&, Slot, TimePoint) { counts_changed_ = true; }

void ProgressBar::on_end(const Job&, const Attempt&, bool, std::string_view, TimePoint) {
  counts_changed_ = true;
}

// Where a job has a line open there is nothing to be drawn, whatever changes.
bool ProgressBar::is_stale() const {
  return line_.is_free() && (counts_changed_ || !was_free_ || (was_drawn_ && !line_.is_shown()));
}

std::optional<TimePoint> ProgressBar::next_tick() const {
  if (over_) return std::nullopt;
  if (!ticked_) return first_;
  return *ticked_ + (is_stale() ? kShortest : kLongest);
}

void ProgressBar::tick(const RunCounts& counts, TimePoint now, bool last) {
  if (over_) return;
  if (last) {
    line_.erase();
    over_ = true;
  } else if (now >= *next_tick()) {
    draw(counts, now);
  }
}

void ProgressBar::draw(const RunCounts& counts, TimePoint now) {
  ticked_ = now;
  counts_changed_ = false;
  was_drawn_ = false;
  was_free_ = line_.is_free();
  const bool begun = counts.started > 0 || counts.done > 0;
  if (!was_free_ || !begun) return;
  const int columns = line_.columns();
  if (columns < 2) return line_.erase();
  // The last column is left free: terminals differ in what they do after it.
  line_.show(bar_text(counts, now - start_, now, static_cast<std::size_t>(columns - 1)));
  was_drawn_ = true;
}

}  // namespace distaff

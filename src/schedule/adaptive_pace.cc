#include "schedule/adaptive_pace.h"

#include <algorithm>

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeast = 200ms;  // the first gap, where starts came faster
constexpr Duration kMost = 60s;
constexpr int kGoodToStep = 4;

}  // namespace

void AdaptivePace::started(TimePoint now) {
  if (last_start_) mean_ += (now - *last_start_ - mean_) / 4;
  last_start_ = now;
}

bool AdaptivePace::slow_down(TimePoint now) {
  good_ = 0;
  if (slowed_ && now < *slowed_ + gap_) return false;
  slowed_ = now;
  gap_ = std::clamp(2 * std::max(gap_, mean_), kLeast, kMost);
  return true;
}

void AdaptivePace::went_well() {
  if (++good_ < kGoodToStep) return;
  good_ = 0;
  gap_ = gap_ * 3 / 4;
  if (gap_ < kLeast / 2) gap_ = Duration{0};
}

}  // namespace distaff

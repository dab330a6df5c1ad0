#include "schedule/token_bucket.h"

#include <algorithm>
#include <cassert>

namespace distaff {
namespace {

constexpr double kParts = 1 << 20;  // of one unit of count and burst

}  // namespace

TokenBucket::TokenBucket(const Rate& rate)
    : gain_(std::max(Units{1}, static_cast<Units>(rate.count * kParts))),
      cost_(static_cast<Units>(rate.per.count()) * (1 << 20)),
      capacity_(static_cast<Units>(rate.burst * kParts) * rate.per.count()) {
  assert(rate.count > 0 && rate.per.count() > 0 && rate.burst >= 1);
}

TokenBucket::Units TokenBucket::debt_at(TimePoint now) const {
  if (debt_ == 0 || now <= last_) return debt_;
  return std::max(Units{0}, debt_ - static_cast<Units>((now - last_).count()) * gain_);
}

TimePoint TokenBucket::paid_at(Units debt) const {
  if (debt_ <= debt) return TimePoint::min();
  const Units wait = (debt_ - debt + gain_ - 1) / gain_;
  if (wait >= (TimePoint::max() - std::max(last_, TimePoint{})).count()) return TimePoint::max();
  return last_ + Duration(static_cast<Duration::rep>(wait));
}

TimePoint TokenBucket::available_at(std::int64_t count) const {
  const Units most_debt = capacity_ - count * cost_;
  return most_debt < 0 ? TimePoint::max() : paid_at(most_debt);
}

std::int64_t TokenBucket::available(TimePoint now) const {
  return static_cast<std::int64_t>((capacity_ - debt_at(now)) / cost_);
}

TimePoint TokenBucket::full_at() const { return paid_at(0); }

void TokenBucket::take(TimePoint now) {
  debt_ = debt_at(now) + cost_;
  last_ = std::max(last_, now);
}

void TokenBucket::give_back(TimePoint taken) {
  // Had it not been taken, the debt would be less by a token, but for what a bucket that was full
  // in between would have spilled: at most its gain until the last start.
  const Units spilled = static_cast<Units>((last_ - taken).count()) * gain_;
  debt_ = std::max(Units{0}, debt_ - std::max(Units{0}, cost_ - spilled));
}

}  // namespace distaff

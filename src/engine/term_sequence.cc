#include "engine/term_sequence.h"

#include <algorithm>
#include <csignal>

namespace distaff {

void TermSequence::begin(TimePoint now) {
  if (begun_) return;
  begun_ = true;
  at_ = now;
}

void TermSequence::kill_now(TimePoint now) {
  begun_ = true;
  steps_ = {{SIGKILL, Duration{0}}};
  next_ = 0;
  at_ = now;
}

void TermSequence::hurry(TimePoint now) {
  if (begun_ && next_ == steps_.size()) return;
  const bool told = begun_ && next_ > 0;
  const TimePoint end = now + kTimeInEmergency;
  at_ = !told ? now : steps_[next_].signal == SIGKILL ? std::min(at_, end) : end;
  begun_ = true;
  steps_ = {{SIGTERM, kTimeInEmergency}, {SIGKILL, Duration{0}}};
  next_ = told ? 1 : 0;
}

std::optional<int> TermSequence::due(TimePoint now) {
  if (!begun_ || next_ == steps_.size() || now < at_) return std::nullopt;
  const TermStep step = steps_[next_++];
  at_ += step.wait;
  return step.signal;
}

std::optional<TimePoint> TermSequence::wake_at() const {
  if (!begun_ || next_ == steps_.size()) return std::nullopt;
  return at_;
}

}  // namespace distaff

#include "schedule/retry.h"

#include <algorithm>

#include "schedule/draw.h"

namespace distaff {
namespace {

bool worth_another_try(const RetryOn& on, Outcome::Broken how) {
  switch (how) {
    case Outcome::Broken::resolve:
    case Outcome::Broken::connect:
    case Outcome::Broken::cut:
      return on.connect;
    case Outcome::Broken::timeout:
      return on.timeout;
    case Outcome::Broken::tls:
    case Outcome::Broken::too_large:
    case Outcome::Broken::redirect:
    case Outcome::Broken::refused:
    case Outcome::Broken::protocol:
    case Outcome::Broken::local:
      return false;
  }
  return false;
}

}  // namespace

bool worth_another_try(const RetryOn& on, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::exited:
      return on.statuses.contains(outcome.value);
    case Outcome::Kind::signalled:
      return on.signal;
    case Outcome::Kind::timed_out:
      return on.timeout;
    case Outcome::Kind::not_started:
      return on.start && outcome.value > 0;
    case Outcome::Kind::responded:
      return on.statuses.contains(outcome.value);
    case Outcome::Kind::broken:
      return worth_another_try(on, static_cast<Outcome::Broken>(outcome.value));
    case Outcome::Kind::wants_tty:
    case Outcome::Kind::cancelled:
      return false;
  }
  return false;
}

Duration delay_after(const RetryDelay& delay, int attempt, std::uint64_t& random) {
  if (delay.most <= delay.least) return delay.least;
  Duration bound = delay.least;
  for (int i = 1; i < attempt && bound < delay.most; ++i) {
    bound = bound > delay.most / 2 ? delay.most : bound * 2;
  }
  return draw({Duration{0}, std::min(bound, delay.most)}, random);
}

}  // namespace distaff

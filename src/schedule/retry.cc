#include "schedule/retry.h"

#include <algorithm>

#include "schedule/draw.h"

namespace distaff {

bool worth_another_try(const RetryOn& on, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::exited:
      return on.statuses.contains(outcome.value);
    case Outcome::Kind::signalled:
      return on.signal;
    case Outcome::Kind::timed_out:
      return on.timeout;
    case Outcome::Kind::not_started:
      return on.start && outcome.value != 0;
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

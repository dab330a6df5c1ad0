#include "model/outcome.h"

#include <fmt/format.h>
#include <string.h>

namespace distaff {

std::string describe(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::exited:
      return fmt::format("exit {}", outcome.value);
    case Outcome::Kind::signalled: {
      const char* name = sigabbrev_np(outcome.value);
      if (name == nullptr) return fmt::format("signal {}", outcome.value);
      return fmt::format("signal {} ({})", outcome.value, name);
    }
    case Outcome::Kind::timed_out:
      return "timed out";
    case Outcome::Kind::not_started:
      return "could not start";
    case Outcome::Kind::wants_tty:
      return "wanted the terminal";
    case Outcome::Kind::cancelled:
      return "cancelled";
  }
  return {};
}

}  // namespace distaff

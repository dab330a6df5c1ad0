#include "model/outcome.h"

#include <fmt/format.h>
#include <string.h>

namespace distaff {
namespace {

std::string describe(Outcome::Broken how) {
  switch (how) {
    case Outcome::Broken::resolve:
      return "no such host";
    case Outcome::Broken::connect:
      return "no connection";
    case Outcome::Broken::tls:
      return "no trusted connection";
    case Outcome::Broken::timeout:
      return "timed out";
    case Outcome::Broken::too_large:
      return "too large";
    case Outcome::Broken::redirect:
      return "bad redirect";
    case Outcome::Broken::refused:
      return "not allowed";
    case Outcome::Broken::protocol:
      return "bad response";
    case Outcome::Broken::local:
      return "not kept";
    case Outcome::Broken::cut:
      return "body broke off";
  }
  return {};
}

}  // namespace

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
      return outcome.value == Outcome::kBadHost ? "bad host" : "could not start";
    case Outcome::Kind::wants_tty:
      return "wanted the terminal";
    case Outcome::Kind::cancelled:
      return "cancelled";
    case Outcome::Kind::responded:
      return fmt::format("HTTP {}", outcome.value);
    case Outcome::Kind::broken:
      return describe(static_cast<Outcome::Broken>(outcome.value));
  }
  return {};
}

}  // namespace distaff

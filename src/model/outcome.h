#pragma once

// How an attempt at a job ended: always exactly one of these.

#include <string>

#include "base/time.h"

namespace distaff {

struct Outcome {
  enum class Kind {
    exited,       // `value` is the exit status
    signalled,    // `value` is the signal
    timed_out,    // we ended it because its time was over
    not_started,  // `value` is the errno, or 0 with only `reason`
    wants_tty,    // the kernel stopped it because it asked the terminal, so we ended it
    cancelled,    // it was never started because the run stopped, or we ended it for that
  };
  Kind kind = Kind::exited;
  int value = 0;
  std::string reason;  // for people; for not_started always set

  static Outcome exited(int status) { return {Kind::exited, status, {}}; }
  static Outcome signalled(int signal) { return {Kind::signalled, signal, {}}; }
  static Outcome not_started(int error, std::string why) {
    return {Kind::not_started, error, std::move(why)};
  }
  static Outcome cancelled(std::string why = {}) { return {Kind::cancelled, 0, std::move(why)}; }

  bool operator==(const Outcome&) const = default;
};

// Short and the same for equal outcomes, for counting: "exit 1", "signal 9 (KILL)", "timed out",
// "could not start", "wanted the terminal", "cancelled".
std::string describe(const Outcome& outcome);

// What an attempt took.
struct Usage {
  Duration wall{0};
  Duration user{0};
  Duration system{0};
  long max_rss_kib = 0;
};

struct Attempt {
  Outcome outcome;
  Usage usage;
};

}  // namespace distaff

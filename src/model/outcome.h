#pragma once

// How an attempt at a job ended: always exactly one of these.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "model/response.h"

namespace distaff {

struct Outcome {
  enum class Kind {
    exited,       // `value` is the exit status
    signalled,    // `value` is the signal
    timed_out,    // we ended it because its time was over
    not_started,  // `value` is the errno, or 0 with only `reason`, or kBadHost
    wants_tty,    // the kernel stopped it because it asked the terminal, so we ended it
    cancelled,    // the run stopped before it was started, or while it ran; or its process
                  // was ended before the program was there
    responded,    // `value` is the HTTP status of a response that came whole
    broken,       // no whole response came; `value` is a Broken, `reason` says more
  };
  // Why no whole response came.
  enum class Broken {
    resolve,    // the name of the host has no address
    connect,    // no connection, or it broke before the response began
    tls,        // no trust: certificates, versions
    timeout,    // not connected in time, or nothing came for too long
    too_large,  // head or body larger than allowed
    redirect,   // too many, or to where none may lead
    refused,    // we may not: robots.txt, --public-only, a scheme that was not asked for
    protocol,   // what came is not what the protocol says
    local,      // the body could not be kept
    cut,        // the body broke off
  };
  // No host could be asked by the name that a URL has.
  static constexpr int kBadHost = -1;

  Kind kind = Kind::exited;
  int value = 0;
  std::string reason;  // for people; for not_started always set

  static Outcome exited(int status) { return {Kind::exited, status, {}}; }
  static Outcome signalled(int signal) { return {Kind::signalled, signal, {}}; }
  static Outcome not_started(int error, std::string why) {
    return {Kind::not_started, error, std::move(why)};
  }
  static Outcome bad_host(std::string why) { return not_started(kBadHost, std::move(why)); }
  static Outcome responded(int status) { return {Kind::responded, status, {}}; }
  static Outcome broken(Broken how, std::string why) {
    return {Kind::broken, static_cast<int>(how), std::move(why)};
  }
  static Outcome cancelled(std::string why = {}) { return {Kind::cancelled, 0, std::move(why)}; }

  bool operator==(const Outcome&) const = default;
};

// Short and the same for equal outcomes, for counting: "exit 1", "signal 9 (KILL)", "timed out",
// "could not start", "bad host", "wanted the terminal", "cancelled", "HTTP 404", "no connection".
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

  // It was still at work when it was asked to end, by Executor::signal() or signal_all(): what it
  // made of that says nothing about its work.
  bool told = false;

  // The rest is of requests only.
  std::shared_ptr<const Response> response{};  // null if it did not come to one
  Duration rest_at_least{0};                   // of its group, from now (Crawl-delay)
  std::optional<Duration> retry_after{};       // nothing of its group before, said the server
  std::optional<Duration> again_in{};          // of a hop: the next request not before that
  // Sent, and to send it again might do something twice; or it has had its tries.
  bool once_only = false;
};

}  // namespace distaff

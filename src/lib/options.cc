// What callers may ask for, checked.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>

#include "distaff/error_policy.h"
#include "distaff/errors.h"
#include "distaff/imap.h"

namespace distaff::inline v0 {

ErrorPolicy error_policy(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "raise") return ErrorPolicy::raise;
  if (lower == "log") return ErrorPolicy::log;
  if (lower == "ignore") return ErrorPolicy::ignore;
  throw std::invalid_argument(
      fmt::format("error policy is \"{}\"; it must be raise, log or ignore", name));
}

namespace detail {

RunSettings checked_settings(const RunOptions& options, int workers, bool ordered, bool queue) {
  if (options.buffer_size < 0) {
    throw std::invalid_argument(
        fmt::format("buffer_size is {}; it must be 0 or more", options.buffer_size));
  }
  if (options.window && *options.window < 1) {
    throw std::invalid_argument(fmt::format("window is {}; it must be 1 or more", *options.window));
  }
  RunSettings settings;
  settings.buffer = static_cast<std::size_t>(options.buffer_size);
  const int ahead = queue ? RunOptions{}.buffer_size : options.buffer_size;
  settings.window = static_cast<std::size_t>(options.window.value_or(ahead + std::max(1, workers)));
  settings.by_need = queue;
  settings.ordered = ordered;
  settings.on_error = options.on_error;
  settings.on_abort = options.on_abort;
  settings.stop = options.stop;
  return settings;
}

StartCrew start_of(std::shared_ptr<Crew> crew) {
  return [crew = std::move(crew)](std::size_t) { return crew; };
}

RunAlone::RunAlone(ImapOptions&& given)
    : options{.buffer_size = given.buffer_size,
              .window = given.window,
              .on_error = given.on_error,
              .on_abort = std::move(given.on_abort),
              .stop = std::move(given.stop)},
      workers(checked_workers(given.workers)),
      start([workers = workers, initializer = std::move(given.initializer)](std::size_t items) {
        CrewOptions crew;
        crew.workers = static_cast<int>(std::min(static_cast<std::size_t>(workers), items));
        crew.initializer = initializer;
        return std::make_shared<Crew>(std::move(crew));
      }) {}

void check_limits(const GroupLimits& limits, bool fixed_parallelism, bool fixed_throttle) {
  const auto seconds = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  if (limits.parallelism && *limits.parallelism < 1) {
    throw std::invalid_argument(
        fmt::format("parallelism is {}; it must be 1 or more, or std::nullopt for no limit",
                    *limits.parallelism));
  }
  const Throttle& throttle = limits.throttle;
  if (throttle.least.count() < 0 || throttle.least > throttle.most) {
    throw std::invalid_argument(
        fmt::format("throttle is {} s to {} s; it must not be negative, nor end before it begins",
                    seconds(throttle.least), seconds(throttle.most)));
  }
  if (limits.rate &&
      !(limits.rate->count > 0 && limits.rate->per.count() > 0 && limits.rate->burst >= 1)) {
    throw std::invalid_argument(
        fmt::format("rate is {} each {} s with a burst of {}; it needs a count and a time above 0 "
                    "and a burst of 1 or more",
                    limits.rate->count, seconds(limits.rate->per), limits.rate->burst));
  }
  const bool several = limits.parallelism && *limits.parallelism > 1;
  if (fixed_parallelism && fixed_throttle && throttle.any() && several) {
    throw InvalidThrottleParallelism(fmt::format(
        "throttle is {} s and parallelism {}: a group that rests after each job runs them one by "
        "one; leave one of them out, or use rate() to space starts",
        seconds(throttle.least), *limits.parallelism));
  }
}

void check_parallelism(int computed) {
  if (computed >= 1) return;
  throw std::invalid_argument(fmt::format(
      "parallelism was computed as {}; it must be 1 or more, or std::nullopt for no limit",
      computed));
}

void check_rest(std::chrono::nanoseconds rest) {
  if (rest.count() >= 0) return;
  throw std::invalid_argument(fmt::format("throttle was computed as {} s; it must not be negative",
                                          std::chrono::duration<double>(rest).count()));
}

}  // namespace detail

}  // namespace distaff::inline v0

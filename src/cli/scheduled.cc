#include "cli/scheduled.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "engine/summary.h"
#include "os/event_loop.h"
#include "os/replace_file.h"
#include "os/signals.h"
#include "os/wall_clock.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostMetrics = std::size_t{1} << 20;
constexpr Duration kFirstLook = 10ms;
constexpr Duration kLaterLook = 250ms;

// A failure to write a file changes only what was not worse.
int with_failure(int status) { return status <= 1 ? 3 : status; }

tl::unexpected<Error> held(const CronSpec& spec) {
  std::string what = fmt::format("--lock {}: another run holds it", shell_quote(spec.lock));
  what += spec.lock_wait > Duration{0}
              ? fmt::format(", still after {}", format_duration(spec.lock_wait))
              : "; --lock-wait 10m would wait for its end";
  return fail(std::move(what), 75);
}

// USR1 asks, USR2 gives up; the other signals end us as if nothing were there, as nothing is.
Expected<bool> wait_for_lock(FileLocks& locks, const CronSpec& spec, const Startup& startup) {
  EventLoop loop;
  bool given_up = false;
  const SignalWatcher signals(loop, startup, {SIGUSR1, SIGUSR2}, [&](int signal, TimePoint) {
    given_up = given_up || signal == SIGUSR2;
    if (signal != SIGUSR1) return;
    std::fprintf(stderr, "distaff: nothing runs yet: waiting for --lock %s\n",
                 shell_quote(spec.lock).c_str());
  });
  const TimePoint until = EventLoop::now() + std::min<Duration>(spec.lock_wait, 24h * 36500);
  Duration look = kFirstLook;
  while (!given_up && EventLoop::now() < until) {
    loop.wait(std::min(until, EventLoop::now() + look));
    look = std::min(look * 2, kLaterLook);
    const auto taken = locks.take("run", spec.lock);
    if (!taken || *taken) return taken;
  }
  return false;
}

}  // namespace

Expected<Scheduled> Scheduled::begin(const RunSpec& spec, const Startup& startup) {
  Scheduled scheduled(spec.cron);
  scheduled.begun_ = EventLoop::now();
  if (const auto& at = spec.failure.deadline.at) {
    scheduled.deadline_ = instant_of(*at, time(nullptr));
  }
  if (const auto checked = scheduled.check_files(); !checked) {
    return tl::unexpected(checked.error());
  }
  if (spec.cron.lock.empty() && spec.group.mutex.empty()) return scheduled;
  auto locks = FileLocks::open();
  if (!locks) {
    const char* const option = spec.cron.lock.empty() ? "--mutex" : "--lock";
    return fail(fmt::format("{}: {}", option, locks.error().message));
  }
  scheduled.locks_.emplace(std::move(*locks));
  if (!spec.cron.lock.empty()) {
    const auto taken = scheduled.take_lock(startup);
    if (!taken) return tl::unexpected(taken.error());
  }
  // Only now: the run before us may have succeeded a moment ago.
  scheduled.begun_ = EventLoop::now();
  if (scheduled.metrics_) {
    scheduled.last_success_ = last_success_in(read_file(spec.cron.metrics, kMostMetrics));
  }
  return scheduled;
}

Expected<void> Scheduled::check_files() {
  if (!spec_.stamp.empty()) {
    const auto good = check_replaceable(spec_.stamp);
    if (!good) return fail("--stamp: " + good.error().message);
  }
  if (spec_.metrics.empty()) return {};
  const auto good = check_replaceable(spec_.metrics);
  if (!good) return fail("--metrics: " + good.error().message);
  const std::string there = read_file(spec_.metrics, kMostMetrics);
  if (!there.empty() && !is_metrics_text(there)) {
    return fail(
        fmt::format("--metrics: {} holds something else, which would be replaced; name "
                    "another file",
                    shell_quote(spec_.metrics)));
  }
  metrics_.emplace();
  last_success_ = last_success_in(there);
  return {};
}

Expected<void> Scheduled::take_lock(const Startup& startup) {
  auto taken = locks_->take("run", spec_.lock);
  if (taken && !*taken && spec_.lock_wait > Duration{0}) {
    taken = wait_for_lock(*locks_, spec_, startup);
  }
  if (!taken) return fail("--lock: " + taken.error().message);
  if (!*taken) return held(spec_);
  return {};
}

Expected<void> Scheduled::write_metrics(int status, std::uint64_t not_run) const {
  const Metrics::Run run{.exit_status = status,
                         .not_run = not_run,
                         .ended = unix_now(),
                         .took = EventLoop::now() - begun_,
                         .last_success = last_success_};
  return replace_file(spec_.metrics, metrics_->text(metrics_name(spec_.metrics), run));
}

int Scheduled::finish(int status, std::uint64_t not_run, std::string& messages) {
  const auto failed = [&](const char* option, Error error) {
    error.message = fmt::format("{}: {}", option, error.message);
    messages += last_words(error);
    status = with_failure(status);
  };
  if (!spec_.stamp.empty() && status == 0) {
    const auto touched = touch_file(spec_.stamp);
    if (!touched) failed("--stamp", touched.error());
  }
  if (metrics_) {
    const auto written = write_metrics(status, not_run);
    if (!written) failed("--metrics", written.error());
  }
  return status;
}

}  // namespace distaff

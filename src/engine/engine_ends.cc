// The second half of a job's way through Engine: what it writes, how its attempts end, and it.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "compose/command.h"
#include "engine/engine.h"
#include "model/request.h"
#include "schedule/retry.h"

namespace distaff {
namespace {

constexpr std::size_t kLongestShown = 1000;  // of a job's stdin

bool is_failure(const Outcome& outcome, const Policy& policy) {
  const bool has_status =
      outcome.kind == Outcome::Kind::exited || outcome.kind == Outcome::Kind::responded;
  return !has_status || !policy.ok.contains(outcome.value);
}

// Nothing was asked of the server, so its group has nothing to rest from.
bool was_refused(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::broken &&
         outcome.value == static_cast<int>(Outcome::Broken::refused);
}

}  // namespace

// ---- events

Intake Engine::room(JobId job, Stream stream) {
  const Intake intake = output_.room(job, stream);
  if (intake.most == 0) limits_.left_alone(job, true);
  return intake;
}

void Engine::on_moved(JobId job, Stream stream, std::size_t bytes) {
  take(job, [&] { output_.moved(job, stream, bytes); });
  wrote(job, stream, bytes);
}

void Engine::on_output(JobId job, Stream stream, std::string_view bytes) {
  take(job, [&] { output_.written(job, stream, bytes); });
  wrote(job, stream, bytes.size());
}

// Where there is no memory, a part of what the job wrote is gone.
template <class Act>
void Engine::take(JobId job, Act act) try {
  act();
} catch (const std::bad_alloc&) {
  lack_memory();
  lost_.insert(job);
}

void Engine::wrote(JobId job, Stream stream, std::size_t bytes) {
  if (reports_attempts_) bytes_[job][stream == Stream::out ? 0 : 1] += bytes;
  if (options_.failure.idle_timeout.count() > 0) limits_.wrote(job, parts_.waiter.now());
}

void Engine::on_end(JobId id, const Attempt& attempt) {
  now_ = parts_.waiter.now();
  auto node = running_.extract(id);
  Running& running = node.mapped();
  give_slot(running.slot);
  limits_.ended(id);
  ending_.erase(id);
  short_until_.reset();
  Attempt seen = as_we_see_it(running, attempt);
  if (lost_.contains(id)) seen.outcome = Outcome::cancelled("there was no memory for its output");
  if (running.hops) seen.usage.wall += running.hops->spent;
  const bool failed = is_failure(seen.outcome, groups_.policy(running.job));
  if (seen.response) bytes_fetched_ = bytes_fetched_.value_or(0) + seen.response->bytes;
  if (!failed) limits_.went_well(seen.usage.wall);
  auto rest = groups_.ended(running.job, seen, failed, now_);
  if (was_refused(seen.outcome)) rest = Duration{0};
  const bool again = may_try_again(running, seen, failed);
  if (!again) {
    with_memory(running.job,
                [&] { output_.ended(running.job, running.slot, seen, running.attempt); });
    ended(running, seen, failed, rest);
  }
  if (again || reports_attempts_) {
    closing_.emplace(id, Closing{std::move(running), seen, failed, again});
  }
}

// What a job makes of our signal is not how its work ended: a handler may well exit with status 0.
// One that had ended before it was told is what it is, unless Ctrl-C may have told it.
Attempt Engine::as_we_see_it(const Running& running, const Attempt& attempt) const {
  Attempt seen = attempt;
  if (!attempt.told && !(options_.hit_together && term_.begun())) return seen;
  if (running.over) {
    seen.outcome = {Outcome::Kind::timed_out, 0, {}};
    if (running.over->idle) {
      seen.outcome.reason = "no output for " + format_duration(running.over->limit);
    }
  } else if (term_.begun()) {
    seen.outcome = Outcome::cancelled(result_.deadline ? "ended because the deadline was reached"
                                                       : "ended because the run stopped");
  }
  return seen;
}

void Engine::on_closed(JobId job, bool kept_open) {
  --unclosed_;
  if (kept_open) {
    say(LogLevel::warn,
        fmt::format("job {} left a process behind that keeps its output open; what it writes "
                    "from now on is not read",
                    number(job)));
  }
  auto node = closing_.extract(job);
  if (!node.empty() && node.mapped().again) {
    if (!stopping_) return try_again(std::move(node.mapped()));
    const Closing& closing = node.mapped();
    output_.ended(closing.running.job, closing.running.slot, closing.attempt,
                  closing.running.attempt);
    ended(closing.running, closing.attempt, true, {});
  }
  if (node.empty()) return output_.closed(job);
  close(node.mapped());
}

// The job is over, and all its output has come.
void Engine::close(const Closing& closing) {
  const JobId job = closing.running.job.id;
  const bool wrote = bytes_.contains(job) || closing.running.attempt > 1;
  std::string note;
  with_memory(closing.running.job, [&] { note = report(closing, {}); });
  if (lost_.contains(job)) note.clear();
  output_.closed(job, std::move(note), wrote);
}

// ---- further attempts

std::optional<Duration> Engine::again_in(JobId id, const Attempt& attempt, int tries) {
  const Job& job = running_.at(id).job;
  if (stopping_ || tries > groups_.policy(job).retries ||
      !worth_another_try(options_.failure.retry_on, attempt.outcome)) {
    return std::nullopt;
  }
  ++retries_;
  const Duration delay = delay_after(options_.failure.retry_delay, tries, random_);
  return std::max(delay, groups_.pause_after(job, attempt));
}

bool Engine::may_try_again(const Running& running, const Attempt& attempt, bool failed) const {
  return failed && !stopping_ && running.job.problem.empty() && !attempt.once_only &&
         running.attempt <= groups_.policy(running.job).retries &&
         worth_another_try(options_.failure.retry_on, attempt.outcome);
}

// It keeps its place in its group and gives up its slot.  (If the run stops, it had its last try.)
void Engine::try_again(Closing closing) {
  const JobId id = closing.running.job.id;
  Duration wait = delay_after(options_.failure.retry_delay, closing.running.attempt, random_);
  if (!was_refused(closing.attempt.outcome)) {
    wait = std::max(wait, groups_.draw_rest(closing.running.job));
  }
  ++retries_;
  output_.try_again(id, closing.attempt, report(closing, wait));
  std::optional<std::string> home;
  if (closing.running.hops) home = std::move(closing.running.hops->home);
  auto last = std::make_unique<LastTry>(LastTry{std::move(closing.attempt), closing.running.slot});
  waiting_.emplace(id, Waiting{std::move(closing.running.job),
                               closing.running.read,
                               closing.running.attempt,
                               std::move(last),
                               {}});
  if (home) return wait_at_home(id, std::move(*home), now_ + wait);
  parts_.scheduler.retry(id, now_ + wait);
}

// ---- jobs of several requests

// Not an end, and not another try: it waits for its next request's turn.
void Engine::on_hop(JobId id, const Attempt& attempt, std::string_view url) {
  if (stopping_ || running_.at(id).over) {
    Attempt last = attempt;
    last.outcome = Outcome::cancelled("the run stopped before its next request");
    last.told = running_.at(id).over.has_value();
    on_end(id, last);
    return on_closed(id, false);
  }
  now_ = parts_.waiter.now();
  auto node = running_.extract(id);
  Running& running = node.mapped();
  give_slot(running.slot);
  limits_.ended(id);
  short_until_.reset();
  --unclosed_;
  const bool failed = attempt.again_in && !was_refused(attempt.outcome);
  const auto rest = groups_.ended(running.job, attempt, failed, now_);
  output_.try_again(id, attempt);
  if (!running.hops) running.hops = std::make_unique<Hops>();
  running.hops->spent += attempt.usage.wall;
  Job& job = running.job;
  if (attempt.again_in) {
    // The same request once more, as after a failed attempt.
    parts_.scheduler.retry(id, now_ + *attempt.again_in);
    waiting_.emplace(
        id,
        Waiting{std::move(job), running.read, running.attempt - 1, {}, std::move(running.hops)});
    return;
  }
  auto key = options_.key_of_hop ? options_.key_of_hop(job, url) : std::nullopt;
  if (key && key != job.key) {
    if (!running.hops->home) running.hops->home = job.key.value_or("");
    job.key = std::move(key);
  }
  parts_.scheduler.go_on(id, groups_.of(job), now_, rest);
  waiting_.emplace(
      id, Waiting{std::move(job), running.read, running.attempt - 1, {}, std::move(running.hops)});
}

// The scheduler would hold its place in the group where it was last.
void Engine::wait_at_home(JobId id, std::string home, TimePoint until) {
  parts_.scheduler.end(id, now_);
  Job& job = waiting_.at(id).job;
  job.key = home.empty() ? std::nullopt : std::optional(std::move(home));
  at_home_.emplace(until, id);
}

void Engine::schedule_those_at_home() {
  while (!at_home_.empty() && at_home_.begin()->first <= now_) {
    schedule(at_home_.begin()->second);
    at_home_.erase(at_home_.begin());
  }
}

// The journal's line about it.
std::string Engine::report(const Closing& closing, std::optional<Duration> again_in) {
  if (!reports_attempts_) return {};
  const Running& running = closing.running;
  const auto bytes = bytes_.extract(running.job.id);
  const AttemptReport report{running.job,
                             running.attempt,
                             running.slot,
                             closing.attempt,
                             closing.failed,
                             again_in,
                             running.read,
                             running.since,
                             bytes.empty() ? std::array<std::uint64_t, 2>{} : bytes.mapped(),
                             running.launch.get(),
                             parts_.collator != nullptr};
  for (Observer* observer : parts_.observers) {
    if (observer->wants_attempts()) observer->on_attempt(report, now_);
  }
  return parts_.journal == nullptr ? std::string() : parts_.journal->line(report);
}

// ---- ends

// A job has ended for good, whether it ever ran or not.
void Engine::ended(const Running& running, const Attempt& attempt, bool failed,
                   std::optional<Duration> rest) {
  parts_.scheduler.end(running.job.id, now_, rest);
  if (parts_.mutexes != nullptr) {
    if (const auto next = parts_.mutexes->ended(running.job.id)) schedule(*next);
  }
  count(running, attempt, failed);
  if (stopping_) return;
  const HaltWatch::Verdict verdict = halt_.end(failed);
  if (verdict != HaltWatch::Verdict::go_on) summary_.stopped();
  if (verdict == HaltWatch::Verdict::kill) kill();
  if (verdict == HaltWatch::Verdict::stop) stop();
}

void Engine::count(const Running& running, const Attempt& attempt, bool failed) {
  const Job& job = running.job;
  const Outcome& outcome = attempt.outcome;
  std::string command;
  if (outcome.kind == Outcome::Kind::cancelled && halt_.stopped_as_asked()) {
    summary_.not_run(1);
  } else if (failed) {
    with_memory(job, [&] { command = command_of(job, running.slot); });
    summary_.failed(outcome);
    if (summary_.names(job.id)) summary_.name(job.id, attempt, command, running.attempt);
  } else {
    summary_.succeeded();
  }
  for (Observer* observer : parts_.observers) {
    with_memory(job, [&] { observer->on_end(job, attempt, failed, command, now_); });
  }
}

// Made again from the job: cheaper than keeping it for every job that runs.
std::string Engine::command_of(const Job& job, Slot slot) const {
  if (!job.problem.empty()) return {};
  auto launch = parts_.command.build(view_of(job, slot));
  if (!launch) return {};
  if (launch->request) return request_line(*launch->request);
  // A long text for stdin, which comes first, would be all that is seen of it.
  if (launch->stdin_text && launch->stdin_text->size() > kLongestShown) launch->stdin_text.reset();
  if (launch->stdin_batch && launch->stdin_batch->bytes() > kLongestShown) {
    launch->stdin_batch.reset();
  }
  return paste(*launch);
}

}  // namespace distaff

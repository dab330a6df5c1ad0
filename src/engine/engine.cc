#include "engine/engine.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "schedule/retry.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSecondSignal = 100ms;
constexpr Duration kShortagePause = 100ms;
constexpr Duration kShortageLimit = 30s;
constexpr int kMostWaits = 10'000;     // for the rest of the input: 600 MB without a record
constexpr int kMostSkipped = 1000;     // jobs in one turn
constexpr Duration kOutputGrace = 5s;  // after a signal, for a reader that does not read

// What a shell's exit status says of a program that could not be run.
int program_status(int error) { return error == ENOENT || error == ENOTDIR ? 127 : 126; }

template <class T>
void keep_earlier(std::optional<T>& earliest, const std::optional<T>& other) {
  if (other && (!earliest || *other < *earliest)) earliest = other;
}

}  // namespace

Engine::Engine(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      output_({parts_.collator, parts_.sink, parts_.executor, parts_.rows, parts_.results,
               parts_.journal},
              options_.result_path),
      groups_({options_.keyed, options_.limited}, parts_.scheduler, parts_.pacing),
      halt_(options_.failure.on_error, options_.failure.halt),
      term_(options_.failure.term_seq),
      summary_(options_.failure.on_error == OnError::ignore),
      limits_(options_.failure.idle_timeout),
      random_(options_.seed) {
  for (const Observer* observer : parts_.observers) {
    reports_attempts_ = reports_attempts_ || observer->wants_attempts();
  }
}

RunResult Engine::run() {
  now_ = parts_.waiter.now();
  if (options_.deadline) deadline_ = now_ + *options_.deadline;
  while (true) {
    turn();
    if (finished()) break;
    parts_.waiter.wait(wake_at(), input_waits_ && may_start());
    now_ = parts_.waiter.now();
  }
  output_.end();
  write_out();
  say_what_was_skipped();
  tick(true);
  check_files();
  result_.some_failed =
      !halt_.stopped_as_asked() &&
      (summary_.failures() > 0 || summary_.not_run() > 0 || summary_.left_unread());
  parts_.sink.settle();
  if (wants_block()) parts_.sink.say(summary_.block());
  write_out();
  if (result_.error) {
    parts_.sink.say(last_words(*result_.error));
    write_out();
  }
  return result_;
}

// Nothing about jobs where our reader went away, or where the program cannot be run at all: that
// is said, and is not the jobs' fault.  Nothing either where all went as asked.
bool Engine::wants_block() const {
  if (halt_.stopped_as_asked() && summary_.failures() == 0) return false;
  return parts_.sink.condition() != ByteSink::Condition::reader_gone &&
         (result_.program_status == 0 || started_ > 0);
}

// Waits until everything is out; after a signal not for ever.
void Engine::write_out() {
  while (true) {
    output_.flow(now_);
    parts_.sink.flush();
    check_sink();
    if (output_.is_idle() && parts_.sink.pending() == 0) return;
    if (parts_.sink.condition() != ByteSink::Condition::good) return;
    std::optional<TimePoint> until;
    if (signalled_at_) until = *signalled_at_ + kOutputGrace;
    if (killed_ || (until && now_ >= *until)) return;
    if (output_.has_more()) until = now_;
    parts_.waiter.wait(until, false);
    now_ = parts_.waiter.now();
  }
}

void Engine::turn() {
  check_sink();
  if (deadline_ && now_ >= *deadline_) on_deadline();
  end_what_had_its_time();
  while (const auto signal = term_.due(now_)) parts_.executor.signal_all(*signal);
  // New jobs first: they run while the output of those before them is written.
  if (may_start()) fill();
  // At once: none of them may keep the turn from a job whose pipes are left alone.
  if (stopping_) end_waiting_jobs();
  pass_output();
  for (const std::string& text : groups_.take_messages()) say(LogLevel::warn, text);
  groups_.forget(now_);
  tick(false);
}

bool Engine::may_start() const { return !stopping_ && !stalled_; }

// ---- starting

void Engine::fill() {
  if (parts_.mutexes != nullptr) {
    for (const JobId id : parts_.mutexes->due(now_)) schedule(id);
  }
  input_waits_ = false;
  skipped_in_turn_ = 0;
  held_up_ = output_.is_full();
  if (held_up_) return start_the_one();
  while (start_jobs() && !input_ended_ && !stopping_ && parts_.scheduler.wants_more(now_)) {
    if (parts_.mutexes != nullptr && !parts_.mutexes->has_room()) return;
    if (!read_some() || skipped_in_turn_ >= kMostSkipped) return;
  }
}

// No more output can be held back.  Only the job may start for whose output all others wait, and
// where those hold every slot, beyond them.
void Engine::start_the_one() {
  const JobId id = output_.turn();
  if (!waiting_.contains(id) || in_shortage()) return;
  now_ = parts_.waiter.now();
  if (parts_.scheduler.pick_this(id, now_) && has_mutex(id)) start(id);
}

bool Engine::in_shortage() {
  if (short_until_ && now_ < *short_until_) return true;
  short_until_.reset();
  return false;
}

// False during a shortage.
bool Engine::start_jobs() {
  if (in_shortage()) return false;
  while (!stopping_) {
    // Reading and starting take time, and rests, delays and rates count from what really was.
    now_ = parts_.waiter.now();
    const auto id = parts_.scheduler.pick(now_);
    if (!id) return true;
    if (!has_mutex(*id)) continue;
    start(*id);
    if (short_until_) return false;
  }
  return true;
}

// Of a job that was picked; else it is not picked any more, and waits outside the scheduler.
bool Engine::has_mutex(JobId id) {
  if (parts_.mutexes == nullptr) return true;
  const auto taken = parts_.mutexes->take(id, now_);
  if (!taken) waiting_.at(id).job.problem = "--mutex: " + taken.error().message;
  if (!taken || *taken) return true;
  parts_.scheduler.put_back(id);
  parts_.scheduler.drop(id);
  return false;
}

void Engine::start(JobId id) {
  auto node = waiting_.extract(id);
  Waiting& waiting = node.mapped();
  Running running{std::move(waiting.job), take_slot(), now_, waiting.read, waiting.tries + 1, {}};
  const Job& job = running.job;
  groups_.starts(job);
  const auto prepared = prepare_output(job, running.slot);
  if (!job.problem.empty()) {
    return could_not_start(std::move(running), Outcome::not_started(0, job.problem), false);
  }
  auto launch = parts_.command.build({job.records, job.id, running.slot});
  if (!launch) {
    return could_not_start(std::move(running), Outcome::not_started(0, launch.error().message),
                           false);
  }
  if (!prepared) {
    return could_not_start(std::move(running), Outcome::not_started(0, prepared.error().message),
                           false);
  }
  if (options_.trace) parts_.sink.say(paste(*launch) + "\n");
  prepare_environment(running, *launch);
  auto started = parts_.executor.start(id, *launch);
  const bool fixed_program = launch->fixed_program;
  if (reports_attempts_) running.launch = std::make_unique<Launch>(std::move(*launch));
  if (started.start == Executor::Start::shortage) {
    return take_shortage(std::move(running), std::move(waiting.last), started.failure.reason);
  }
  if (started.start == Executor::Start::failed) {
    return could_not_start(std::move(running), started.failure, fixed_program);
  }
  ++started_;
  ++unclosed_;
  short_since_.reset();
  std::string tag;
  if (options_.tag) tag = options_.tag->expand({job.records, id, running.slot}).value_or("");
  const Policy& policy = groups_.policy(job);
  output_.started(id, std::move(tag), running.attempt <= policy.retries);
  limits_.started(id, policy.timeout, now_);
  for (Observer* observer : parts_.observers) observer->on_start(job, running.slot, now_);
  running_.emplace(id, std::move(running));
}

Expected<void> Engine::prepare_output(const Job& job, Slot slot) {
  auto prepared = output_.prepare(job, slot);
  if (!prepared && prepared.error().status == 3) {
    if (!result_.error) result_.error = prepared.error();
    kill();
  }
  return prepared;
}

void Engine::prepare_environment(const Running& running, Launch& launch) const {
  const Job& job = running.job;
  launch.env.push_back(fmt::format("DISTAFF_SEQ={}", number(job.id)));
  launch.env.push_back(fmt::format("DISTAFF_SLOT={}", running.slot));
  launch.env.push_back(fmt::format("DISTAFF_ATTEMPT={}", running.attempt));
  launch.env.push_back("DISTAFF_RUN=" + options_.run_id);
  if (job.key) launch.env.push_back("DISTAFF_GROUP=" + *job.key);
}

// Out of processes or descriptors: the job is again the next of its group.  When something of ours
// ends there will be room; if nothing of ours runs, others hold it all, and we try again for a
// while.
void Engine::take_shortage(Running running, std::unique_ptr<LastTry> last,
                           const std::string& what) {
  const JobId id = running.job.id;
  give_slot(running.slot);
  if (!last) output_.drop(id);
  groups_.put_back(running.job);
  parts_.scheduler.put_back(id);
  waiting_.emplace(
      id, Waiting{std::move(running.job), running.read, running.attempt - 1, std::move(last)});
  if (!short_since_) {
    short_since_ = now_;
    say(LogLevel::info, fmt::format("{}: waiting for room to start job {}", what, number(id)));
  }
  short_until_ = now_ + kShortagePause;
  if (unclosed_ == 0 && now_ - *short_since_ >= kShortageLimit) {
    result_.error = Error{fmt::format("cannot start any job for 30s: {}", what), 3};
    stop();
  }
}

void Engine::could_not_start(Running running, const Outcome& outcome, bool fixed_program) {
  give_slot(running.slot);
  const Attempt attempt{outcome, {}};
  const bool hopeless = fixed_program && outcome.value != 0;
  Closing closing{std::move(running), attempt, true};
  closing.again = !hopeless && may_try_again(closing.running, attempt, true);
  groups_.put_back(closing.running.job);  // nothing ran, so its group has nothing to rest from
  if (closing.again) {
    return try_again(std::move(closing));
  }
  output_.ended(closing.running.job, closing.running.slot, attempt, closing.running.attempt - 1);
  ended(closing.running, attempt, true, Duration{0});
  close(closing);
  if (hopeless && result_.program_status == 0) {
    result_.program_status = program_status(outcome.value);
    const bool found = result_.program_status != 127;
    result_.error = Error{outcome.reason + (found ? std::string() : options_.not_found_advice),
                          result_.program_status};
    stop();
  }
}

// ---- input

// Reads until there is a job, and no further.  False: nothing to be had now.
bool Engine::read_some() {
  Record record;
  while (true) {
    switch (parts_.source.next(record)) {
      case Source::Next::record:
        ++records_;
        parts_.builder.add(std::move(record));
        break;
      case Source::Next::wait:
        input_waits_ = true;
        return false;
      case Source::Next::failed:
        result_.error = parts_.source.error();
        stop();
        return false;
      case Source::Next::end:
        input_ended_ = true;
        parts_.builder.finish();
        queue_jobs();
        return true;
    }
    if (queue_jobs()) return true;
  }
}

// True if there was a complete one.
bool Engine::queue_jobs() {
  if (!parts_.builder.has_job() && !input_ended_) return false;
  while (auto job = parts_.builder.pop()) queue(std::move(*job));
  const std::string warning = parts_.source.take_warning();
  if (!warning.empty()) say(LogLevel::warn, warning);
  if (parts_.resume == nullptr) return true;
  for (std::string change; !(change = parts_.resume->take_warning()).empty();) {
    say(LogLevel::warn, change);
  }
  return true;
}

// A job that was done before has its number, and that is all.
bool Engine::skip(Job& job) {
  if (parts_.resume == nullptr || !parts_.resume->skips(job)) return false;
  ++skipped_in_turn_;
  summary_.skipped();
  output_.closed(job.id);
  return true;
}

void Engine::say_what_was_skipped() {
  if (parts_.resume == nullptr) return;
  if (const std::string more = parts_.resume->last_warning(); !more.empty()) {
    say(LogLevel::warn, more);
  }
  if (summary_.skipped_jobs() == 0) return;
  say(LogLevel::info, fmt::format("{} of the jobs were done before and are not run again",
                                  summary_.skipped_jobs()));
}

void Engine::queue(Job job) {
  if (skip(job)) return;
  bool first = true;
  if (parts_.mutexes != nullptr && job.problem.empty()) {
    const auto added = parts_.mutexes->add(job);
    if (!added) job.problem = "--mutex: " + added.error().message;
    first = !added || *added;
  }
  const JobId id = job.id;
  if (options_.keyed && !job.key) {
    summary_.without_key();
    // Most likely none will have one: better said before they have all run at once.
    if (number(id) == 1 && job.problem.empty()) {
      say(LogLevel::warn, fmt::format("job 1, '{}', has no key, so nothing but --jobs limits it{}",
                                      printable(job.records[0].text, 60), options_.no_key_advice));
    }
  }
  waiting_.emplace(id, Waiting{std::move(job), now_});
  if (first) schedule(id);
}

void Engine::schedule(JobId id) {
  const Job& job = waiting_.at(id).job;
  parts_.scheduler.add(id, groups_.of(job), job.records.size(), job.memory());
}

// ---- events

Intake Engine::room(JobId job, Stream stream) {
  const Intake intake = output_.room(job, stream);
  if (intake.most == 0) limits_.left_alone(job, true);
  return intake;
}

void Engine::on_moved(JobId job, Stream stream, std::size_t bytes) {
  output_.moved(job, stream, bytes);
  wrote(job, stream, bytes);
}

void Engine::on_output(JobId job, Stream stream, std::string_view bytes) {
  output_.written(job, stream, bytes);
  wrote(job, stream, bytes.size());
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
  const Attempt seen = as_we_see_it(running, attempt);
  const Outcome& outcome = seen.outcome;
  const bool failed = outcome.kind != Outcome::Kind::exited ||
                      !groups_.policy(running.job).ok.contains(outcome.value);
  if (!failed) limits_.went_well(seen.usage.wall);
  const auto rest = groups_.ended(running.job, outcome, failed, now_);
  const bool again = may_try_again(running, seen, failed);
  if (!again) {
    output_.ended(running.job, running.slot, seen, running.attempt);
    ended(running, seen, failed, rest);
  }
  if (again || reports_attempts_) {
    closing_.emplace(id, Closing{std::move(running), seen, failed, again});
  }
}

// The signal was ours.
Attempt Engine::as_we_see_it(const Running& running, const Attempt& attempt) const {
  Attempt seen = attempt;
  if (running.over) {
    seen.outcome = {Outcome::Kind::timed_out, 0, {}};
    if (running.over->idle) {
      seen.outcome.reason = "no output for " + format_duration(running.over->limit);
    }
  } else if (term_.begun() && seen.outcome.kind == Outcome::Kind::signalled) {
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
  std::string note = report(closing, {});
  output_.closed(job, std::move(note), wrote);
}

// ---- further attempts

bool Engine::may_try_again(const Running& running, const Attempt& attempt, bool failed) const {
  return failed && !stopping_ && running.job.problem.empty() &&
         running.attempt <= groups_.policy(running.job).retries &&
         worth_another_try(options_.failure.retry_on, attempt.outcome);
}

// It keeps its place in its group and gives up its slot.  (If the run stops, it had its last try.)
void Engine::try_again(Closing closing) {
  const JobId id = closing.running.job.id;
  const Duration wait = delay_after(options_.failure.retry_delay, closing.running.attempt, random_);
  ++retries_;
  output_.try_again(id, report(closing, wait));
  parts_.scheduler.retry(id, now_ + wait);
  auto last = std::make_unique<LastTry>(LastTry{std::move(closing.attempt), closing.running.slot});
  waiting_.emplace(id, Waiting{std::move(closing.running.job), closing.running.read,
                               closing.running.attempt, std::move(last)});
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
    command = command_of(job, running.slot);
    summary_.failed(outcome);
    if (summary_.names(job.id)) summary_.name(job.id, attempt, command, running.attempt);
  } else {
    summary_.succeeded();
  }
  for (Observer* observer : parts_.observers) {
    observer->on_end(job, attempt, failed, command, now_);
  }
}

// Made again from the job: cheaper than keeping it for every job that runs.
std::string Engine::command_of(const Job& job, Slot slot) const {
  if (!job.problem.empty()) return {};
  const auto launch = parts_.command.build({job.records, job.id, slot});
  if (!launch) return {};
  return launch->shown.empty() ? paste(*launch) : launch->shown;
}

// ---- stopping

void Engine::on_signal(int signal) {
  now_ = parts_.waiter.now();
  if (signalled_at_) {
    if (now_ - *signalled_at_ < kSecondSignal) return;
    killed_ = true;
    term_.kill_now(now_);
    return;
  }
  signalled_at_ = now_;
  result_.signal = signal;
  kill();
}

// Whether anything is left is asked of the input once more: nothing is read ahead without need, so
// its end may just not have been seen.
void Engine::finish_early() {
  if (stopping_) return;
  now_ = parts_.waiter.now();
  Record record;
  if (!input_ended_ && parts_.builder.pending() == 0) {
    const Source::Next next = parts_.source.next(record);
    input_ended_ = next == Source::Next::end;
    if (next == Source::Next::failed) result_.error = parts_.source.error();
  }
  finishing_early_ = true;
  summary_.finished_early(!input_ended_);
  stop();
}

void Engine::on_deadline() {
  if (result_.deadline || finished()) return;
  now_ = parts_.waiter.now();
  deadline_.reset();
  result_.deadline = true;
  say(LogLevel::warn, "the deadline was reached");
  kill();
}

void Engine::end_what_had_its_time() {
  for (const TimeLimits::Over& over : limits_.take_over(now_)) {
    running_.at(over.job).over = over;
    ending_.emplace(over.job, options_.failure.term_seq).first->second.begin(now_);
  }
  for (auto& [job, sequence] : ending_) {
    while (const auto signal = sequence.due(now_)) parts_.executor.signal(job, *signal);
  }
}

void Engine::on_abandoned() {
  now_ = parts_.waiter.now();
  if (!signalled_at_) signalled_at_ = now_;
  if (result_.signal == 0) result_.signal = SIGKILL;
  killed_ = true;
  stop();
  term_.kill_now(now_);
}

void Engine::stop() { stopping_ = true; }

void Engine::kill() {
  stop();
  term_.begin(now_);
}

void Engine::check_sink() {
  switch (parts_.sink.condition()) {
    case ByteSink::Condition::good:
      break;
    case ByteSink::Condition::reader_gone:
      if (result_.signal == 0) result_.signal = SIGPIPE;
      return kill();
    case ByteSink::Condition::failed:
      if (!result_.error) result_.error = Error{parts_.sink.failure(), 3};
      return kill();
  }
  if (const std::string failure = output_.failure(); !failure.empty()) {
    if (!result_.error) result_.error = Error{failure, 3};
    return kill();
  }
  check_files();
  const std::size_t pending = parts_.sink.pending();
  stalled_ = pending > (stalled_ ? options_.stalled_bytes / 4 : options_.stalled_bytes);
}

// What runs ends by itself: it does no harm, and may have taken hours.
void Engine::check_files() {
  for (const Observer* observer : parts_.observers) {
    const std::string_view failure = observer->failure();
    if (failure.empty()) continue;
    if (!result_.error) result_.error = Error{std::string(failure), 3};
    return stop();
  }
}

void Engine::pass_output() {
  output_.flow(now_);
  if (term_.begun() && running_.empty() && unclosed_ > 0) {
    output_.take_the_last();
    output_.flow(now_);
  }
  for (std::string warning; !(warning = output_.take_warning()).empty();) {
    say(LogLevel::warn, warning);
  }
}

// The run is over: what was read and not started never will be.
void Engine::end_waiting_jobs() {
  if (std::exchange(waiting_ended_, true)) return;
  std::uint64_t jobs = 0;
  if (parts_.mutexes != nullptr) {
    for (const JobId id : parts_.mutexes->drain()) {
      give_up(waiting_.extract(id).mapped().job);
      output_.closed(id);
      ++jobs;
    }
  }
  for (const JobId id : parts_.scheduler.drain()) {
    Waiting waiting = std::move(waiting_.extract(id).mapped());
    if (waiting.last) {
      end_after_last_try(std::move(waiting));
    } else {
      give_up(waiting.job);
      ++jobs;
    }
    output_.closed(id);
  }
  if (parts_.builder.pending() > 0) ++jobs;
  summary_.not_run(jobs);
  const bool all_read = input_ended_ || (options_.read_rest && read_rest());
  parts_.builder.finish();
  give_up_built();
  if (all_read) return;
  for (Observer* observer : parts_.observers) observer->on_input_left();
}

void Engine::give_up(const Job& job) {
  for (Observer* observer : parts_.observers) observer->on_not_run(job);
}

void Engine::give_up_built() {
  while (auto job = parts_.builder.pop()) {
    if (parts_.resume == nullptr || !parts_.resume->skips(*job)) give_up(*job);
  }
}

// Of files, which make nobody wait.  False: it could not be read to its end.
bool Engine::read_rest() {
  Record record;
  for (int waits = 0; waits < kMostWaits;) {
    switch (parts_.source.next(record)) {
      case Source::Next::record:
        parts_.builder.add(std::move(record));
        give_up_built();
        waits = 0;
        break;
      case Source::Next::wait:
        ++waits;
        break;
      case Source::Next::failed:
        return false;
      case Source::Next::end:
        return true;
    }
  }
  return false;
}

// There will be no other: how it ended is how the job ended.
void Engine::end_after_last_try(Waiting waiting) {
  const Running running{std::move(waiting.job), waiting.last->slot, {}, {}, waiting.tries, {}};
  output_.ended(running.job, running.slot, waiting.last->attempt, running.attempt);
  count(running, waiting.last->attempt, true);
}

bool Engine::finished() const {
  if (!running_.empty() || unclosed_ > 0) return false;
  if (stopping_) return true;
  return input_ended_ && waiting_.empty();
}

// ---- the rest

std::optional<TimePoint> Engine::wake_at() {
  // There is room again since fill(), and perhaps nothing else that would wake us.
  if (may_start() && held_up_ && !output_.is_full()) return now_;
  if (may_start() && skipped_in_turn_ >= kMostSkipped) return now_;
  std::optional<TimePoint> earliest = term_.wake_at();
  keep_earlier(earliest, deadline_);
  keep_earlier(earliest, limits_.wake_at());
  for (const auto& [job, sequence] : ending_) keep_earlier(earliest, sequence.wake_at());
  if (may_start()) keep_earlier(earliest, next_start());
  if (may_start() && parts_.mutexes != nullptr) keep_earlier(earliest, parts_.mutexes->wake_at());
  keep_earlier(earliest, output_.wake_at(now_));
  for (const Observer* observer : parts_.observers) keep_earlier(earliest, observer->next_tick());
  return earliest;
}

std::optional<TimePoint> Engine::next_start() {
  if (!output_.is_full()) {
    return short_until_ ? short_until_ : parts_.scheduler.wake_at(now_);
  }
  const auto when = parts_.scheduler.wake_at_this(output_.turn(), now_);
  return when && short_until_ ? std::max(when, short_until_) : when;
}

void Engine::tick(bool last) {
  RunCounts counts;
  bool counted = false;
  for (Observer* observer : parts_.observers) {
    const auto when = observer->next_tick();
    if (!last && (!when || *when > now_)) continue;
    if (!counted) {
      counted = true;
      counts = {.records = records_,
                .started = started_,
                .done = summary_.ended(),
                .failed = summary_.failures(),
                .retries = retries_,
                .waiting = parts_.scheduler.waiting() + for_mutex(),
                .resting_groups = parts_.scheduler.resting_groups(now_),
                .running = static_cast<int>(running_.size()),
                .skipped = summary_.skipped_jobs(),
                .not_run = summary_.not_run(),
                .total = options_.total,
                .oldest = oldest()};
      if (counts.total) *counts.total -= std::min(*counts.total, counts.skipped);
    }
    observer->tick(counts, now_, last);
  }
}

std::size_t Engine::for_mutex() const {
  return parts_.mutexes == nullptr ? 0 : parts_.mutexes->waiting();
}

std::string Engine::status() {
  now_ = parts_.waiter.now();
  Status status{.done = summary_.ended(),
                .failed = summary_.failures(),
                .waiting = parts_.scheduler.waiting() + for_mutex(),
                .for_retry = parts_.scheduler.retrying(),
                .for_mutex = for_mutex(),
                .all_running = running_.size(),
                .all_held = parts_.scheduler.resting_groups(now_)};
  if (parts_.mutexes != nullptr) status.for_others = parts_.mutexes->waiting_for_others();
  for (const Running* running : oldest_first(Status::kNamed)) {
    status.running.push_back({running->job.id, running->attempt, now_ - running->since,
                              command_of(running->job, running->slot)});
  }
  for (const auto& held : parts_.scheduler.held_groups(now_, Status::kNamed)) {
    status.held.push_back(describe(held));
  }
  status.note = note();
  return to_text(status);
}

Status::Held Engine::describe(const Scheduler::Held& held) const {
  Status::Held group{.key = groups_.key(held.group)};
  if (held.until < TimePoint::max()) group.starts_in = held.until - now_;
  if (held.why == Scheduler::Held::Why::pause) group.why = groups_.why_paused(held.group);
  if (!group.why.empty()) return group;
  constexpr std::string_view kWords[] = {"rest", "pause after an outcome", "rate"};
  group.why = kWords[static_cast<int>(held.why)];
  return group;
}

// What keeps the run as a whole from starting more.
std::string Engine::note() const {
  if (term_.begun()) return "jobs are being ended";
  if (finishing_early_) return "finishing what runs";
  if (stopping_) return "nothing more is started";
  if (stalled_) return "waiting for the reader of the output";
  if (short_until_) return "waiting for room to start a job";
  if (output_.is_full()) return "no more output can be held back";
  if (input_waits_) return "waiting for input";
  return {};
}

std::vector<const Engine::Running*> Engine::oldest_first(std::size_t most) const {
  std::vector<const Running*> jobs;
  jobs.reserve(running_.size());
  for (const auto& [id, running] : running_) jobs.push_back(&running);
  const auto middle = jobs.begin() + static_cast<std::ptrdiff_t>(std::min(most, jobs.size()));
  std::partial_sort(jobs.begin(), middle, jobs.end(), [](const Running* a, const Running* b) {
    return std::tie(a->since, a->job.id) < std::tie(b->since, b->job.id);
  });
  jobs.erase(middle, jobs.end());
  return jobs;
}

// Looked for when asked, a few times a second: cheaper than an order kept for every job.
std::optional<RunningJob> Engine::oldest() const {
  const Running* oldest = nullptr;
  for (const auto& [id, running] : running_) {
    if (oldest == nullptr ||
        std::tie(running.since, running.job.id) < std::tie(oldest->since, oldest->job.id)) {
      oldest = &running;
    }
  }
  if (oldest == nullptr) return std::nullopt;
  return RunningJob{&oldest->job, oldest->since};
}

void Engine::say(LogLevel level, std::string_view text) {
  for (Observer* observer : parts_.observers) observer->on_message(level, text);
}

Slot Engine::take_slot() {
  if (free_slots_.empty()) return next_slot_++;
  const Slot slot = free_slots_.top();
  free_slots_.pop();
  return slot;
}

void Engine::give_slot(Slot slot) { free_slots_.push(slot); }

}  // namespace distaff

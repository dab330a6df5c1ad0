#include "engine/engine.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSecondSignal = 100ms;
constexpr Duration kShortagePause = 100ms;
constexpr Duration kShortageLimit = 30s;
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
      output_({parts_.collator, parts_.sink, parts_.executor, parts_.rows, parts_.results},
              options_.result_path),
      groups_({options_.keyed, options_.limited}, parts_.scheduler, parts_.pacing),
      halt_(options_.failure.on_error, options_.failure.halt),
      term_(options_.failure.term_seq),
      summary_(options_.failure.on_error == OnError::ignore) {}

RunResult Engine::run() {
  now_ = parts_.waiter.now();
  while (true) {
    turn();
    if (finished()) break;
    parts_.waiter.wait(wake_at(), input_waits_ && may_start());
    now_ = parts_.waiter.now();
  }
  output_.end();
  write_out();
  tick(true);
  result_.some_failed =
      !halt_.stopped_as_asked() && (summary_.failures() > 0 || summary_.not_run() > 0);
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
  while (const auto signal = term_.due(now_)) parts_.executor.signal_all(*signal);
  // New jobs first: they run while the output of those before them is written.
  if (may_start()) fill();
  // At once: none of them may keep the turn from a job whose pipes are left alone.
  if (stopping_) end_waiting_jobs();
  pass_output();
  groups_.forget(now_);
  tick(false);
}

bool Engine::may_start() const { return !stopping_ && !stalled_; }

// ---- starting

void Engine::fill() {
  input_waits_ = false;
  held_up_ = output_.is_full();
  if (held_up_) return start_the_one();
  while (start_jobs() && !input_ended_ && !stopping_ && parts_.scheduler.wants_more(now_)) {
    if (!read_some()) return;
  }
}

// No more output can be held back.  Only the job may start for whose output all others wait, and
// where those hold every slot, beyond them.
void Engine::start_the_one() {
  const JobId id = output_.turn();
  if (!waiting_.contains(id) || in_shortage()) return;
  now_ = parts_.waiter.now();
  if (parts_.scheduler.pick_this(id, now_)) start(id);
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
    start(*id);
    if (short_until_) return false;
  }
  return true;
}

void Engine::start(JobId id) {
  auto node = waiting_.extract(id);
  Running running{std::move(node.mapped()), take_slot()};
  const Job& job = running.job;
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
  prepare_environment(job, running.slot, *launch);
  auto started = parts_.executor.start(id, *launch);
  if (started.start == Executor::Start::shortage) {
    return take_shortage(std::move(running), started.failure.reason);
  }
  if (started.start == Executor::Start::failed) {
    return could_not_start(std::move(running), started.failure, launch->fixed_program);
  }
  ++started_;
  ++unclosed_;
  short_since_.reset();
  std::string tag;
  if (options_.tag) tag = options_.tag->expand({job.records, id, running.slot}).value_or("");
  output_.started(id, std::move(tag));
  for (Observer* observer : parts_.observers) observer->on_start(job, running.slot, now_);
  running.since = now_;
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

void Engine::prepare_environment(const Job& job, Slot slot, Launch& launch) const {
  launch.env.push_back(fmt::format("DISTAFF_SEQ={}", number(job.id)));
  launch.env.push_back(fmt::format("DISTAFF_SLOT={}", slot));
  launch.env.emplace_back("DISTAFF_ATTEMPT=1");
  launch.env.push_back("DISTAFF_RUN=" + options_.run_id);
  if (job.key) launch.env.push_back("DISTAFF_GROUP=" + *job.key);
}

// Out of processes or descriptors: the job is again the next of its group.  When something of ours
// ends there will be room; if nothing of ours runs, others hold it all, and we try again for a
// while.
void Engine::take_shortage(Running running, const std::string& what) {
  const JobId id = running.job.id;
  give_slot(running.slot);
  output_.drop(id);
  parts_.scheduler.put_back(id);
  waiting_.emplace(id, std::move(running.job));
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
  const JobId id = running.job.id;
  give_slot(running.slot);
  output_.ended(running.job, running.slot, {outcome, {}}, 0);
  ended(running.job, running.slot, {outcome, {}}, false);
  output_.closed(id);
  if (fixed_program && outcome.value != 0 && result_.program_status == 0) {
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
  return true;
}

void Engine::queue(Job job) {
  const auto group = groups_.of(job);
  parts_.scheduler.add(job.id, group, job.records.size(), job.memory());
  const JobId id = job.id;
  if (options_.keyed && !job.key) {
    summary_.without_key();
    // Most likely none will have one: better said before they have all run at once.
    if (number(id) == 1 && job.problem.empty()) {
      say(LogLevel::warn, fmt::format("job 1, '{}', has no key, so nothing but --jobs limits it{}",
                                      printable(job.records[0].text, 60), options_.no_key_advice));
    }
  }
  waiting_.emplace(id, std::move(job));
}

// ---- events

Intake Engine::room(JobId job, Stream stream) { return output_.room(job, stream); }

void Engine::on_moved(JobId job, Stream stream, std::size_t bytes) {
  output_.moved(job, stream, bytes);
}

void Engine::on_output(JobId job, Stream stream, std::string_view bytes) {
  output_.written(job, stream, bytes);
}

void Engine::on_end(JobId id, const Attempt& attempt) {
  now_ = parts_.waiter.now();
  auto node = running_.extract(id);
  const Running& running = node.mapped();
  give_slot(running.slot);
  Attempt seen = attempt;
  if (term_.begun() && seen.outcome.kind == Outcome::Kind::signalled) {
    seen.outcome = Outcome::cancelled("ended because the run stopped");
  }
  short_until_.reset();
  output_.ended(running.job, running.slot, seen, 1);
  ended(running.job, running.slot, seen, true);
}

void Engine::on_closed(JobId job, bool kept_open) {
  --unclosed_;
  if (kept_open) {
    say(LogLevel::warn,
        fmt::format("job {} left a process behind that keeps its output open; what it writes "
                    "from now on is not read",
                    number(job)));
  }
  output_.closed(job);
}

// A job has ended for good, whether it ever ran or not.
void Engine::ended(const Job& job, Slot slot, const Attempt& attempt, bool rests) {
  const Outcome& outcome = attempt.outcome;
  const bool failed =
      outcome.kind != Outcome::Kind::exited || !options_.failure.ok.contains(outcome.value);
  parts_.scheduler.end(job.id, now_,
                       rests ? groups_.pace(job, outcome, failed, now_) : Duration{0});
  std::string command;
  if (outcome.kind == Outcome::Kind::cancelled && halt_.stopped_as_asked()) {
    summary_.not_run(1);
  } else if (failed) {
    command = command_of(job, slot);
    summary_.failed(outcome);
    if (summary_.names(job.id)) summary_.name(job.id, attempt, command);
  } else {
    summary_.succeeded();
  }
  for (Observer* observer : parts_.observers) {
    observer->on_end(job, attempt, failed, command, now_);
  }
  if (stopping_) return;
  const HaltWatch::Verdict verdict = halt_.end(failed);
  if (verdict != HaltWatch::Verdict::go_on) summary_.stopped();
  if (verdict == HaltWatch::Verdict::kill) kill();
  if (verdict == HaltWatch::Verdict::stop) stop();
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
  const std::size_t pending = parts_.sink.pending();
  stalled_ = pending > (stalled_ ? options_.stalled_bytes / 4 : options_.stalled_bytes);
}

void Engine::pass_output() {
  output_.flow(now_);
  if (term_.begun() && running_.empty() && unclosed_ > 0) {
    output_.take_the_last();
    output_.flow(now_);
  }
  if (const std::string warning = output_.take_warning(); !warning.empty()) {
    say(LogLevel::warn, warning);
  }
}

// The run is over: what was read and not started never will be.
void Engine::end_waiting_jobs() {
  if (std::exchange(waiting_ended_, true)) return;
  std::uint64_t jobs = 0;
  for (const JobId id : parts_.scheduler.drain()) {
    waiting_.erase(id);
    output_.closed(id);
    ++jobs;
  }
  if (parts_.builder.pending() > 0) ++jobs;
  summary_.not_run(jobs);
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
  std::optional<TimePoint> earliest = term_.wake_at();
  if (may_start()) keep_earlier(earliest, next_start());
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
                .retries = 0,
                .waiting = parts_.scheduler.waiting(),
                .resting_groups = parts_.scheduler.resting_groups(now_),
                .running = static_cast<int>(running_.size()),
                .total = options_.total,
                .oldest = oldest()};
    }
    observer->tick(counts, now_, last);
  }
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

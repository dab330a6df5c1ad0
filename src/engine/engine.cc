#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <tuple>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSecondSignal = 100ms;
constexpr int kMostWaits = 10'000;       // for the rest of the input: 600 MB without a record
constexpr Duration kMostForAnEnd = 10s;  // of a run whose memory ran out in the middle of a step
constexpr Duration kOutputGrace = 5s;    // after a signal, for a reader that does not read

Error no_memory() { return {"out of memory: nothing more is started, and what runs is ended", 3}; }

template <class T>
void keep_earlier(std::optional<T>& earliest, const std::optional<T>& other) {
  if (other && (!earliest || *other < *earliest)) earliest = other;
}

}  // namespace

Engine::Engine(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      output_({parts_.collator, parts_.sink, parts_.executor, parts_.rows, parts_.results,
               parts_.journal, waits_for_output() ? this : nullptr},
              options_.result_path),
      groups_({options_.keyed, options_.limited, options_.adaptive}, parts_.scheduler,
              parts_.pacing),
      halt_(options_.failure.on_error, options_.failure.halt),
      term_(options_.failure.term_seq),
      summary_(options_.failure.on_error == OnError::ignore),
      limits_(options_.failure.idle_timeout),
      random_(options_.seed) {
  for (const Observer* observer : parts_.observers) {
    reports_attempts_ = reports_attempts_ || observer->wants_attempts();
  }
}

bool Engine::waits_for_output() const {
  return std::any_of(parts_.observers.begin(), parts_.observers.end(),
                     [](const Observer* observer) { return observer->wants_output(); });
}

void Engine::on_written(JobId job) {
  for (Observer* observer : parts_.observers) {
    if (observer->wants_output()) observer->on_output_written(job);
  }
}

// At most one of them has something to keep.
std::string Engine::on_held(JobId job) {
  std::string kept;
  for (Observer* observer : parts_.observers) {
    if (observer->wants_output()) kept += observer->on_output_held(job);
  }
  return kept;
}

void Engine::on_lost(std::string_view kept) {
  for (Observer* observer : parts_.observers) {
    if (observer->wants_output()) observer->on_output_lost(kept);
  }
}

RunResult Engine::run() {
  now_ = parts_.waiter.now();
  if (options_.deadline) deadline_ = now_ + *options_.deadline;
  while (true) {
    try {
      run_jobs();
      break;
    } catch (const std::bad_alloc&) {
      lack_memory();
      now_ = parts_.waiter.now();
      if (!given_up_at_) given_up_at_ = now_ + kMostForAnEnd;
      if (now_ >= *given_up_at_) break;  // each turn may end here
    }
  }
  try {
    say_how_it_went();
  } catch (const std::bad_alloc&) {
    lack_memory();
    if (!result_.error) result_.error = no_memory();
    parts_.sink.say(last_words(*result_.error));
    write_out();
  }
  return result_;
}

void Engine::run_jobs() {
  while (true) {
    turn();
    if (finished() || (given_up_at_ && now_ >= *given_up_at_)) return;
    parts_.waiter.wait(wake_at(), input_waits_ && may_start());
    now_ = parts_.waiter.now();
  }
}

void Engine::say_how_it_went() {
  output_.end();
  write_out();
  result_.some_failed =
      !halt_.stopped_as_asked() &&
      (summary_.failures() > 0 || summary_.not_run() > 0 || summary_.left_unread());
  end_what_was_held();
  say_what_was_skipped();
  tick(true);
  check_files();
  if (result_.exit_status() != 0) parts_.sink.show();
  say_other_failures();
  parts_.sink.settle();
  if (wants_block()) parts_.sink.say(summary_.block());
  write_out();
  if (result_.error) {
    parts_.sink.say(last_words(*result_.error));
    write_out();
  }
}

// Before the files of the run are completed: they say which jobs are done, and one whose output was
// to be shown is done when that is out.
void Engine::end_what_was_held() {
  if (result_.exit_status() != 0) {
    parts_.sink.show();
  } else {
    parts_.sink.let_notes_go();
  }
  write_out();
  parts_.sink.give_up_notes();
  output_.flow(now_);
}

int Engine::end_with(std::string_view lines, bool show) {
  const bool said = result_.error.has_value();
  parts_.sink.say(lines);
  if (show) parts_.sink.show();
  write_out();
  if (!said && result_.error) {
    parts_.sink.say(last_words(*result_.error));
    write_out();
  }
  return result_.exit_status();
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
  if (options_.out_of_memory != nullptr && options_.out_of_memory()) lack_memory();
  check_sink();
  if (deadline_ && now_ >= *deadline_) on_deadline();
  end_what_had_its_time();
  while (const auto signal = term_.due(now_)) parts_.executor.signal_all(*signal);
  // New jobs first: they run while the output of those before them is written.
  unpaced_ = 0;
  const bool was_behind = behind_;
  if (may_start() && !was_behind) fill();
  // At once: none of them may keep the turn from a job whose pipes are left alone.
  if (stopping_) end_waiting_jobs();
  pass_output();
  behind_ = (was_behind || unpaced_ > 0) && output_.has_more();
  caught_up_ = was_behind && !behind_;
  for (const std::string& text : groups_.take_messages()) say(LogLevel::warn, text);
  groups_.forget(now_);
  tick(false);
}

bool Engine::may_start() const { return !stopping_ && !stalled_; }

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

void Engine::finish_early() {
  if (stopping_) return;
  now_ = parts_.waiter.now();
  if (!input_ended_ && parts_.builder.pending() == 0) look_for_the_end();
  if (input_failed_ && !result_.error) result_.error = parts_.source.error();
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
    if (term_.begun()) continue;  // it is being ended, and not for this
    running_.at(over.job).over = over;
    ending_.emplace(over.job, options_.failure.term_seq).first->second.begin(now_);
  }
  for (auto& [job, sequence] : ending_) {
    while (const auto signal = sequence.due(now_)) parts_.executor.signal(job, *signal);
  }
}

void Engine::break_off(const Error& error) {
  now_ = parts_.waiter.now();
  if (!result_.error) result_.error = error;
  kill();
}

void Engine::on_abandoned() {
  now_ = parts_.waiter.now();
  if (!signalled_at_) signalled_at_ = now_;
  if (result_.signal == 0) result_.signal = SIGKILL;
  killed_ = true;
  stop();
  term_.hurry(now_);
}

// What jobs write from now on is held where it needs no memory, or stays in their pipes.
void Engine::lack_memory() {
  if (std::exchange(lacks_memory_, true) || finished()) return;
  output_.hold_no_more();
  break_off(no_memory());
}

// There is no memory to write what it did, or that it was done: it is not done.
void Engine::lose(const Job& job) {
  if (lost_.insert(job.id).second) give_up(job);
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

// At the end: only one of them is the run's error.
void Engine::say_other_failures() {
  for (const Observer* observer : parts_.observers) {
    const std::string_view failure = observer->failure();
    if (failure.empty() || failure == result_.error->message) continue;
    say(LogLevel::error, failure);
  }
}

void Engine::pass_output() {
  output_.flow(now_);
  if (term_.begun() && running_.empty() && unclosed_ > 0 && !lacks_memory_) {
    output_.take_the_last();
    output_.flow(now_);
  }
  for (std::string warning; !(warning = output_.take_warning()).empty();) {
    say(LogLevel::warn, warning);
  }
}

// The run is over: what was read and not started never will be.
void Engine::end_waiting_jobs() {
  if (std::exchange(waiting_ended_, true)) {
    if (reads_rest_) read_rest();
    return;
  }
  std::uint64_t jobs = 0;
  if (parts_.mutexes != nullptr) {
    for (const JobId id : parts_.mutexes->drain()) {
      give_up(waiting_.extract(id).mapped().job);
      output_.closed(id);
      ++jobs;
    }
  }
  std::vector<JobId> waiting_jobs = parts_.scheduler.drain();
  for (const auto& [when, id] : at_home_) waiting_jobs.push_back(id);
  at_home_.clear();
  for (const JobId id : waiting_jobs) {
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
  if (!options_.read_rest) look_for_the_end();
  reads_rest_ = !input_ended_ && options_.read_rest;
  if (!reads_rest_) end_of_rest(input_ended_);
}

// Whether anything is left is asked of the input once more: nothing is read ahead without need, so
// its end may just not have been seen.  A record that comes is of the rest, but is not lost.
void Engine::look_for_the_end() {
  if (options_.records && records_ >= *options_.records) input_ended_ = true;
  if (input_ended_ || input_failed_ || options_.records || killed_ || lacks_memory_) return;
  if (std::exchange(looked_for_end_, true)) return;
  Record record;
  const Source::Next next = parts_.source.next(record);
  input_ended_ = next == Source::Next::end;
  input_failed_ = next == Source::Next::failed;
  if (next == Source::Next::record) add(std::move(record));
}

// Where the input itself is what ended the run, its error says so.
void Engine::say_what_is_left() {
  if (input_failed_ && !looked_for_end_) return;
  std::optional<std::uint64_t> left;
  if (options_.records) left = *options_.records - std::min(*options_.records, records_);
  summary_.input_left(left, input_failed_ ? std::string() : options_.advice_on_rest);
}

void Engine::end_of_rest(bool all_read) {
  reads_rest_ = false;
  parts_.builder.give_up();
  give_up_built();
  if (all_read) return;
  say_what_is_left();
  for (Observer* observer : parts_.observers) observer->on_input_left();
}

void Engine::give_up(const Job& job) {
  for (Observer* observer : parts_.observers) {
    try {
      observer->on_not_run(job);
    } catch (const std::bad_alloc&) {
      lack_memory();
    }
  }
}

void Engine::give_up_built() {
  while (auto job = parts_.builder.pop()) {
    if (parts_.resume == nullptr || !parts_.resume->skips(*job)) give_up(*job);
  }
}

// Of files, which make nobody wait; a piece in each turn, since they may be large.  Whoever wants
// us gone at once has it, and is told that something is left.
void Engine::read_rest() try {
  if (killed_) return end_of_rest(false);
  Record record;
  for (int records = 0; records < kMostUnpaced; ++records) {
    switch (parts_.source.next(record)) {
      case Source::Next::record:
        parts_.builder.add(std::move(record));
        give_up_built();
        rest_waits_ = 0;
        break;
      case Source::Next::wait:
        if (++rest_waits_ == kMostWaits) return end_of_rest(false);
        break;
      case Source::Next::failed:
        return end_of_rest(false);
      case Source::Next::end:
        return end_of_rest(true);
    }
  }
} catch (const std::bad_alloc&) {
  lack_memory();
  end_of_rest(false);
}

// There will be no other: how it ended is how the job ended.
void Engine::end_after_last_try(Waiting waiting) {
  const Running running{std::move(waiting.job), waiting.last->slot, {}, {}, waiting.tries, {}};
  output_.ended(running.job, running.slot, waiting.last->attempt, running.attempt);
  count(running, waiting.last->attempt, true);
}

bool Engine::finished() const {
  if (!running_.empty() || unclosed_ > 0 || reads_rest_) return false;
  if (stopping_) return true;
  return input_ended_ && waiting_.empty();
}

// ---- the rest

std::optional<TimePoint> Engine::wake_at() {
  // There is room again since fill(), and perhaps nothing else that would wake us.
  if (may_start() && held_up_ && !output_.is_full()) return now_;
  if ((may_start() && (turn_is_over() || caught_up_)) || reads_rest_) return now_;
  std::optional<TimePoint> earliest = term_.wake_at();
  keep_earlier(earliest, deadline_);
  keep_earlier(earliest, given_up_at_);
  keep_earlier(earliest, limits_.wake_at());
  for (const auto& [job, sequence] : ending_) keep_earlier(earliest, sequence.wake_at());
  if (may_start()) keep_earlier(earliest, next_start());
  if (may_start() && parts_.mutexes != nullptr) keep_earlier(earliest, parts_.mutexes->wake_at());
  if (may_start() && !at_home_.empty())
    keep_earlier(earliest, std::optional(at_home_.begin()->first));
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
                .oldest = oldest(),
                .bytes = bytes_fetched_};
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

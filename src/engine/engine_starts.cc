// The first half of a job's way through Engine: read, queued, started.

#include <errno.h>
#include <fmt/format.h>

#include <new>
#include <utility>

#include "base/secrets.h"
#include "base/text.h"
#include "compose/command.h"
#include "engine/engine.h"
#include "model/request.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortagePause = 100ms;
constexpr Duration kShortageLimit = 30s;
constexpr Duration kLongestTurn = 20ms;  // where nothing makes us wait; see turn_is_over()

// What a shell's exit status says of a program that could not be run.
int program_status(int error) { return error == ENOENT || error == ENOTDIR ? 127 : 126; }

std::string waits_for_room(const std::string& why, JobId job) {
  return fmt::format("{}: waiting for room to start job {}", why, number(job));
}

std::string trace_line(const Launch& launch) {
  const std::string line = launch.request ? request_line(*launch.request) : paste(launch);
  return printable(line, std::string::npos);
}

}  // namespace

// ---- starting

void Engine::fill() {
  if (parts_.mutexes != nullptr) {
    for (const JobId id : parts_.mutexes->due(now_)) schedule(id);
  }
  schedule_those_at_home();
  input_waits_ = false;
  filling_since_ = now_;
  held_up_ = output_.is_full();
  if (held_up_) return start_the_one();
  while (start_jobs() && !input_ended_ && !stopping_ && parts_.scheduler.wants_more(now_)) {
    if (parts_.mutexes != nullptr && !parts_.mutexes->has_room()) return;
    if (!read_some() || turn_is_over() || output_.is_full()) return;
  }
}

// Running jobs take slots, and so bound what a turn can do.  Those that end without having run take
// none, and an input may have nothing else, without end: signals, and the output of other jobs,
// must not wait for that.
bool Engine::turn_is_over() const {
  return unpaced_ >= kMostUnpaced || (unpaced_ > 0 && now_ - filling_since_ >= kLongestTurn);
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

// False during a shortage, and when the turn is over.
bool Engine::start_jobs() {
  if (in_shortage()) return false;
  while (!stopping_) {
    if (turn_is_over()) return false;
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
  running.hops = std::move(waiting.hops);
  const bool goes_on = running.hops != nullptr;
  const Job& job = running.job;
  groups_.starts(job, now_);
  const auto prepared = prepare_output(job, running.slot);
  if (!job.problem.empty()) {
    const Outcome why = Outcome::not_started(0, job.problem);  // before the job moves on
    return could_not_start(std::move(running), why, false);
  }
  bool fixed_program = false;
  const auto started = launch(running, prepared, fixed_program);
  if (started.start == Executor::Start::shortage) {
    return take_shortage(std::move(running), std::move(waiting.last), started.failure);
  }
  if (started.start == Executor::Start::failed) {
    return could_not_start(std::move(running), started.failure, fixed_program);
  }
  if (!goes_on) ++started_;
  ++unclosed_;
  short_since_.reset();
  shortage_told_ = false;
  const Policy& policy = groups_.policy(job);
  output_.started(id, tag_of(running), running.attempt <= policy.retries);
  limits_.started(id, policy.timeout, now_);
  if (!goes_on) {
    for (Observer* observer : parts_.observers) observer->on_start(job, running.slot, now_);
  }
  running_.emplace(id, std::move(running));
}

Executor::StartResult Engine::launch(Running& running, const Expected<void>& prepared,
                                     bool& fixed_program) try {
  using Start = Executor::Start;
  const Job& job = running.job;
  const bool shown = options_.trace || reports_attempts_;
  auto launch = parts_.command.build(view_of(job, running.slot, shown));
  if (!launch) return {Start::failed, Outcome::not_started(0, launch.error().message)};
  if (!prepared) return {Start::failed, Outcome::not_started(0, prepared.error().message)};
  if (options_.trace) parts_.sink.say(trace_line(*launch) + "\n");
  if (!launch->request) prepare_environment(running, *launch);
  // Before the start: nothing may fail between it and our knowing of it.
  if (reports_attempts_) running.launch = std::make_unique<Launch>();
  auto started = parts_.executor.start(job.id, *launch);
  fixed_program = launch->fixed_program;
  if (running.launch) *running.launch = std::move(*launch);
  return started;
} catch (const std::bad_alloc&) {
  lack_memory();
  return {Executor::Start::shortage, Outcome::not_started(ENOMEM, "out of memory")};
}

std::string Engine::tag_of(const Running& running) {
  std::string tag;
  if (!options_.tag) return tag;
  with_memory(running.job, [&] {
    const JobView job{running.job.records, running.job.id, running.slot};
    const auto text = options_.tags_on_terminal ? options_.tag->expand_for_terminal(job)
                                                : options_.tag->expand(job);
    tag = text.value_or("");
  });
  return tag;
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
void Engine::take_shortage(Running running, std::unique_ptr<LastTry> last, const Outcome& why) {
  const JobId id = running.job.id;
  give_slot(running.slot);
  if (!last) output_.drop(id);
  groups_.put_back(running.job);
  parts_.scheduler.put_back(id);
  waiting_.emplace(id, Waiting{std::move(running.job), running.read, running.attempt - 1,
                               std::move(last), std::move(running.hops)});
  if (stopping_) return;
  short_until_ = now_ + kShortagePause;
  if (unclosed_ > 0) {
    short_since_.reset();
    if (!std::exchange(shortage_told_, true)) say(LogLevel::info, waits_for_room(why.reason, id));
    return;
  }
  if (!short_since_) {
    short_since_ = now_;
    say(LogLevel::warn, waits_for_room(why.reason, id));
  }
  // Nobody else can give us descriptors of our own.
  const bool hopeless = why.value == EMFILE && output_.is_idle();
  if (!hopeless && now_ - *short_since_ < kShortageLimit) return;
  result_.error =
      Error{fmt::format("cannot start any job{}: {}", hopeless ? "" : " for 30s", why.reason), 3};
  stop();
}

void Engine::could_not_start(Running running, const Outcome& outcome, bool fixed_program) {
  ++unpaced_;
  give_slot(running.slot);
  const Attempt attempt{outcome, {}};
  const bool hopeless = fixed_program && outcome.value != 0;
  Closing closing{std::move(running), attempt, true};
  closing.again = !hopeless && may_try_again(closing.running, attempt, true);
  groups_.put_back(closing.running.job);  // nothing ran, so its group has nothing to rest from
  if (closing.again) {
    return try_again(std::move(closing));
  }
  with_memory(closing.running.job, [&] {
    output_.ended(closing.running.job, closing.running.slot, attempt, closing.running.attempt - 1);
  });
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

// Reads until there is a job or the turn is over, and no further.  False: nothing to be had now.
bool Engine::read_some() {
  Record record;
  while (true) {
    switch (parts_.source.next(record)) {
      case Source::Next::record:
        ++records_;
        add(std::move(record));
        break;
      case Source::Next::wait:
        input_waits_ = true;
        return false;
      case Source::Next::failed:
        say_what_source_warns();
        result_.error = parts_.source.error();
        input_failed_ = true;
        if (records_ > 0) summary_.input_failed();
        stop();
        return false;
      case Source::Next::end:
        input_ended_ = true;
        parts_.builder.finish();
        queue_jobs();
        return true;
    }
    if (queue_jobs()) return true;
    ++unpaced_;
    if (turn_is_over()) return true;
  }
}

void Engine::add(Record&& record) {
  try {
    parts_.builder.add(std::move(record));
  } catch (const std::bad_alloc&) {
    // It is as it was: room for it in its batch is what there was not.
    Job job;
    job.records.push_back(std::move(record));
    lack_memory();
    give_up(job);
  }
}

// True if there was a complete one.
bool Engine::queue_jobs() {
  if (!parts_.builder.has_job() && !input_ended_) return false;
  while (auto job = parts_.builder.pop()) queue(std::move(*job));
  say_what_source_warns();
  if (parts_.resume == nullptr) return true;
  for (std::string change; !(change = parts_.resume->take_warning()).empty();) {
    say(LogLevel::warn, change);
  }
  return true;
}

void Engine::say_what_source_warns() {
  const std::string warning = parts_.source.take_warning();
  if (!warning.empty()) say(LogLevel::warn, warning);
}

// A job that was done before has its number and, where the journal can tell of it, its row.
bool Engine::skip(Job& job) {
  if (parts_.resume == nullptr || !parts_.resume->skips(job)) return false;
  ++unpaced_;
  summary_.skipped();
  if (parts_.rows != nullptr && parts_.journal != nullptr) {
    // A report is to be whole.
    const auto end = parts_.journal->earlier(job.identity);
    if (end) output_.ended(job, 0, end->attempt, end->attempts);
  }
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
  bool first = true;
  try {
    if (skip(job)) return;
    if (parts_.mutexes != nullptr && job.problem.empty()) {
      const auto added = parts_.mutexes->add(job);
      if (!added) job.problem = "--mutex: " + added.error().message;
      first = !added || *added;
    }
  } catch (const std::bad_alloc&) {
    lack_memory();  // it waits with the others, and none is started
  }
  const JobId id = job.id;
  if (options_.keyed && options_.keyless_is_odd && !job.key) {
    summary_.without_key();
    // Most likely none will have one: better said before they have all run at once.
    if (number(id) == 1 && job.problem.empty()) {
      say(LogLevel::warn,
          fmt::format("job 1, '{}', has no key, so nothing but --jobs limits it{}",
                      printable(mask_record(job.records[0].text), 60), options_.no_key_advice));
    }
  }
  waiting_.emplace(id, Waiting{std::move(job), now_, 0, {}, {}});
  if (first) schedule(id);
}

void Engine::schedule(JobId id) {
  const Job& job = waiting_.at(id).job;
  parts_.scheduler.add(id, groups_.of(job), job.size(), job.memory());
}

}  // namespace distaff

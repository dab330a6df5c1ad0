#include "distaff/detail/grouped_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

#include "distaff/detail/crew.h"
#include "distaff/errors.h"
#include "distaff/log.h"
#include "schedule/scheduler.h"

namespace distaff::inline v0::detail {

using std::chrono::steady_clock;

namespace {

// Pulling an item each time one leaves a full buffer would wake the puller for each; so it waits
// this long for more room, unless nothing else is left to start.
constexpr std::chrono::microseconds kNap{500};
constexpr std::size_t kSmallBuffer = 16;  // not worth it

JobId id_of(const Job& job) { return JobId{reinterpret_cast<std::uintptr_t>(&job)}; }
Job* job_of(JobId id) { return reinterpret_cast<Job*>(static_cast<std::uintptr_t>(number(id))); }

}  // namespace

// The same that decides for the program.  Job numbers are addresses here.
struct GroupScheduler : Scheduler {
  using Scheduler::Scheduler;
};

GroupedRun::GroupedRun(int workers, RunSettings settings)
    : workers_(workers), settings_(std::move(settings)) {
  // Room is counted here for small buffers and by the scheduler for others: one job always fits.
  const auto buffer =
      settings_.by_need ? settings_.window : std::max<std::size_t>(1, settings_.buffer);
  scheduler_ = std::make_unique<GroupScheduler>(Scheduler::Options{
      .slots = std::max(1, workers), .buffer = buffer, .buffer_bytes = SIZE_MAX});
  if (settings_.stop.stop_possible()) {
    on_stop_.emplace(settings_.stop, [this] {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      stop_.request_stop();
      stop_starting();
    });
  }
}

GroupedRun::~GroupedRun() = default;

steady_clock::time_point GroupedRun::now() const {
  return settings_.timed ? steady_clock::now() : steady_clock::time_point{};
}

steady_clock::time_point GroupedRun::rests_until(std::uint32_t group) const {
  return scheduler_->held_until(GroupId{group});
}

// ---- workers

bool GroupedRun::nothing_to_come() const {
  return stopping_ || (source_over_ && scheduler_->waiting() == 0);
}

void GroupedRun::work() {
  Lock lock(mutex_);
  while (!nothing_to_come()) {
    const auto picked = scheduler_->pick(now());
    if (!picked) {
      wait_for_work(lock);
      continue;
    }
    Job& job = *job_of(*picked);
    hand_out(job);
    ++running_;
    wake_worker();
    wake_puller();
    lock.unlock();
    execute(job);
    if (job.error != nullptr && !job.fatal && settings_.on_error == ErrorPolicy::log) {
      log(LogLevel::error, "a job failed: " + describe(job.error));
    }
    lock.lock();
    finish(job);
  }
  // The others may sleep until a time that does not matter any more.
  to_work_.notify_all();
  if (consumer_waits_) to_consume_.notify_one();
}

void GroupedRun::finish(Job& job) {
  std::optional<Duration> rest;
  if (job.rest != Job::kNoRest) rest = Duration(job.rest);
  scheduler_->end(id_of(job), now(), rest);
  --running_;
  if (job.error != nullptr) {
    job.skipped = !job.fatal && settings_.on_error != ErrorPolicy::raise;
    if (!job.skipped) {
      if (failure_ == nullptr) failure_ = job.error;
      stop_starting();
    }
  }
  if (settings_.ordered) {
    const std::size_t index = job.place - next_place_;
    if (finished_.size() <= index) finished_.resize(index + 1, nullptr);
    finished_[index] = &job;
  } else {
    finished_.push_back(&job);
  }
  wake_consumer(job);
  wake_puller();
}

void GroupedRun::wake_consumer(const Job& job) {
  if (!consumer_waits_) return;
  const bool is_due = !settings_.ordered || job.place == next_place_;
  const bool is_last = running_ == 0 && nothing_to_come();
  if (!is_due && !is_last) return;
  consumer_waits_ = false;
  to_consume_.notify_one();
}

// Of those that sleep, one is enough: it wakes the next if there is more.
void GroupedRun::wake_worker() {
  if (idle_ == 0) return;
  const auto time = now();
  const auto at = scheduler_->wake_at(time);
  if (!at) return;
  if (*at <= time || !one_watches_time_ || *at < watched_) to_work_.notify_one();
}

void GroupedRun::wait_for_work(Lock& lock) {
  ++idle_;
  wake_puller();
  const auto at = scheduler_->wake_at(now());
  if (at && (!one_watches_time_ || *at < watched_)) {
    one_watches_time_ = true;
    watched_ = *at;
    to_work_.wait_until(lock, *at);
    if (watched_ == *at) one_watches_time_ = false;
  } else {
    to_work_.wait(lock);
  }
  --idle_;
}

// ---- the puller

bool GroupedRun::may_pull() {
  if (pulled_ - acknowledged_ >= settings_.window) return false;
  if (settings_.by_need) return scheduler_->wants_more(now());
  if (settings_.buffer == 0) return scheduler_->waiting() == 0 && running_ < workers_;
  return scheduler_->has_room();
}

bool GroupedRun::should_nap() const {
  if (settings_.by_need || settings_.buffer < kSmallBuffer) return false;
  const std::size_t waiting = scheduler_->waiting();
  const std::size_t out = pulled_ - acknowledged_;
  return waiting > 0 &&
         (settings_.buffer - std::min(waiting, settings_.buffer) < settings_.buffer / 4 ||
          settings_.window - out < settings_.window / 4);
}

void GroupedRun::wake_puller() {
  if (!puller_waits_ || !may_pull()) return;
  if (puller_naps_ && should_nap()) return;
  puller_waits_ = false;  // once is enough
  to_pull_.notify_one();
}

bool GroupedRun::wait_to_pull(Lock& lock) {
  bool was_full = false;
  while (!stopping_ && !may_pull()) {
    puller_waits_ = true;
    if (may_pull()) break;  // a credit that came before it was said that we wait
    to_pull_.wait(lock);
    was_full = true;
  }
  if (was_full && !stopping_ && should_nap()) {
    puller_waits_ = true;
    puller_naps_ = true;
    to_pull_.wait_for(lock, kNap);
    puller_naps_ = false;
  }
  puller_waits_ = false;
  return !stopping_;
}

void GroupedRun::add(Pulled& pulled) {
  Job& job = *pulled.job;
  job.place = pulled_++;
  if (pulled.new_group) {
    for (const GroupId gone : scheduler_->take_forgotten(now())) forget(number(gone));
    const GroupId group = scheduler_->add_group(pulled.limits);
    known_as(number(group));
    job.group = number(group);
    if (pulled.resting_until) scheduler_->pause(group, *pulled.resting_until);
  }
  std::optional<GroupId> group;
  if (job.group != Job::kNoGroup) {
    group = GroupId{job.group};
    hand_in(job);
  }
  scheduler_->add(id_of(job), group);
}

void GroupedRun::pull() {
  Lock lock(mutex_);
  while (wait_to_pull(lock)) {
    lock.unlock();
    Pulled pulled;
    in_source_ = true;
    try {
      pulled = pull_item();
    } catch (...) {
      lock.lock();
      source_error_ = std::current_exception();
      break;
    }
    in_source_ = false;
    lock.lock();
    if (pulled.job == nullptr) break;
    if (stopping_) {
      drop(pulled.job);
      break;
    }
    add(pulled);
    wake_worker();
  }
  in_source_ = false;
  source_over_ = true;
  to_work_.notify_all();
  to_consume_.notify_one();
}

// ---- the consumer

Job* GroupedRun::next() {
  if (ended_) return nullptr;
  if (workers_ == 0) return next_here();
  for (;;) {
    if (taken_.empty()) {
      Lock lock(mutex_);
      if (!wait_for_finished(lock)) return nullptr;
    }
    Job* const job = taken_.front();
    taken_.pop_front();
    if (job->skipped) {
      done_with(job);
      continue;
    }
    if (job->error != nullptr) {
      const std::exception_ptr error = job->error;
      done_with(job);
      raise(error);
    }
    return job;
  }
}

// Takes all that may be delivered; false at the end of the run.
bool GroupedRun::wait_for_finished(Lock& lock) {
  for (;;) {
    while (!finished_.empty() && finished_.front() != nullptr) {
      taken_.push_back(finished_.front());
      finished_.pop_front();
      ++next_place_;
    }
    if (!taken_.empty()) return true;
    if (running_ == 0 && nothing_to_come()) break;
    consumer_waits_ = true;
    to_consume_.wait(lock);
    consumer_waits_ = false;
  }
  const std::exception_ptr error = stopping_ ? what_stopped_it() : source_error_;
  if (error != nullptr) {
    lock.unlock();
    raise(error);
  }
  ended_ = true;
  return false;
}

std::exception_ptr GroupedRun::what_stopped_it() const {
  if (failure_ != nullptr) return failure_;
  if (cancelled_) return std::make_exception_ptr(CancelledError("the run was stopped"));
  if (refused_) return std::make_exception_ptr(PoolClosed("the executor was shut down"));
  return nullptr;
}

// Ends the run with `error`, after the running jobs.
void GroupedRun::raise(const std::exception_ptr& error) {
  {
    const std::lock_guard lock(mutex_);
    stop_starting();
  }
  ended_ = true;
  abort();
  Lock lock(mutex_);
  while (running_ > 0) {
    consumer_waits_ = true;
    to_consume_.wait(lock);
  }
  lock.unlock();
  std::rethrow_exception(error);
}

void GroupedRun::done_with(Job* job) {
  destroy(job);
  ++acknowledged_;
  if (settings_.by_need && in_source_) wake_source();
  if (!puller_waits_) return;
  const std::lock_guard lock(mutex_);
  wake_puller();
}

// Without workers: the same rules in the caller's thread, one item at a time.
Job* GroupedRun::next_here() {
  for (;;) {
    Pulled pulled;
    if (!stopping_) {
      try {
        pulled = pull_item();
      } catch (...) {
        raise(std::current_exception());
      }
    }
    if (pulled.job == nullptr) {
      const std::exception_ptr error = stopping_ ? what_stopped_it() : nullptr;
      if (error != nullptr) raise(error);
      ended_ = true;
      return nullptr;
    }
    Job& job = *pulled.job;
    if (!start_here(pulled)) continue;
    execute(job);
    if (job.error != nullptr && !job.fatal && settings_.on_error == ErrorPolicy::log) {
      log(LogLevel::error, "a job failed: " + describe(job.error));
    }
    {
      const std::lock_guard lock(mutex_);
      finish(job);
      finished_.clear();
      ++next_place_;
    }
    if (job.error == nullptr) return &job;
    const std::exception_ptr error = job.skipped ? nullptr : job.error;
    done_with(&job);
    if (error != nullptr) raise(error);
  }
}

// Waits for its group; false if the run was stopped meanwhile.
bool GroupedRun::start_here(Pulled& pulled) {
  Lock lock(mutex_);
  if (stopping_) {
    drop(pulled.job);
    return false;
  }
  add(pulled);
  while (!stopping_ && !scheduler_->pick(now())) {
    const auto at = scheduler_->wake_at(now());
    assert(at);
    to_consume_.wait_until(lock, *at);
  }
  if (stopping_) return false;
  hand_out(*pulled.job);
  ++running_;
  return true;
}

// ---- ends

void GroupedRun::stop_starting() {
  if (stopping_) return;
  stopping_ = true;
  for (const JobId id : scheduler_->drain()) drop(job_of(id));
  to_work_.notify_all();
  to_pull_.notify_all();
  to_consume_.notify_all();
  wake_source();
}

void GroupedRun::drop(Job* job) {
  give_back(*job);
  dropped_.push_back(job);
}

void GroupedRun::refuse() noexcept {
  const std::lock_guard lock(mutex_);
  refused_ = true;
  stop_starting();
}

void GroupedRun::abort() noexcept {
  if (!std::exchange(aborted_, true) && settings_.on_abort) settings_.on_abort();
}

void GroupedRun::cancel() noexcept {
  if (ended_) return;
  ended_ = true;
  {
    const std::lock_guard lock(mutex_);
    stop_starting();
  }
  stop_.request_stop();
  abort();
}

void GroupedRun::destroy_all() noexcept {
  on_stop_.reset();
  for (const JobId id : scheduler_->drain()) destroy(job_of(id));
  for (Job* const job : finished_) {
    if (job != nullptr) destroy(job);
  }
  for (Job* const job : taken_) destroy(job);
  for (Job* const job : dropped_) destroy(job);
  finished_.clear();
  taken_.clear();
  dropped_.clear();
}

// ---- begun by the first who asks

LazyRun::LazyRun(std::unique_ptr<GroupedRun> run, StartCrew start)
    : run_(std::move(run)), start_(std::move(start)) {}

LazyRun::~LazyRun() {
  if (run_ == nullptr) return;
  if (crew_ != nullptr) {
    run_->cancel();
    crew_->detach(run_);
  }
  if (last_ != nullptr) run_->done_with(last_);
  run_.reset();  // before the crew, whose threads may end with it
}

Job* LazyRun::next() {
  if (run_ == nullptr) return nullptr;
  if (crew_ == nullptr) begin();
  if (run_ == nullptr) return nullptr;
  if (last_ != nullptr) run_->done_with(std::exchange(last_, nullptr));
  last_ = run_->next();
  return last_;
}

void LazyRun::begin() {
  // Known to be empty: not even an initializer runs.
  const std::optional<std::size_t> known_size = run_->known_size();
  if (known_size == 0) return run_.reset();
  auto crew = start_(known_size.value_or(SIZE_MAX));
  crew->attach(run_);
  crew_ = std::move(crew);
}

}  // namespace distaff::inline v0::detail

#pragma once

// A run of imap(), without the types of its items: who pulls, who works, who waits for whom, and
// when it is over.  Not for users.
//
// One mutex guards everything.  Workers decide for themselves what they start next: they ask the
// scheduler, the same as the program's.  A worker that finds nothing sleeps; one of them, not more,
// sleeps only until the next rest ends, so that there is no thread for time.  The reading thread
// pulls items as long as the buffer and the credits allow: a credit is taken for each item
// and given back when its result was taken and done with.  The consumer takes results.
//
// Items are Jobs.  A Job belongs to whoever works on it: the puller until it is added, the worker
// from pick to finish, then the consumer; the mutex hands it over.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "distaff/detail/crew.h"
#include "distaff/error_policy.h"
#include "distaff/limits.h"

namespace distaff::inline v0::detail {

struct GroupScheduler;  // src/lib

struct Job {
  static constexpr std::uint32_t kNoGroup = UINT32_MAX;
  static constexpr std::int64_t kNoRest = -1;

  std::exception_ptr error;
  std::uint64_t place = 0;      // in input order, from 0
  std::int64_t rest = kNoRest;  // ns that its group rests after it, if that was computed
  std::uint32_t group = kNoGroup;
  bool fatal = false;    // the error is not the job's own: no policy may pass it over
  bool skipped = false;  // it has no result, and the policy says to go on
};

// Bounds and manners, checked by the caller.
struct RunSettings {
  std::size_t buffer = 1024;  // items waiting
  std::size_t window = 1028;  // items pulled and not yet done with
  bool ordered = false;
  bool by_need = false;  // pull only what a worker could start
  bool timed = false;    // rests or rates are possible
  ErrorPolicy on_error = ErrorPolicy::raise;
  std::function<void()> on_abort;
  std::stop_token stop;
};

class GroupedRun : public Work {
 public:
  GroupedRun(int workers, RunSettings settings);
  ~GroupedRun() override;
  GroupedRun(const GroupedRun&) = delete;
  GroupedRun& operator=(const GroupedRun&) = delete;

  void work() final;
  void pull() final;
  void refuse() noexcept final;

  // ---- for the consumer: one thread at a time
  // The next finished job, to be given back to done_with(); null at the end; throws what the run
  // ended with, once every job that ran has ended.
  Job* next();
  void done_with(Job* job);

  // Nothing new starts; running jobs are asked to stop.  If that is not its regular end, on_abort.
  void cancel() noexcept;

  // Only when no thread works for it any more.
  void destroy_all() noexcept;

  // Of the source, before the run begins.
  virtual std::optional<std::size_t> known_size() = 0;

 protected:
  struct Pulled {
    Job* job = nullptr;  // null: there is nothing more
    bool new_group = false;
    GroupLimits limits;
    std::optional<std::chrono::steady_clock::time_point> resting_until;
  };

  // Typed by the derived class.  pull_item() may throw.  The next three are called by whoever calls
  // pull_item(), known_as() and forget() under the lock.
  virtual Pulled pull_item() = 0;
  virtual void known_as(std::uint32_t group) = 0;
  virtual void forget(std::uint32_t group) = 0;
  virtual void wake_source() noexcept {}
  // For sources whose order is not that of taking, under the lock: a job of a group that begins to
  // wait hands its item in, and one that starts gets the first of its group.
  virtual void hand_in(Job&) {}
  virtual void hand_out(Job&) {}
  // A job that will never start, under the lock: a queue gets its item back.
  virtual void give_back(Job&) noexcept {}
  virtual void execute(Job& job) noexcept = 0;
  virtual void destroy(Job* job) noexcept = 0;

  // A job that is to be destroyed unless it is released.
  class Owned {
   public:
    Owned(GroupedRun& run, Job* job) : run_(run), job_(job) {}
    ~Owned() {
      if (job_ != nullptr) run_.destroy(job_);
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    Job* release() { return std::exchange(job_, nullptr); }

   private:
    GroupedRun& run_;
    Job* job_;
  };

  // For sources that end when all they gave was done with.
  bool all_done_with() const { return acknowledged_.load() == pulled_.load(); }
  void heed_time() { settings_.timed = true; }  // before the run
  bool is_stopping() const { return stopping_.load(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

  // When no thread works for it any more: until when a group rests after its last job.
  std::chrono::steady_clock::time_point rests_until(std::uint32_t group) const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  Job* next_here();
  bool start_here(Pulled& pulled);
  bool wait_for_finished(Lock& lock);
  std::exception_ptr what_stopped_it() const;
  [[noreturn]] void raise(const std::exception_ptr& error);
  void add(Pulled& pulled);
  void finish(Job& job);
  void stop_starting();
  void drop(Job* job);
  bool wait_to_pull(Lock& lock);
  bool may_pull();
  bool should_nap() const;
  void wake_puller();
  void wake_worker();
  void wake_consumer(const Job& job);
  void wait_for_work(Lock& lock);
  bool nothing_to_come() const;
  void abort() noexcept;
  std::chrono::steady_clock::time_point now() const;

  const int workers_;
  RunSettings settings_;

  mutable std::mutex mutex_;
  std::condition_variable to_work_, to_pull_, to_consume_;
  std::unique_ptr<GroupScheduler> scheduler_;
  std::atomic<std::uint64_t> pulled_{0};        // changed by the puller
  std::atomic<std::uint64_t> acknowledged_{0};  // changed by the consumer
  std::atomic<bool> stopping_{false};           // nothing starts any more
  std::atomic<bool> puller_waits_{false};       // for credits or room
  std::atomic<bool> in_source_{false};          // for an item that may never come
  bool source_over_ = false;
  bool refused_ = false;    // the executor was shut down
  bool cancelled_ = false;  // by the caller's stop token
  bool ended_ = false;      // the consumer has seen the end
  bool puller_naps_ = false;
  bool consumer_waits_ = false;
  int running_ = 0;
  int idle_ = 0;
  bool one_watches_time_ = false;  // an idle worker sleeps until watched_
  std::chrono::steady_clock::time_point watched_{};
  std::exception_ptr failure_;       // the first job that failed for good
  std::exception_ptr source_error_;  // raised after all that was pulled
  std::deque<Job*> finished_;        // in order of their ends, or by place from next_place_ on
  std::uint64_t next_place_ = 0;
  std::deque<Job*> taken_;     // the consumer's own
  std::vector<Job*> dropped_;  // never started
  bool aborted_ = false;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

// The crew that a run gets when it begins, for so many items at most: SIZE_MAX if nobody knows.
using StartCrew = std::function<std::shared_ptr<Crew>(std::size_t items)>;

// A run that begins when its first result is asked for.  For one thread at a time.
class LazyRun {
 public:
  LazyRun(std::unique_ptr<GroupedRun> run, StartCrew start);
  ~LazyRun();
  LazyRun(const LazyRun&) = delete;
  LazyRun& operator=(const LazyRun&) = delete;

  // The next finished job, and is done with the one before; null at the end.  Throws what the run
  // ended with.
  Job* next();

 private:
  void begin();

  std::shared_ptr<GroupedRun> run_;
  StartCrew start_;
  std::shared_ptr<Crew> crew_;
  Job* last_ = nullptr;
};

}  // namespace distaff::inline v0::detail

#pragma once

// A fixed crew of worker threads for one run of imap() after the other.
//
//   distaff::Executor crawlers({.workers = 8, .initializer = open_session});
//   const auto polite = distaff::by(host_of).throttle(1s);
//   for (auto& page : crawlers.imap_unordered(first_urls, fetch, polite)) ...
//   for (auto& page : crawlers.imap_unordered(more_urls, fetch, polite)) ...   // hosts still rest
//
// For a single run the free functions of imap.h do the same with workers of their own.
//
// All workers start in the constructor, which returns when each has run the initializer.  There is
// one run at a time: a second one, from another thread or from inside a job, is refused by
// ExecutorBusy, and the first is not disturbed.
//
// Thread-safety: shutdown(), workers() and is_closed() from any thread.  Neither copyable nor
// movable.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include "distaff/detail/crew.h"
#include "distaff/detail/typed_run.h"
#include "distaff/error_policy.h"
#include "distaff/errors.h"
#include "distaff/grouping.h"
#include "distaff/queue.h"
#include "distaff/results.h"

namespace distaff::inline v0 {

struct ExecutorOptions {
  // Threads.  0: none at all, everything happens in the thread that takes the results, one item
  // after the other.  Default: min(32, usable CPUs + 4), where usable heeds affinity and cgroups.
  std::optional<int> workers{};

  // Run by each worker as it starts (without workers: by the constructor), and before it ends.  An
  // exception of the first makes the constructor throw InitializerError, with it as the cause; one
  // of the second is logged.
  std::function<void()> initializer{};
  std::function<void()> finalizer{};

  // Begins the names of the threads, as `ps -L` and debuggers show them; default "w" and a number.
  std::string name{};
};

struct RunOptions {
  // Items read from the source but not yet started, so many at most; 0: an item is read only when
  // a worker is free for it, and the next one when it has started.  Queues have no need of it: an
  // item is taken out when a worker is free, and items of busy groups do not stop that.
  int buffer_size = 1024;

  // Items read and not yet done with, so many at most: waiting, running, or with a result that was
  // not yet taken.  Never less than 1.  Default: buffer_size + workers.  A larger one lets workers
  // run ahead of a slow first item in ordered runs.
  std::optional<int> window{};

  // See error_policy.h.  Exceptions of the source, the key and the limits always end the run.
  ErrorPolicy on_error = ErrorPolicy::raise;

  // Called once if the run ends by an exception, by break or by destruction before its end, before
  // anything is waited for: to wake a source that blocks.  Must not throw.
  std::function<void()> on_abort{};

  // Stops the run: nothing new starts, and when running jobs have ended, the one who takes results
  // gets CancelledError.
  std::stop_token stop{};
};

// What shutdown() does about running jobs.
enum class Shutdown {
  join,     // waits for them
  abandon,  // lets them run on alone; what they refer to must live as long as they do
};

class Executor {
 public:
  explicit Executor(ExecutorOptions options = {})
      : crew_(std::make_shared<detail::Crew>(
            detail::CrewOptions{.workers = detail::checked_workers(options.workers),
                                .name = std::move(options.name),
                                .initializer = std::move(options.initializer),
                                .finalizer = std::move(options.finalizer)})) {}
  explicit Executor(int workers) : Executor(ExecutorOptions{.workers = workers}) {}

  // shutdown(Shutdown::join).  Results of a run must be gone by then, or not be used any more.
  ~Executor() { shutdown(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // f(item) for each item of `source`; see imap.h.  Throws at once std::invalid_argument,
  // InvalidThrottleParallelism and PoolClosed; ExecutorBusy is thrown by begin().
  template <class S, class F, class Groups = NoGroups>
  auto imap(S&& source, F f, Groups groups = {}, RunOptions options = {}) {
    return run(true, std::forward<S>(source), std::move(f), std::move(groups), options);
  }
  template <class S, class F, class Groups = NoGroups>
  auto imap_unordered(S&& source, F f, Groups groups = {}, RunOptions options = {}) {
    return run(false, std::forward<S>(source), std::move(f), std::move(groups), options);
  }

  // Nothing new starts; a run that is active ends with PoolClosed.  False if it was closed before.
  bool shutdown(Shutdown how = Shutdown::join) { return crew_->shut_down(how == Shutdown::join); }

  int workers() const { return crew_->workers(); }
  bool is_closed() const { return crew_->is_closed(); }

  // Groups rest no longer from earlier runs.
  void reset_throttle() { crew_->reset_memory(); }

 private:
  template <class S, class F, class Groups>
  auto run(bool ordered, S&& source, F f, Groups groups, const RunOptions& options);

  std::shared_ptr<detail::Crew> crew_;
};

namespace detail {

// Throws std::invalid_argument; `workers` may be 0.
RunSettings checked_settings(const RunOptions& options, int workers, bool ordered, bool queue);

// A crew that there is.
StartCrew start_of(std::shared_ptr<Crew> crew);

template <class Groups, class Item>
inline constexpr bool kKeyFits = true;
template <class Key, class Limit, class Rest, class Item>
inline constexpr bool kKeyFits<Grouping<Key, Limit, Rest>, Item> = KeyFor<Key, Item>;

// What may be computed from items, asked for at compile time so that errors can be read.  False: it
// was said what is wrong, and there is no more to be compiled.
template <class S, class F, class Groups>
constexpr bool check_types() {
  static_assert(ItemSource<S>,
                "the source must be a range, a function that returns std::optional<Item>, or a "
                "distaff queue given by reference");
  if constexpr (ItemSource<S>) {
    using Item = typename Source<S>::Item;
    static_assert(std::move_constructible<Item>, "items must be movable");
    static_assert(
        JobFor<F, Item>,
        "the function cannot be called with an item of the source (and nothing else, or a "
        "std::stop_token)");
    static_assert(
        kKeyFits<Groups, Item>,
        "the key of by() cannot be called with an item, or its result has no std::hash or ==");
    return std::move_constructible<Item> && JobFor<F, Item> && kKeyFits<Groups, Item>;
  } else {
    return false;
  }
}

// Where results come from.
template <class R>
class RunResults final : public ResultSource<R> {
 public:
  RunResults(std::unique_ptr<ResultRun<R>> run, StartCrew start)
      : typed_(*run), lazy_(std::move(run), std::move(start)) {}

  R* next() override {
    Job* const job = lazy_.next();
    return job == nullptr ? nullptr : typed_.result(job);
  }

 private:
  ResultRun<R>& typed_;
  LazyRun lazy_;
};

template <class R>
Results<R> results_of(std::unique_ptr<ResultRun<R>> run, StartCrew start) {
  return Results<R>(std::make_unique<RunResults<R>>(std::move(run), std::move(start)));
}

// How a run is to be run, and by whom.
struct RunBy {
  bool ordered;
  int workers;
  const RunOptions& options;
  StartCrew start;
};

// The run of a source on a crew that there will be.
template <class S, class F, class Groups>
auto make_results(RunBy by, S&& source, F&& f, Groups&& groups) {
  if constexpr (check_types<S, F, Groups>()) {
    RunSettings settings = checked_settings(by.options, by.workers, by.ordered, Source<S>::kQueue);
    if constexpr (kHasGroups<Groups>) {
      groups.check();
      settings.timed = groups.may_rest();
    }
    using R = ResultOfRun<S, F, Groups>;
    static_assert(std::move_constructible<R>, "results must be movable");
    std::unique_ptr<ResultRun<R>> run(new TypedRun<S, F, Groups>(
        by.workers, std::move(settings), std::forward<S>(source), std::move(f), std::move(groups)));
    return results_of<R>(std::move(run), std::move(by.start));
  }
}

}  // namespace detail

template <class S, class F, class Groups>
auto Executor::run(bool ordered, S&& source, F f, Groups groups, const RunOptions& options) {
  crew_->check_open();
  return detail::make_results(detail::RunBy{ordered, workers(), options, detail::start_of(crew_)},
                              std::forward<S>(source), std::move(f), std::move(groups));
}

}  // namespace distaff::inline v0

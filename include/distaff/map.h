#pragma once

// A function over ranges, by the workers of a pool.
//
//   for (Page& page : pool.map(fetch, urls)) store(page);                  // in the order of urls
//   for (auto& size : pool.map_unordered(measure, files, {.chunk_size = 50})) sum += size;
//   for (int sum : pool.map(std::plus(), a, b, {.window = 4, .timeout = 2s})) ...   // a[i] + b[i]
//   for (int sum : pool.starmap(std::plus(), pairs)) ...
//
//                    lazy                         eager
//   in order         map, starmap                 map_all, starmap_all
//   as they end      map_unordered,               map_all_unordered,
//                    starmap_unordered            starmap_all_unordered
//
// Lazy: at most `window` chunks are ahead of the one who takes results, so that endless ranges and
// slow takers are fine: never more elements have been read than taken + window * chunk_size.  The
// first is read when the first result is asked for.  Eager: the call reads the whole range and
// submits it.
//
// map() calls function(element), or function(a, b, c) with the elements of up to three ranges, as
// many as the shortest has; starmap() takes a range of tuples.  If it wants a std::stop_token
// behind these, it gets one that follows the end of the map.  All tasks share one copy of the
// function, which is called by many threads at once.  A range given by name is used in place, must
// outlive the map, and its elements are copied; a temporary container is moved in, and so are its
// elements.  The range is read by the thread that takes results, and by no other.
//
// The result is a move-only input range of values that may be moved from (std::monostate for a
// function of void), for one thread at a time; or ask next().  Errors come out where results do:
//
//   - what the function throws: behind the results before it; in the order of ending if unordered.
//     Tasks of the map that have not started are cancelled.
//   - what the range throws: after the results of what was read before; from an eager map by the
//     call.
//   - TimeoutError when `timeout` is over: running tasks go on until the map is destroyed.
//   - PoolClosed from a lazy map whose pool was shut down, the BrokenPool if it broke.
//
// After any of these the range is at its end.  std::invalid_argument, naming option and value, is
// thrown by the call.
//
// Destroying the map early cancels what has not started, asks running tasks to stop and waits for
// their end: what they refer to may go after it.  The pool must outlive the map.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/chunks.h"
#include "distaff/deadline.h"
#include "distaff/detail/ready_queue.h"
#include "distaff/errors.h"
#include "distaff/future.h"

namespace distaff::inline v0 {

struct MapOptions {
  // Elements a task, at least 1.  More make small functions cheaper; results of one chunk come
  // together, in order.
  std::int64_t chunk_size = 1;

  // Lazy maps: tasks ahead of the taker, at least 1.  Nothing: as many as the pool has workers.
  std::optional<std::int64_t> window{};

  // For the whole map, the taker's own time included, counted from asking for the first result.
  // Zero: only what is done by then.  Nothing: no limit.
  std::optional<std::chrono::nanoseconds> timeout{};

  // False makes map() what map_unordered() is.
  bool keep_order = true;
};

namespace detail {

// Results or elements of one task: one without an allocation, or many.
template <class T>
class Few {
 public:
  void push_back(T value) {
    if (!first_) {
      first_.emplace(std::move(value));
    } else {
      rest_.push_back(Held{std::move(value)});
    }
  }
  void reserve(std::size_t count) {
    if (count > 1) rest_.reserve(count - 1);
  }
  std::size_t size() const { return first_ ? 1 + rest_.size() : 0; }
  T& operator[](std::size_t i) { return i == 0 ? *first_ : rest_[i - 1].value; }

 private:
  struct Held {  // never a vector<bool>
    T value;
  };
  std::optional<T> first_;
  std::vector<Held> rest_;
};

// What the task of one chunk gives: the results up to the one that failed.
template <class R>
struct ChunkResult {
  Few<R> values;
  std::exception_ptr error;
};

// What the tasks of a map share.
template <class F>
struct MapShared {
  explicit MapShared(F f) : function(std::move(f)) {}

  F function;
  // The first chunk, by position, that failed: those behind it need not run.
  std::atomic<std::uint64_t> failed_at{std::numeric_limits<std::uint64_t>::max()};

  void fail(std::uint64_t index) {
    auto known = failed_at.load();
    while (index < known && !failed_at.compare_exchange_weak(known, index)) {
    }
  }
};

// A task: one chunk.  Does not throw.
template <class F, class Item>
struct ChunkTask {
  using Result = ItemResultOf<F, Item>;

  std::shared_ptr<MapShared<F>> shared;
  std::uint64_t index;
  Few<Item> items;

  ChunkResult<Result> operator()(const std::stop_token& stop) {
    ChunkResult<Result> result;
    if (shared->failed_at.load() < index) return result;
    result.values.reserve(items.size());
    try {
      for (std::size_t i = 0; i < items.size(); ++i) {
        result.values.push_back(result_of_item(shared->function, std::move(items[i]), stop));
      }
    } catch (...) {
      shared->fail(index);
      result.error = std::current_exception();
    }
    return result;
  }
};

// The part of a task that wants a stop token, and the part that does not: making one costs an
// allocation.
template <class F, class Item>
auto chunk_function(ChunkTask<F, Item> task) {
  if constexpr (Applied<F, Item>::kPlain) {
    return [task = std::move(task)]() mutable { return task(std::stop_token()); };
  } else {
    return [task = std::move(task)](std::stop_token stop) mutable { return task(stop); };
  }
}

// One map on its way.  `Submit` makes a future of a chunk: submit(pool, ChunkTask) -> Future of its
// ChunkResult.
template <class P, class F, class Items, class Submit>
class MapRun {
 public:
  using Item = typename Items::Item;
  using Task = ChunkTask<F, Item>;
  using Result = typename Task::Result;

  template <class... Ranges>
  MapRun(P& pool, F function, bool eager, const MapOptions& options, Submit submit,
         Ranges&&... ranges)
      : pool_(pool),
        eager_(eager),
        ordered_(options.keep_order),
        chunk_(options.chunk_size),
        window_(options.window.value_or(pool.max_workers())),
        timeout_(options.timeout),
        submit_(std::move(submit)),
        shared_(std::make_shared<MapShared<F>>(std::move(function))),
        items_(std::forward<Ranges>(ranges)...) {}
  MapRun(const MapRun&) = delete;
  MapRun& operator=(const MapRun&) = delete;

  ~MapRun() {
    cancel_waiting();
    for (auto& future : in_flight_) {
      if (!future.valid()) continue;
      if (!future.is_done()) future.request_stop();
      future.wait();
    }
  }

  // An eager map reads its range now.
  void begin() {
    if (!eager_) return;
    fill();
    if (submit_error_ != nullptr) std::rethrow_exception(submit_error_);
  }

  std::optional<Result> next() {
    if (ended_) return std::nullopt;
    try {
      if (!deadline_) deadline_.emplace(timeout_ ? Deadline(*timeout_) : Deadline());
      auto result = next_result();
      if (!result) ended_ = true;
      return result;
    } catch (...) {
      ended_ = true;
      if (!timed_out_) cancel_waiting();
      throw;
    }
  }

 private:
  using Chunk = ChunkResult<Result>;

  std::optional<Result> next_result() {
    if (!eager_ && pool_.is_closed()) throw PoolClosed(pool_.name() + " is shut down");
    while (taken_ == hand_.values.size()) {
      if (hand_.error != nullptr) std::rethrow_exception(std::exchange(hand_.error, nullptr));
      if (!eager_ && submit_error_ == nullptr) fill();
      if (in_flight_count_ == 0) {
        if (submit_error_ != nullptr) std::rethrow_exception(submit_error_);
        return std::nullopt;
      }
      hand_ = take_chunk();
      taken_ = 0;
    }
    std::optional<Result> result(std::move(hand_.values[taken_++]));
    ++delivered_;
    if (!eager_) fill();
    return result;
  }

  // Submits what the window has room for.  What goes wrong is thrown after the results of what was
  // submitted.
  void fill() {
    while (!source_ended_ && (eager_ || has_room())) {
      Task task{shared_, chunks_, {}};
      if (chunk_ > 1)
        task.items.reserve(static_cast<std::size_t>(std::min<std::int64_t>(chunk_, 1024)));
      try {
        while (static_cast<std::int64_t>(task.items.size()) < chunk_) {
          auto item = items_.next();
          if (!item) {
            source_ended_ = true;
            break;
          }
          ++pulled_;
          task.items.push_back(std::move(*item));
        }
      } catch (...) {
        source_ended_ = true;
        submit_error_ = std::current_exception();
      }
      if (task.items.size() == 0) return;
      try {
        add(submit_(pool_, std::move(task)));
      } catch (...) {
        source_ended_ = true;
        submit_error_ = std::current_exception();
      }
    }
  }

  // pulled - delivered + chunk <= window * chunk
  bool has_room() const {
    const auto ahead = pulled_ - delivered_;
    return ahead / chunk_ + (ahead % chunk_ != 0 ? 1 : 0) < window_;
  }

  void add(Future<Chunk> future) {
    if (!ordered_) ReadyQueue::watch(ready_, *future.state(), chunks_);
    in_flight_.push_back(std::move(future));
    ++in_flight_count_;
    ++chunks_;
  }

  Chunk take_chunk() {
    std::uint64_t index = first_in_flight_;
    if (ordered_) {
      if (!in_flight_.front().wait(*deadline_)) time_is_over();
    } else {
      const auto ready = ready_->pop(Deadline(std::chrono::nanoseconds(0)));
      index = ready ? *ready : pop_later();
    }
    auto future = std::exchange(in_flight_[index - first_in_flight_], {});
    --in_flight_count_;
    while (!in_flight_.empty() && !in_flight_.front().valid()) {
      in_flight_.pop_front();
      ++first_in_flight_;
    }
    try {
      return future.take();
    } catch (const CancelledError&) {
      pool_.check();  // it broke, or was shut down
      throw;
    }
  }

  std::uint64_t pop_later() {
    // A task that waits for its own pool does some of the work.
    for (auto& future : in_flight_) {
      if (future.valid() && future.state()->help()) break;
    }
    if (const auto ready = ready_->pop(*deadline_)) return *ready;
    time_is_over();
  }

  [[noreturn]] void time_is_over() {
    timed_out_ = true;
    throw TimeoutError("the map took longer than its timeout");
  }

  void cancel_waiting() {
    source_ended_ = true;
    for (auto& future : in_flight_) {
      if (future.valid()) future.cancel();
    }
  }

  P& pool_;
  const bool eager_;
  const bool ordered_;
  const std::int64_t chunk_;
  const std::int64_t window_;
  const std::optional<std::chrono::nanoseconds> timeout_;
  Submit submit_;
  std::shared_ptr<MapShared<F>> shared_;
  Items items_;
  std::optional<Deadline> deadline_;
  std::int64_t pulled_ = 0;
  std::int64_t delivered_ = 0;
  bool source_ended_ = false;
  bool ended_ = false;
  bool timed_out_ = false;
  std::exception_ptr submit_error_;

  // By position; one that was taken is not valid any more, and the front never is such a one.
  std::deque<Future<Chunk>> in_flight_;
  std::uint64_t first_in_flight_ = 0;
  std::uint64_t chunks_ = 0;
  std::size_t in_flight_count_ = 0;
  std::shared_ptr<ReadyQueue> ready_ = std::make_shared<ReadyQueue>();

  Chunk hand_;  // results that are next, from `taken_` on
  std::size_t taken_ = 0;
};

enum class Reading { lazy, eager };

template <class Items, class P, class F, class Submit, class... Ranges>
auto start_map(P& pool, F&& function, Reading reading, MapOptions options, Submit submit,
               Ranges&&... ranges) {
  require_positive("chunk_size", options.chunk_size);
  if (options.window) require_positive("window", *options.window);
  if (options.timeout && options.timeout->count() < 0) {
    throw std::invalid_argument("timeout must not be below 0, as " +
                                std::to_string(options.timeout->count()) + " ns is");
  }
  pool.check();
  using Run = MapRun<P, std::decay_t<F>, Items, Submit>;
  auto run = std::make_unique<Run>(pool, std::forward<F>(function), reading == Reading::eager,
                                   options, std::move(submit), std::forward<Ranges>(ranges)...);
  run->begin();
  return Pulled<Run, typename Run::Result>(std::move(run));
}

struct SubmitToPool {
  template <class P, class Task>
  auto operator()(P& pool, Task task) const {
    return pool.submit(chunk_function(std::move(task)));
  }
};

inline MapOptions unordered(MapOptions options) {
  options.keep_order = false;
  return options;
}

}  // namespace detail

// The maps as member functions of a pool P that runs any function: `class P : MapFunctions<P>`.
template <class P>
class MapFunctions {
 public:
  template <class F, std::ranges::input_range Range>
  requires MapFunction<F, Range>
  auto map(F&& function, Range&& range, MapOptions options = {}) {
    return start<detail::Zipped<Range>>(std::forward<F>(function), detail::Reading::lazy, options,
                                        std::forward<Range>(range));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B>
  requires MapFunction<F, A, B>
  auto map(F&& function, A&& a, B&& b, MapOptions options = {}) {
    return start<detail::Zipped<A, B>>(std::forward<F>(function), detail::Reading::lazy, options,
                                       std::forward<A>(a), std::forward<B>(b));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  requires MapFunction<F, A, B, C>
  auto map(F&& function, A&& a, B&& b, C&& c, MapOptions options = {}) {
    return start<detail::Zipped<A, B, C>>(std::forward<F>(function), detail::Reading::lazy, options,
                                          std::forward<A>(a), std::forward<B>(b),
                                          std::forward<C>(c));
  }
  template <class F, std::ranges::input_range Range>
  requires StarFunction<F, Range>
  auto starmap(F&& function, Range&& range, MapOptions options = {}) {
    return start<detail::Tuples<Range>>(std::forward<F>(function), detail::Reading::lazy, options,
                                        std::forward<Range>(range));
  }
  template <class F, std::ranges::input_range Range>
  requires MapFunction<F, Range>
  auto map_unordered(F&& function, Range&& range, MapOptions options = {}) {
    return map(std::forward<F>(function), std::forward<Range>(range), detail::unordered(options));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B>
  requires MapFunction<F, A, B>
  auto map_unordered(F&& function, A&& a, B&& b, MapOptions options = {}) {
    return map(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b),
               detail::unordered(options));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  requires MapFunction<F, A, B, C>
  auto map_unordered(F&& function, A&& a, B&& b, C&& c, MapOptions options = {}) {
    return map(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b),
               std::forward<C>(c), detail::unordered(options));
  }
  template <class F, std::ranges::input_range Range>
  requires StarFunction<F, Range>
  auto starmap_unordered(F&& function, Range&& range, MapOptions options = {}) {
    return starmap(std::forward<F>(function), std::forward<Range>(range),
                   detail::unordered(options));
  }
  template <class F, std::ranges::input_range Range>
  requires MapFunction<F, Range>
  auto map_all(F&& function, Range&& range, MapOptions options = {}) {
    return start<detail::Zipped<Range>>(std::forward<F>(function), detail::Reading::eager, options,
                                        std::forward<Range>(range));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B>
  requires MapFunction<F, A, B>
  auto map_all(F&& function, A&& a, B&& b, MapOptions options = {}) {
    return start<detail::Zipped<A, B>>(std::forward<F>(function), detail::Reading::eager, options,
                                       std::forward<A>(a), std::forward<B>(b));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  requires MapFunction<F, A, B, C>
  auto map_all(F&& function, A&& a, B&& b, C&& c, MapOptions options = {}) {
    return start<detail::Zipped<A, B, C>>(std::forward<F>(function), detail::Reading::eager,
                                          options, std::forward<A>(a), std::forward<B>(b),
                                          std::forward<C>(c));
  }
  template <class F, std::ranges::input_range Range>
  requires StarFunction<F, Range>
  auto starmap_all(F&& function, Range&& range, MapOptions options = {}) {
    return start<detail::Tuples<Range>>(std::forward<F>(function), detail::Reading::eager, options,
                                        std::forward<Range>(range));
  }
  template <class F, std::ranges::input_range Range>
  requires MapFunction<F, Range>
  auto map_all_unordered(F&& function, Range&& range, MapOptions options = {}) {
    return map_all(std::forward<F>(function), std::forward<Range>(range),
                   detail::unordered(options));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B>
  requires MapFunction<F, A, B>
  auto map_all_unordered(F&& function, A&& a, B&& b, MapOptions options = {}) {
    return map_all(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b),
                   detail::unordered(options));
  }
  template <class F, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  requires MapFunction<F, A, B, C>
  auto map_all_unordered(F&& function, A&& a, B&& b, C&& c, MapOptions options = {}) {
    return map_all(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b),
                   std::forward<C>(c), detail::unordered(options));
  }
  template <class F, std::ranges::input_range Range>
  requires StarFunction<F, Range>
  auto starmap_all_unordered(F&& function, Range&& range, MapOptions options = {}) {
    return starmap_all(std::forward<F>(function), std::forward<Range>(range),
                       detail::unordered(options));
  }

 protected:
  MapFunctions() = default;
  ~MapFunctions() = default;

 private:
  template <class Items, class F, class... Ranges>
  auto start(F&& function, detail::Reading reading, const MapOptions& options, Ranges&&... ranges) {
    return detail::start_map<Items>(static_cast<P&>(*this), std::forward<F>(function), reading,
                                    options, detail::SubmitToPool(),
                                    std::forward<Ranges>(ranges)...);
  }
};

}  // namespace distaff::inline v0

// Random programs: several threads submit, run, map, wait, cancel and close on one pool, whose
// tasks do the same.  From what they see and from the trace of its workers the promises of pool.h,
// thread_pool.h, inline_pool.h, future.h, map.h and completion_queue.h are checked.
// DISTAFF_PROPERTY_COUNT says how many, DISTAFF_PROPERTY_SEED which is the first; a failure names
// its seed.  What threads do is the same each time for a seed, but not how they meet.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "distaff/completion_queue.h"
#include "distaff/inline_pool.h"
#include "distaff/thread_pool.h"
#include "lib/pool_trace.h"
#include "support/timing.h"

namespace distaff::pool_property_test {
namespace {

using namespace pool_programs;
using namespace std::chrono_literals;

// 0, 1, ... as an input range that says what was read of it, and may throw.
template <class T>
class Numbers {
 public:
  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(MapRecord* map) : map_(map) {}
    T operator*() const {
      if (at_ == map_->source_fails_at) throw SourceFailed();
      map_->pulled = at_ + 1;
      if constexpr (std::same_as<T, int>) {
        return at_;
      } else {
        return T(at_, at_);
      }
    }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) {
      return it.at_ == it.map_->elements;
    }

   private:
    MapRecord* map_ = nullptr;
    int at_ = 0;
  };

  explicit Numbers(MapRecord& map) : map_(&map) {}
  iterator begin() const { return iterator(map_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  MapRecord* map_;
};

template <class P>
class Program {
  static constexpr bool kThreads = std::same_as<P, ThreadPool>;

 public:
  explicit Program(std::uint64_t seed) : plan_(seed, !kThreads), trace_(plan_) {}

  // The faults that were found.
  std::string run() {
    auto pool = std::make_unique<P>(options());
    pool_ = pool.get();
    std::vector<std::thread> clients;
    for (int i = 0; i < plan_.clients; ++i) {
      clients.emplace_back([this, i] { Client(*this, i).run(); });
    }
    for (int i = 0; i < plan_.joins; ++i) {
      const int limit = plan_.one_of({-1, 0, 50, 300});
      join(limit < 0 ? Deadline() : Deadline(microseconds(limit)), limit >= 0);
    }
    for (std::thread& client : clients) client.join();
    end();
    const bool closed = pool_->is_closed() && pool_->is_terminated();
    std::vector<CancelledTask> dropped;
    if (closed) dropped = pool_->cancelled_tasks();
    const bool before = plan_.chance(2);
    if (closed && before) rerun_all(dropped);
    pool.reset();
    trace_.ended = true;
    if (closed && !before) rerun_all(dropped);
    trace_.check_all(cancelling_ || trace_.has_hook_failed(), closed);
    return trace_.faults();
  }

 private:
  auto options() {
    const auto fill = [this](auto options) {
      if (plan_.initializes) options.initializer = [this] { trace_.initializer(); };
      if (plan_.finalizes) options.finalizer = [this] { trace_.finalizer(); };
      if (plan_.quota > 0) options.max_tasks_per_worker = plan_.quota;
      return options;
    };
    if constexpr (kThreads) {
      ThreadPoolOptions options;
      options.max_workers = plan_.workers;
      if (plan_.idle) options.idle_timeout = *plan_.idle;
      return fill(options);
    } else {
      return fill(InlinePoolOptions());
    }
  }

  // ---- refusals

  // Calls what gives a task to the pool; whether that was accepted.
  template <class F>
  bool offer(TaskRecord& task, F f) {
    const bool was_shut = shut_;
    const bool was_broken = known_broken_;
    const int joins = joins_ended_;
    auto fate = TaskRecord::accepted;
    try {
      f();
    } catch (const TaskFailed& error) {
      if (error.number != task.number || !task.fails) trace_.wrong("another's exception");
    } catch (const CancelledError&) {
      check_cancelled(task);
    } catch (const PoolClosed&) {
      fate = TaskRecord::refused;
      check_closed(joins);
    } catch (const BrokenPool& error) {
      fate = TaskRecord::refused;
      trace_.check_broken(error);
      if (was_shut) trace_.wrong("closed, but says that it is broken");
    }
    if (fate == TaskRecord::accepted && (was_shut || was_broken))
      trace_.wrong("a task is taken after the end");
    task.fate = fate;
    return fate == TaskRecord::accepted;
  }

  // `joins`: how many had ended before the call that threw PoolClosed.
  void check_closed(int joins) {
    if (!closing_ && joins_begun_ <= joins) trace_.wrong("PoolClosed by an open pool");
  }
  void check_cancelled(const TaskRecord& task) {
    if (task.cancels_begun == 0 && !cancelling_ && !trace_.has_hook_failed())
      trace_.wrong("cancelled by nobody");
  }

  // ---- what tasks are

  int body(TaskRecord& task) {
    if (here.reruns) {
      ++task.reruns;
    } else {
      ++task.runs;
      const typename Trace::Inside inside(trace_, true);
      if constexpr (kThreads) {
        if (!pool_->on_own_worker()) trace_.wrong("a task runs in a foreign thread");
      }
      trace_.starts_in_order(task);
      Draw draw(plan_.seed * 1000 + static_cast<std::uint64_t>(task.number));
      busy_for(microseconds(draw.draw(plan_.task_time)));
      if (task.depth < 3 && draw.chance(4)) nest(draw, task.depth + 1);
      if (plan_.closes && draw.chance(40)) shut_down(draw);
      ++task.ends;
    }
    if (task.fails) throw TaskFailed(task.number);
    return task.number;
  }

  // What a task does with the pool that runs it.
  void nest(Draw& draw, int depth) {
    switch (draw.draw(5)) {
      case 0:
        return run_task(draw, -1, depth);
      case 1:
        return post(draw, -1, depth);
      case 2:
        return static_cast<void>(submit(draw, -1, depth));
      case 3:
        return map(draw, depth);
      default:
        TaskRecord* const a = submit(draw, -1, depth);
        TaskRecord* const b = submit(draw, -1, depth);
        if (b != nullptr) get(*b, trace_.future_of(*b));
        if (a != nullptr) get(*a, trace_.future_of(*a));
    }
  }

  TaskRecord* submit(Draw& draw, int client, int depth) {
    TaskRecord& task = trace_.add_task(draw, client, depth);
    const bool taken = offer(task, [&] {
      if (draw.chance(2)) {
        trace_.has_future(task, pool_->submit([this, &task] { return body(task); }));
      } else {
        trace_.has_future(task, pool_->submit([](Program* program, TaskRecord* its,
                                                 std::stop_token) { return program->body(*its); },
                                              this, &task));
      }
    });
    return taken ? &task : nullptr;
  }

  // Ends when it is asked to.
  void submit_and_stop(Draw& draw, int client) {
    TaskRecord& task = trace_.add_task(draw, client, 0);
    Future<int> future;
    const bool taken = offer(task, [&] {
      future = pool_->submit([this, &task](const std::stop_token& stop) {
        while (!here.reruns && !stop.stop_requested()) std::this_thread::yield();
        return body(task);
      });
    });
    if (!taken) return;
    ++task.cancels_begun;
    trace_.has_future(task, future);
    future.request_stop();
  }

  void post(Draw& draw, int client, int depth) {
    TaskRecord& task = trace_.add_task(draw, client, depth);
    if (draw.chance(2)) {
      offer(task, [&] { pool_->post([this, &task] { body(task); }); });
    } else {  // too large to be kept in place
      offer(task, [&] {
        pool_->post(
            [this, &task, more = std::string("more"), most = std::string("most")] { body(task); });
      });
    }
  }

  void run_task(Draw& draw, int client, int depth) {
    TaskRecord& task = trace_.add_task(draw, client, depth);
    offer(task, [&] {
      const int value = pool_->run([this, &task] { return body(task); });
      if (value != task.number || task.fails) trace_.wrong("run() gives another's value");
    });
  }

  // ---- futures

  void get(const TaskRecord& task, const Future<int>& future, const Deadline& deadline = {}) {
    try {
      const int value = future.get(deadline);
      if (value != task.number || task.fails) trace_.wrong("another's value");
    } catch (const TaskFailed& error) {
      if (error.number != task.number || !task.fails) trace_.wrong("another's exception");
    } catch (const CancelledError&) {
      check_cancelled(task);
    } catch (const TimeoutError&) {
      if (!deadline.at()) trace_.wrong("a wait without a limit ends");
      if (!deadline.has_passed()) trace_.wrong("a wait ends too early");
      return;
    }
    if (!future.is_done()) trace_.wrong("a result before the end");
  }

  void cancel(TaskRecord& task, const Future<int>& future) {
    const auto before = future.status();
    ++task.cancels_begun;
    if (future.cancel()) {
      ++task.cancels;
      if (before != FutureStatus::pending || !future.is_cancelled())
        trace_.wrong("cancelled, but not from pending to cancelled");
    } else if (future.is_pending()) {
      trace_.wrong("a pending task is not cancelled");
    }
  }

  CallbackId add_callback(Draw& draw, CallbackRecord& callback, const Future<int>& future) {
    const int what = draw.draw(12);
    return future.on_done([this, &callback, what](const Future<int>& done) {
      const InCallback in_callback;
      ++callback.calls;
      if (!done.is_done()) trace_.wrong("a callback before the end");
      if (done != trace_.future_of(*callback.task)) trace_.wrong("a callback of another task");
      Draw its(static_cast<std::uint64_t>(callback.task->number));
      if (what == 0) throw TaskFailed(0);
      if (what == 1) post(its, -1, 3);
      if (what == 2) submit(its, -1, 3);
    });
  }

  // Several at once.
  void wait_for_some(Draw& draw) {
    std::vector<TaskRecord*> tasks;
    std::vector<Future<int>> futures;
    for (int i = draw.draw(5); i > 0; --i) {
      Future<int> future;
      TaskRecord* const task = trace_.any_task(draw, future);
      if (task == nullptr || std::count(tasks.begin(), tasks.end(), task) > 0) continue;
      tasks.push_back(task);
      futures.push_back(future);
    }
    const int limit = draw.one_of({-1, -1, 0, 100});
    const Deadline deadline = limit < 0 ? Deadline() : Deadline(microseconds(limit));
    switch (draw.draw(4)) {
      case 0:
        if (!wait(futures, deadline) && limit < 0) trace_.wrong("wait() of all ends early");
        return;
      case 1:
        return collect_some(tasks, futures, deadline);
      case 2: {
        CompletionQueue<int> queue;
        queue.populate(futures);
        return each_once(futures, false, limit >= 0,
                         [&] { return draw.chance(2) ? queue.get(deadline) : queue.get(); });
      }
      default: {
        const bool ordered = draw.chance(2);
        auto done = as_done(futures, {.keep_order = ordered, .deadline = deadline});
        return each_once(futures, ordered, limit >= 0, [&] { return done.next(); });
      }
    }
  }

  void collect_some(const std::vector<TaskRecord*>& tasks, const std::vector<Future<int>>& futures,
                    const Deadline& deadline) {
    const auto is_one = [&](auto what) {
      return std::any_of(tasks.begin(), tasks.end(), [&](TaskRecord* task) { return what(*task); });
    };
    try {
      const auto values = collect(futures, deadline);
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (values[i] != tasks[i]->number) trace_.wrong("collect() gives another's value");
      }
    } catch (const TaskFailed& error) {
      if (!is_one(
              [&](const TaskRecord& task) { return task.fails && task.number == error.number; }))
        trace_.wrong("collect() throws another's exception");
    } catch (const CancelledError&) {
      const bool known = cancelling_ || trace_.has_hook_failed();
      if (!known && !is_one([](const TaskRecord& task) { return task.cancels_begun > 0; }))
        trace_.wrong("collect(): cancelled by nobody");
    } catch (const TimeoutError&) {
      if (!deadline.has_passed()) trace_.wrong("collect() ends too early");
    }
  }

  template <class Next>
  void each_once(const std::vector<Future<int>>& futures, bool ordered, bool limited, Next next) {
    std::vector<std::uint64_t> given;
    try {
      while (const auto future = next()) {
        if (!future->is_done()) trace_.wrong("a future that is not done");
        if (ordered && *future != futures[given.size()]) trace_.wrong("futures out of order");
        given.push_back(future->task_id());
      }
    } catch (const TimeoutError&) {
      if (!limited) trace_.wrong("a wait without a limit ends");
      return;
    }
    std::vector<std::uint64_t> put;
    for (const auto& future : futures) put.push_back(future.task_id());
    std::sort(put.begin(), put.end());
    std::sort(given.begin(), given.end());
    if (put != given) trace_.wrong("not each future once");
  }

  // ---- maps

  int element(MapRecord& map, int index) {
    const auto place = static_cast<std::size_t>(index);
    if (here.reruns) {
      ++map.reruns[place];
    } else {
      if (map.over) trace_.wrong("a task of a map starts after the end of the map");
      ++map.runs[place];
      ++map.running;
      const typename Trace::Inside inside(trace_, index % map.chunk == 0);
      Draw draw(plan_.seed * 1000 + static_cast<std::uint64_t>(index));
      busy_for(microseconds(draw.draw(plan_.task_time)));
      if (map.depth < 2 && draw.chance(20)) nest(draw, map.depth + 1);
      if (plan_.closes && draw.chance(40)) shut_down(draw);
      --map.running;
    }
    if (map.fails(index)) throw ElementFailed(index);
    return index;
  }

  void map(Draw& draw, int depth) {
    MapRecord& map = trace_.add_map();
    map.depth = depth;
    map.elements = draw.one_of({0, 1, 3, depth > 0 ? 4 : 12});
    map.chunk = draw.one_of({1, 1, 2, 3});
    MapOptions options{.chunk_size = map.chunk};
    if (draw.chance(2)) options.window = draw.one_of({1, 2, 5});
    map.window = static_cast<int>(options.window.value_or(plan_.workers));
    const int limit = draw.one_of({-1, -1, -1, 0, 200});
    if (limit >= 0) options.timeout = map.timeout = microseconds(limit);
    if (draw.chance(4)) map.fails_at = draw.draw(map.elements + 1);
    if (draw.chance(6)) map.source_fails_at = draw.draw(map.elements + 1);
    if (draw.chance(4)) map.breaks_at = draw.draw(map.elements + 1);
    map.ordered = options.keep_order = draw.chance(2);
    map.eager = draw.chance(2);
    map.runs.resize(static_cast<std::size_t>(map.elements));
    map.reruns.resize(static_cast<std::size_t>(map.elements));
    const bool told = draw.chance(2);  // by the name of the function
    const auto of_one = [this, &map](int i) { return element(map, i); };
    const auto of_one_with_stop = [this, &map](int i, const std::stop_token&) {
      return element(map, i);
    };
    const auto of_two = [this, &map](int a, int b) {
      if (a != b) trace_.wrong("elements of two places");
      return element(map, a);
    };
    Numbers<int> numbers(map);
    switch (draw.draw(4)) {
      case 0:
        return take_all(draw, map, [&, this] {
          if (told && !map.ordered) {
            return map.eager ? pool_->map_all_unordered(of_one, numbers, options)
                             : pool_->map_unordered(of_one, numbers, options);
          }
          return map.eager ? pool_->map_all(of_one, numbers, options)
                           : pool_->map(of_one, numbers, options);
        });
      case 1:
        return take_all(draw, map, [&, this] {
          return map.eager ? pool_->map_all(of_one_with_stop, numbers, options)
                           : pool_->map(of_one_with_stop, numbers, options);
        });
      case 2: {
        // The longer of two, both by name.
        std::vector<int> other(static_cast<std::size_t>(map.elements + draw.draw(2)));
        for (std::size_t i = 0; i < other.size(); ++i) other[i] = static_cast<int>(i);
        return take_all(draw, map, [&, this] {
          return map.eager ? pool_->map_all(of_two, numbers, other, options)
                           : pool_->map(of_two, numbers, other, options);
        });
      }
      default: {
        Numbers<std::pair<int, int>> pairs(map);
        return take_all(draw, map, [&, this] {
          if (told && !map.ordered) {
            return map.eager ? pool_->starmap_all_unordered(of_two, pairs, options)
                             : pool_->starmap_unordered(of_two, pairs, options);
          }
          return map.eager ? pool_->starmap_all(of_two, pairs, options)
                           : pool_->starmap(of_two, pairs, options);
        });
      }
    }
  }

  template <class Start>
  void take_all(Draw& draw, MapRecord& map, Start start) {
    const int joins = joins_ended_;
    std::vector<int> results;
    std::exception_ptr error;
    bool broke = false;
    try {
      auto all = start();
      check_read(map, 0);
      try {
        while (!broke) {
          const auto result = all.next();
          if (!result) break;
          check_result(map, results, *result);
          results.push_back(*result);
          check_read(map, static_cast<int>(results.size()));
          if (draw.chance(8)) busy_for(microseconds(plan_.task_time));
          broke = static_cast<int>(results.size()) > map.breaks_at;
        }
      } catch (...) {
        error = std::current_exception();
      }
      if (!broke && all.next()) trace_.wrong("results behind the end of a map");
    } catch (...) {
      if (error == nullptr) error = std::current_exception();
    }
    map.over = true;
    if (map.running != 0) trace_.wrong("a task of a map runs after its end");
    if (!broke) check_end(map, static_cast<int>(results.size()), error, joins);
  }

  void check_read(const MapRecord& map, int taken) {
    if (map.eager) {
      if (map.pulled != map.elements) trace_.wrong("an eager map has not read its range");
    } else if (map.pulled > (taken == 0 ? 0 : taken + map.window * map.chunk)) {
      trace_.wrong(std::to_string(map.pulled - taken) + " elements are out");
    }
  }

  void check_result(const MapRecord& map, const std::vector<int>& before, int result) {
    if (result < 0 || result >= map.pulled) return trace_.wrong("a result of nothing");
    if (map.runs[static_cast<std::size_t>(result)] != 1) trace_.wrong("a result without a run");
    if (map.fails(result)) trace_.wrong("a failed element has a result");
    if (map.ordered ? result != static_cast<int>(before.size())
                    : std::count(before.begin(), before.end(), result) > 0) {
      trace_.wrong("results out of order, or twice");
    }
  }

  void check_end(const MapRecord& map, int taken, const std::exception_ptr& error, int joins) {
    const auto demand = [&](bool right, const char* what) {
      if (!right) trace_.wrong(std::string(what) + " after " + std::to_string(taken) + " results");
    };
    try {
      if (error != nullptr) std::rethrow_exception(error);
      demand(taken == map.elements, "a map ends early");
    } catch (const ElementFailed& failed) {
      demand(map.fails(failed.index) && failed.index < map.elements, "an exception of nothing");
      demand(!map.ordered || (failed.index == taken && taken == map.fails_at), "thrown");
    } catch (const SourceFailed&) {
      demand(map.source_fails(), "an exception of no source");
      demand(map.eager ? taken == 0 : taken == map.source_fails_at, "the source's exception");
      demand(map.eager || map.fails_at >= map.source_fails_at, "a function's exception is lost");
    } catch (const TimeoutError&) {
      demand(map.timeout.has_value(), "TimeoutError without a limit");
    } catch (const PoolClosed&) {
      check_closed(joins);
    } catch (const BrokenPool& broken) {
      trace_.check_broken(broken);
    } catch (...) {
      trace_.wrong("a map throws: " + describe(std::current_exception()));
    }
  }

  // ---- the pool's life

  void shut_down(Draw& draw) { shut_down(draw.chance(2) ? Pending::cancel : Pending::drain); }

  void shut_down(Pending pending) {
    closing_ = true;
    if (pending == Pending::cancel) cancelling_ = true;
    const bool first = pool_->shutdown(pending);
    shut_ = true;
    if (first && ++shutdowns_ > 1) trace_.wrong("shut down twice");
    if (!pool_->is_closed()) trace_.wrong("shut down, but not closed");
    if (!first || here.depth > 0) return;
    trace_.ended = true;
    if (trace_.running != 0) trace_.wrong("a task runs after shutdown()");
    if (!pool_->is_terminated()) trace_.wrong("shutdown() does not wait");
    check_stats(0, 0, 0);
    trace_.check_lives();
  }

  void join(const Deadline& deadline, bool limited) {
    const bool was_shut = shut_;
    const auto before = trace_.accepted_tasks();
    ++joins_begun_;
    const bool all = pool_->join(deadline);
    ++joins_ended_;
    if (all && was_shut) trace_.wrong("a closed pool is joined");
    if (!all && !closing_ && !limited) trace_.wrong("join() gives up");
    if (!all || closing_) return;
    for (const TaskRecord* const task : before) {
      const auto future = trace_.future_of(*task);
      if (future.valid() ? !future.is_done() : task->ends == 0 && !trace_.has_hook_failed())
        trace_.wrong("join() leaves a task behind");
    }
  }

  void look() {
    const PoolStats stats = pool_->stats();
    if (stats.busy + stats.free != stats.workers || stats.busy < 0 || stats.free < 0)
      trace_.wrong("busy and free are not all workers");
    if (stats.workers > plan_.workers) trace_.wrong("more workers than there may be");
    if (pool_->is_broken()) {
      if (!trace_.has_hook_failed()) trace_.wrong("broken by nothing");
      known_broken_ = true;
    }
    if (pool_->is_closed() && !closing_) trace_.wrong("closed by nobody");
    const bool was_shut = shut_, was_broken = known_broken_;
    try {
      pool_->check();
      if (was_shut || was_broken) trace_.wrong("check() sees nothing");
    } catch (const PoolClosed&) {
      if (!closing_) trace_.wrong("check(): closed by nobody");
    } catch (const BrokenPool& error) {
      trace_.check_broken(error);
    }
  }

  void check_stats(int workers, int busy, std::uint64_t pending) {
    const PoolStats stats = pool_->stats();
    if (stats.workers == workers && stats.busy == busy && stats.pending == pending) return;
    trace_.wrong("workers, busy, pending: " + std::to_string(stats.workers) + ", " +
                 std::to_string(stats.busy) + ", " + std::to_string(stats.pending) + ", not " +
                 std::to_string(workers) + ", " + std::to_string(busy) + ", " +
                 std::to_string(pending));
  }

  void spawn(Draw& draw) {
    const int joins = joins_ended_;
    const int count = draw.draw(4);
    try {
      const int made = count == 0 ? pool_->spawn_workers() : pool_->spawn_workers(count);
      if (made < 0 || made > (count == 0 ? plan_.workers : count))
        trace_.wrong("more workers than asked for");
    } catch (const PoolClosed&) {
      check_closed(joins);
    } catch (const BrokenPool& error) {
      trace_.check_broken(error);
    }
  }

  // Handles of dropped tasks, by a thread that found them.
  void rerun(const CancelledTask& task) {
    here.reruns = true;
    try {
      task();
    } catch (const TaskFailed&) {
    } catch (const InvalidState&) {  // it was run before
    }
    here.reruns = false;
  }

  void rerun_all(const std::vector<CancelledTask>& tasks) {
    std::uint64_t last = 0;
    for (const CancelledTask& task : tasks) {
      if (task.id() <= last) trace_.wrong("cancelled tasks are not in order");
      last = task.id();
      rerun(task);
      try {
        task();
        trace_.wrong("a cancelled task is run twice");
      } catch (const InvalidState&) {
      }
    }
    if (!tasks.empty() && !cancelling_ && !trace_.has_hook_failed())
      trace_.wrong("tasks are dropped for nothing");
  }

  // The clients are gone.
  void end() {
    if (plan_.end == Plan::End::cancel) shut_down(Pending::cancel);
    if (plan_.end == Plan::End::drain) shut_down(Pending::drain);
    if (plan_.end == Plan::End::join) end_joined();
    if (plan_.end == Plan::End::from_task) {
      TaskRecord& task = trace_.add_task(plan_, -1, 3);
      offer(task, [&] {
        pool_->post([this, &task] {
          if (!here.reruns) {
            const InCallback in_task;
            shut_down(Pending::cancel);
          }
          body(task);
        });
      });
    }
    // What the destructor does to a pool that is still open.
    closing_ = true;
    if (shutdowns_ == 0) cancelling_ = true;
  }

  void end_joined() {
    join({}, false);
    if (closing_) return;
    check_stats(0, 0, 0);
    trace_.check_lives();
    if constexpr (kThreads) {
      if (!plan_.may_break()) check_counts();
    }
  }

  // After all that happened the counts are right: each task gets its worker.
  void check_counts() {
    std::latch all_there(plan_.workers), go(1);
    for (int i = 0; i < plan_.workers; ++i) {
      pool_->post([&] {
        all_there.count_down();
        go.wait();
      });
    }
    all_there.wait();
    check_stats(plan_.workers, plan_.workers, 0);
    std::vector<Future<void>> waiting;
    for (int i = plan_.draw(4); i > 0; --i) waiting.push_back(pool_->submit([] {}));
    check_stats(plan_.workers, plan_.workers, waiting.size());
    if (!waiting.empty()) {
      if (!waiting[0].cancel()) trace_.wrong("a pending task is not cancelled");
      check_stats(plan_.workers, plan_.workers, waiting.size() - 1);
    }
    go.count_down();
    join({}, false);
    check_stats(0, 0, 0);
  }

  // ---- a thread that uses the pool

  class Client {
   public:
    Client(Program& program, int number)
        : program_(program),
          number_(number),
          draw_(program.plan_.seed * 10 + static_cast<std::uint64_t>(number)) {}

    void run() {
      for (int i = 0; i < program_.plan_.steps; ++i) step();
    }

   private:
    void step() {
      switch (draw_.draw(16)) {
        case 0:
        case 1:
          return static_cast<void>(program_.submit(draw_, number_, 0));
        case 2:
          return submit_and_watch();
        case 3:
          return program_.post(draw_, number_, 0);
        case 4:
          return program_.run_task(draw_, number_, 0);
        case 5:
        case 6:
          return program_.map(draw_, 0);
        case 7:
          if (kThreads) program_.submit_and_stop(draw_, number_);
          return;
        case 8:
          return program_.wait_for_some(draw_);
        case 9:
          return program_.look();
        case 10:
          return program_.spawn(draw_);
        case 11:
          return remove_callback();
        case 12:
          return close();
        default:
          return use_a_future();
      }
    }

    void use_a_future() {
      Future<int> future;
      TaskRecord* const task = program_.trace_.any_task(draw_, future);
      if (task == nullptr) return;
      switch (draw_.draw(4)) {
        case 0:
          return program_.get(*task, future);
        case 1:
          return program_.get(*task, future, microseconds(draw_.one_of({0, 30})));
        case 2:
          return program_.cancel(*task, future);
        default:
          return add_callback(*task, future);
      }
    }

    void submit_and_watch() {
      TaskRecord* const task = program_.submit(draw_, number_, 0);
      if (task == nullptr) return;
      const auto future = program_.trace_.future_of(*task);
      for (int i = draw_.draw(3); i > 0; --i) add_callback(*task, future);
    }

    void add_callback(TaskRecord& task, const Future<int>& future) {
      CallbackRecord& callback = program_.trace_.add_callback(task);
      callbacks_.push_back({&callback, future, program_.add_callback(draw_, callback, future)});
      if (draw_.chance(2)) remove_callback();
    }

    void remove_callback() {
      if (callbacks_.empty()) return;
      const Added added = callbacks_.back();
      callbacks_.pop_back();
      added.callback->removed = added.future.remove_callback(added.id);
    }

    void close() {
      if (program_.plan_.closes && draw_.chance(3)) program_.shut_down(draw_);
      if constexpr (kThreads) {
        if (draw_.chance(3)) program_.pool_->set_idle_timeout(microseconds(draw_.draw(100)));
      }
      for (const CancelledTask& task : program_.pool_->cancelled_tasks()) {
        if (draw_.chance(2)) program_.rerun(task);
      }
    }

    struct Added {
      CallbackRecord* callback;
      Future<int> future;
      CallbackId id;
    };

    Program& program_;
    const int number_;
    Draw draw_;
    std::vector<Added> callbacks_;
  };

  Plan plan_;
  Trace trace_;
  P* pool_ = nullptr;
  std::atomic<bool> closing_{false};     // shutdown() was called, perhaps
  std::atomic<bool> cancelling_{false};  // and waiting tasks may be dropped
  std::atomic<bool> shut_{false};        // a call of it has returned
  std::atomic<bool> known_broken_{false};
  std::atomic<int> joins_begun_{0}, joins_ended_{0};
  Count shutdowns_;
};

struct Silence {
  Silence() {
    before = set_log_sink([](LogLevel, std::string_view) {});
  }
  ~Silence() { set_log_sink(before); }
  LogSink before;
};

TEST(PoolProperty, PromisesHoldForRandomPrograms) {
  const std::uint64_t count =
      from_environment("DISTAFF_PROPERTY_COUNT", test::kSanitized ? 60 : 300);
  const std::uint64_t first = from_environment("DISTAFF_PROPERTY_SEED", 1);
  const Silence silence;
  Watchdog watchdog;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    watchdog.begin(seed);
    const std::string faults =
        seed % 8 == 0 ? Program<InlinePool>(seed).run() : Program<ThreadPool>(seed).run();
    ASSERT_EQ(faults, "") << "DISTAFF_PROPERTY_SEED=" << seed;
  }
}

}  // namespace
}  // namespace distaff::pool_property_test

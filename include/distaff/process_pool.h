#pragma once

// A pool of processes: for functions that may crash, leak, hold a global lock, or must not see what
// others do.
//
//   double area(const Tile& tile) { ... }
//   DISTAFF_REGISTER(area)                                        // see register.h
//
//   int main(int argc, char** argv) {
//     distaff::serve_as_worker(argc, argv);                       // see below
//     distaff::ProcessPool pool(4);
//     distaff::Future<double> one = pool.submit<area>(tile);      // see future.h
//     double other = pool.run<area>(Tile{1, 2});                  // submit and get
//     for (double a : pool.map<area>(tiles, {.chunk_size = 10})) sum += a;   // see map.h
//   }
//
// It is used as a ThreadPool, but runs registered functions only; what crosses the border is
// checked by the compiler.  Workers are added as tasks come, never more than max_workers, and leave
// when idle or after their quota; breaking, joining and ending are told in pool.h.
//
// What every pool has is PoolBase's, in pool.h: spawn_workers(), join(), shutdown(), check(),
// test(), stats() and counts, is_closed(), is_broken(), cancelled_tasks(), max_workers(), name().
// A worker counts from the moment it is asked for until its end is known.  Cancelled tasks can be
// called here, or by a ThreadPool.
//
// What a task throws arrives as a RemoteError, or as its own type if that is registered.  A worker
// that dies (by _exit(), a signal, exit() in a task) fails the task it had with WorkerDied, and
// another takes its place; a death in the initializer or finalizer breaks the pool.
//
// A task is handed to a worker only when that worker is free; until then Future::cancel() works.  A
// running task ends when it likes: request_stop() is not told to other processes.
//
// How workers come into being (ProcessPoolOptions::start):
//
//   fork  A server is forked when the pool is made, and forks the workers.  They have the memory,
//         open files and environment that the program had then, and only functions registered by
//         then.  Needs a process of one thread at that moment: a fork copies locks, but not the
//         threads that would open them.  While a pool or a ForkServer is open, further pools share
//         its server and may be made at any time.
//   exec  The program is executed anew for each worker, which needs serve_as_worker() at the head
//         of main().  Slower to start, and independent of what this process has done.
//
// Or a `command`: a program of any language that speaks frames on its stdin and stdout.
//
// Workers do not outlive the program, however it ends.  The signals of a terminal's keys do not end
// them: what becomes of the tasks is for the program to say.  Of descriptors a worker has those
// that were open when its server was forked (fork) or 0, 1, 2 and what is inherited by exec, and
// its own socket, which is closed on exec; with `exec`, its stdin is empty.  Results of tasks come
// by the pool's thread: callbacks of Future::on_done() run in it and hold it up, and must not wait
// for the same pool.
//
// All functions may be called from several threads at once, but for the destructor.  The destructor
// is shutdown(): it waits for running tasks.  A pool that is still open when the program ends is
// shut down by std::exit.
//
// Frames, for those who write workers in other languages: a u32 that counts the bytes behind it, a
// u8 that says what it is, a u64 with the number of the task (0 if it is about none), and a
// payload. Numbers are little-endian, `text` is a u32 length and bytes; arguments and results as
// serialize.h says.
//
//   1 start         to the worker, first: text name, u64 max_message, text initializer, text its
//                   arguments, text finalizer, text its arguments (all empty: none)
//   2 started       from the worker: the initializer has run, tasks may come
//   3 task          to the worker: text function, arguments
//   4 chunk         to the worker: text function, u32 count, so many times arguments
//   5 result        from the worker; of a task: the result.  Of a chunk: for each call a byte 1 and
//                   its result; then bytes 0 0, or, if one failed, bytes 0 1 and an error
//   6 error         from the worker: text worker, u32 count, so many times text type, text what;
//                   the outermost first, then what was nested in it
//   7 worker_error  from the worker: its initializer or finalizer failed, with an error as in 6
//   8 bye           to the worker: run the finalizer, say bye, and exit with status 0
//
// A worker gets one task at a time.  When its input ends without `bye` the pool is gone, and it
// should leave at once.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distaff/detail/function_task.h"
#include "distaff/detail/process_task.h"
#include "distaff/future.h"
#include "distaff/log.h"
#include "distaff/map.h"
#include "distaff/pool.h"
#include "distaff/register.h"

namespace distaff::inline v0 {

namespace detail {
class ForkServerProcess;
class ProcessPoolCore;
}  // namespace detail

// In a process that a pool started by `exec`: runs its tasks and does not return.  In every other:
// does nothing, but tells pools that `exec` will work.  To be called first thing in main().
void serve_as_worker(int argc, char** argv);

// Keeps the server of forked workers from now on, so that pools which are made later, when there
// are threads, can fork.  Throws std::logic_error if there are threads already, std::system_error
// if there can be no process.
//
//   int main() {
//     distaff::ForkServer server;
//     distaff::ThreadPool threads;  ...  distaff::ProcessPool processes;
class ForkServer {
 public:
  ForkServer();
  ~ForkServer();
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

 private:
  std::shared_ptr<detail::ForkServerProcess> server_;
};

enum class ProcessStart {
  automatic,  // fork if it can, else exec
  fork,
  exec,
};

enum class OnWorkerDeath {
  replace,     // the task fails, the pool goes on with another worker
  break_pool,  // the task fails and the pool breaks: BrokenPool with the WorkerDied nested
};

struct ProcessPoolOptions {
  // Processes at once.  Nothing or zero: as many as CPUs that we may use.
  std::optional<int> max_workers{};

  // Processes are called "name-1", "name-2", ... (cut to 15 bytes in `ps`).
  std::string name = "ProcessPool";

  // A worker without a task for so long leaves.  Nothing: never.  Zero: when nothing waits.
  std::optional<std::chrono::nanoseconds> idle_timeout = std::chrono::seconds(60);

  // Run in each worker, before its first and after its last task: distaff::call<open_db>("path").
  // If one throws, the pool breaks.
  RegisteredCall initializer{};
  RegisteredCall finalizer{};

  // A worker leaves after so many tasks, and another takes its place when needed.  Nothing, zero or
  // less: no limit.  A chunk of a map is one task.
  std::optional<int> max_tasks_per_worker{};

  ProcessStart start = ProcessStart::automatic;

  // If not empty: what is executed instead of this program, found in PATH if its name has no slash,
  // with its arguments.  Such workers know functions by name; see also ProcessPool::submit_named().
  std::vector<std::string> command{};

  // Bytes of arguments or of a result, of a chunk together; a task with more fails with
  // MessageError.  Below 4 GiB.
  std::size_t max_message = std::size_t{1} << 30;

  OnWorkerDeath on_worker_death = OnWorkerDeath::replace;
};

class ProcessPool : public PoolBase {
 public:
  // Throws std::invalid_argument for options out of range; std::logic_error if workers can neither
  // be forked (this process has threads) nor executed (serve_as_worker() was not called);
  // std::system_error.
  explicit ProcessPool(ProcessPoolOptions options = {});
  explicit ProcessPool(int max_workers) : ProcessPool(with_workers(max_workers)) {}
  ~ProcessPool();

  // Has Function(args...) run by a worker.  Never waits.  Throws the BrokenPool or PoolClosed;
  // PoolClosed too while another thread joins; std::logic_error if the function is not registered.
  // Arguments are converted and copied to bytes at once.
  template <auto Function, class... Args>
  auto submit(Args&&... args) {
    if constexpr (detail::check_call<Function, Args...>()) {
      using S = detail::SignatureOf<Function>;
      Encoder encoder(detail::frame_of_name<Function>());
      S::write(encoder, std::forward<Args>(args)...);
      return push<typename S::Result>(encoder.take());
    }
  }

  // Calls what the workers know as `name`: a registered function, or one of a command worker.
  // Nothing but these types says what it takes: submit_named<double(int, std::string)>("area", ...)
  template <class Signature, class... Args>
  auto submit_named(std::string_view name, Args&&... args) {
    using S = detail::Signature<std::add_pointer_t<Signature>>;
    static_assert(S::template kTakes<Args...>, "the signature does not take these arguments");
    static_assert(S::check());
    Encoder encoder(detail::begin_frame());
    encoder(std::string(name));
    S::write(encoder, std::forward<Args>(args)...);
    return push<typename S::Result>(encoder.take());
  }

  // Has Function(args...) run by a worker, and that is all: no future, no result; what goes wrong
  // is logged.  Throws as submit().
  template <auto Function, class... Args>
  void post(Args&&... args) {
    if constexpr (detail::check_call<Function, Args...>()) {
      submit<Function>(std::forward<Args>(args)...).on_done([](const auto& done) {
        if (done.is_failed()) {
          log(LogLevel::error, "a posted task failed: " + describe(done.exception()));
        }
      });
    }
  }

  // submit() and get().
  template <auto Function, class... Args>
  auto run(Args&&... args) {
    if constexpr (detail::check_call<Function, Args...>()) {
      refuse_to_wait_for_itself();
      return detail::wait_and_take(submit<Function>(std::forward<Args>(args)...));
    }
  }

  // A closure, or a function that is named as an argument: not here.
  template <class F, class... Args>
  void submit(F&&, Args&&...) {
    static_assert(detail::kNever<F>,
                  "a process pool runs registered functions: DISTAFF_REGISTER(f), then "
                  "pool.submit<f>(args...); a closure cannot be sent to another process");
  }

  // The maps of map.h, with the function in angle brackets.
  template <auto Function, std::ranges::input_range Range>
  auto map(Range&& range, MapOptions options = {}) {
    return zip<Function>(detail::Reading::lazy, options, std::forward<Range>(range));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B>
  auto map(A&& a, B&& b, MapOptions options = {}) {
    return zip<Function>(detail::Reading::lazy, options, std::forward<A>(a), std::forward<B>(b));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  auto map(A&& a, B&& b, C&& c, MapOptions options = {}) {
    return zip<Function>(detail::Reading::lazy, options, std::forward<A>(a), std::forward<B>(b),
                         std::forward<C>(c));
  }
  template <auto Function, std::ranges::input_range Range>
  auto map_unordered(Range&& range, MapOptions options = {}) {
    return map<Function>(std::forward<Range>(range), detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B>
  auto map_unordered(A&& a, B&& b, MapOptions options = {}) {
    return map<Function>(std::forward<A>(a), std::forward<B>(b), detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  auto map_unordered(A&& a, B&& b, C&& c, MapOptions options = {}) {
    return map<Function>(std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
                         detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range Range>
  auto map_all(Range&& range, MapOptions options = {}) {
    return zip<Function>(detail::Reading::eager, options, std::forward<Range>(range));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B>
  auto map_all(A&& a, B&& b, MapOptions options = {}) {
    return zip<Function>(detail::Reading::eager, options, std::forward<A>(a), std::forward<B>(b));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  auto map_all(A&& a, B&& b, C&& c, MapOptions options = {}) {
    return zip<Function>(detail::Reading::eager, options, std::forward<A>(a), std::forward<B>(b),
                         std::forward<C>(c));
  }
  template <auto Function, std::ranges::input_range Range>
  auto map_all_unordered(Range&& range, MapOptions options = {}) {
    return map_all<Function>(std::forward<Range>(range), detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B>
  auto map_all_unordered(A&& a, B&& b, MapOptions options = {}) {
    return map_all<Function>(std::forward<A>(a), std::forward<B>(b), detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range A, std::ranges::input_range B,
            std::ranges::input_range C>
  auto map_all_unordered(A&& a, B&& b, C&& c, MapOptions options = {}) {
    return map_all<Function>(std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
                             detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range Range>
  auto starmap(Range&& range, MapOptions options = {}) {
    return star<Function>(detail::Reading::lazy, options, std::forward<Range>(range));
  }
  template <auto Function, std::ranges::input_range Range>
  auto starmap_unordered(Range&& range, MapOptions options = {}) {
    return starmap<Function>(std::forward<Range>(range), detail::unordered(options));
  }
  template <auto Function, std::ranges::input_range Range>
  auto starmap_all(Range&& range, MapOptions options = {}) {
    return star<Function>(detail::Reading::eager, options, std::forward<Range>(range));
  }
  template <auto Function, std::ranges::input_range Range>
  auto starmap_all_unordered(Range&& range, MapOptions options = {}) {
    return starmap_all<Function>(std::forward<Range>(range), detail::unordered(options));
  }

  // For workers that become idle from now on.
  void set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout);

 private:
  template <auto Function>
  struct SubmitChunk {
    template <class F, class Item>
    auto operator()(ProcessPool& pool, detail::ChunkTask<F, Item> task) const {
      using R = typename detail::ChunkTask<F, Item>::Result;
      Encoder encoder(detail::frame_of_name<Function>());
      encoder.count(task.items.size());
      for (std::size_t i = 0; i < task.items.size(); ++i) {
        std::apply(
            [&](auto&... parts) {
              detail::SignatureOf<Function>::write(encoder, std::move(parts)...);
            },
            task.items[i]);
      }
      auto* const state = new detail::RemoteChunk<F, R>(&pool, pool.owner_, encoder.take(),
                                                        task.shared, task.index);
      return pool.push_state<detail::ChunkResult<R>>(state);
    }
  };

  template <auto Function, class... Ranges>
  auto zip(detail::Reading reading, const MapOptions& options, Ranges&&... ranges) {
    if constexpr (detail::check_call<Function, std::ranges::range_value_t<Ranges>...>()) {
      return detail::start_map<detail::Zipped<Ranges...>>(*this, detail::Registered<Function>(),
                                                          reading, options, SubmitChunk<Function>(),
                                                          std::forward<Ranges>(ranges)...);
    }
  }
  template <auto Function, class Range>
  auto star(detail::Reading reading, const MapOptions& options, Range&& range) {
    static_assert(StarFunction<detail::Registered<Function>, Range>,
                  "the range's elements must be tuples of what the registered function takes");
    if constexpr (detail::SignatureOf<Function>::check()) {
      return detail::start_map<detail::Tuples<Range>>(*this, detail::Registered<Function>(),
                                                      reading, options, SubmitChunk<Function>(),
                                                      std::forward<Range>(range));
    }
  }

  template <class R>
  Future<R> push(std::string frame) {
    return push_state<R>(new detail::RemoteState<R>(this, owner_, std::move(frame)));
  }
  // Takes over one reference.
  template <class R, class State>
  Future<R> push_state(State* state) {
    auto task = detail::Ref<detail::FutureBase>::adopt(state);
    Future<R> future(detail::Ref<detail::FutureState<R>>::share(state));
    push_task(std::move(task), *state);
    return future;
  }

  static ProcessPoolOptions with_workers(int max_workers) {
    ProcessPoolOptions options;
    options.max_workers = max_workers;
    return options;
  }

  void push_task(detail::Ref<detail::FutureBase> state, detail::RemoteTask& task);
  void refuse_to_wait_for_itself() const;

  detail::ProcessPoolCore* core_;  // PoolBase holds it
  detail::TaskOwner* owner_;
};

}  // namespace distaff::inline v0

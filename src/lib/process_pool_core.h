#pragma once

// The workers and the queue of a ProcessPool.
//
// One thread, the dispatcher, waits for all sockets of the pool, and sends and receives without
// blocking.  So neither a long message nor a worker that does not read holds up the others, and two
// sides that both send cannot wait for each other.  It also starts workers (the kernel kills those
// that are executed when the thread that started them ends, and this one ends last), reaps them,
// and completes futures.
//
// submit() hands a task to a free worker itself: the dispatcher need not wake for it.  That is a
// third of the way of a small task.
//
// A worker's life: requested, starting (there is a process), free or busy, leaving, and gone when
// its status is known.  What it sent before its end counts: the socket is read to its end first.
//
// Everything is under mutex_.  Futures end, and so their callbacks run, without it.  Lock order:
// mutex_, then the mutex of a task.
//
// The functions are in five files: process_start.cc has how workers come into being,
// process_tasks.cc how tasks get to them, process_events.cc what the dispatcher waits for and what
// workers say, process_ends.cc how they end and break the pool, process_pool_core.cc the rest.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "distaff/detail/process_task.h"
#include "distaff/process_pool.h"
#include "lib/breakage.h"
#include "lib/fork_server.h"
#include "lib/frame.h"
#include "lib/open_pools.h"
#include "lib/pool_core.h"
#include "lib/process_queue.h"
#include "lib/worker_socket.h"
#include "os/startup.h"

namespace distaff::inline v0::detail {

class ProcessPoolCore final : public PoolCore,
                              public TaskOwner,
                              public ClosedAtExit,
                              public std::enable_shared_from_this<ProcessPoolCore> {
 public:
  explicit ProcessPoolCore(ProcessPoolOptions options);
  ~ProcessPoolCore() override;

  // Starts the dispatcher.
  void begin();

  void push(Ref<FutureBase> state, RemoteTask& task);
  // Waits until all is gone, or, called by the dispatcher, leaves it to itself.
  void leave();

  const std::string& name() const override { return options_.name; }
  int max_workers() const override { return max_workers_; }
  int spawn(std::optional<int> count) override;
  bool join(const Deadline& deadline) override;
  bool shutdown(Pending pending) override;
  void check() const override;
  void test() const override;
  PoolStats stats() const override;
  bool is_closed() const override { return closed_.load(std::memory_order_acquire); }
  bool is_terminated() const override {
    return is_closed() && alive_.load(std::memory_order_acquire) == 0;
  }
  bool is_broken() const override { return broken_.load(std::memory_order_acquire); }
  std::vector<CancelledTask> cancelled_tasks() const override;

  void refuse_on_dispatcher() const;

  // In a forked child: the thread is the parent's, and locks may be held for ever.
  bool is_foreign() const;

  ProcessPoolOptions options() const;
  void set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout);

  void on_withdrawn() noexcept override;
  void close_at_exit() noexcept override;
  void remember_as(std::uint64_t number) { number_ = number; }

 private:
  using Clock = std::chrono::steady_clock;

  using Job = ProcessJob;

  // What an event is about, beside the worker's number.
  enum Kind : std::uint64_t { kWake, kReports, kSocket, kChild };
  static std::uint64_t event_key(std::uint64_t number, Kind kind) { return number << 2 | kind; }

  enum class Phase { requested, starting, free, busy, leaving };

  struct Worker {
    std::uint64_t number = 0;
    Phase phase = Phase::requested;
    WorkerSocket socket;
    UniqueFd pidfd;  // if it is our child
    int pid = -1;

    Job job;
    int done = 0;
    std::optional<Clock::time_point> idle_until;

    bool began = false;     // the initializer has run
    bool said_bye = false;  // or that a hook failed: it leaves by itself
    bool killed = false;    // by us, for what it sent
    std::optional<int> status;

    explicit Worker(std::size_t max_message) : socket(max_message) {}
  };

  // What is to be done without the lock.
  struct After {
    std::vector<std::pair<Job, std::string>> results;
    std::vector<std::pair<Job, std::exception_ptr>> failures;
    std::vector<ProcessQueue::Dropped> dropped;
  };

  // ---- process_pool_core.cc
  void watch_new(int fd, std::uint64_t key);
  void wake();
  // Under the lock.
  void refuse_unless_open() const;
  [[noreturn]] void raise_broken() const;
  bool all_gone() const { return workers_.empty() && queue_.empty(); }

  // ---- process_start.cc: how workers come into being.  All but the first under the lock, by the
  // dispatcher.
  void choose_start();
  void start_requested(After& after);
  // 0 or an errno.
  int start_worker(Worker& worker);
  int exec_worker(Worker& worker, int socket);
  std::string start_frame(const Worker& worker) const;
  void short_of_something(int error, After& after);

  // ---- process_tasks.cc: how tasks get to them.  Under the lock.
  // Asks for so many workers, or for those that waiting tasks need; gives the number.
  int spawn_locked(std::int64_t count);
  int spawn_missing();
  // The job was begun, and the worker has none.
  void give(Worker& worker, Job job);
  // The next job, if there is one; the worker has none.
  void give_next(Worker& worker);
  void say_bye(Worker& worker);
  void let_free_ones_go();
  // Gives the time when the next one has been idle long enough.
  std::optional<Clock::time_point> end_idle_ones();

  // ---- process_events.cc: what the dispatcher waits for, and what workers say
  void dispatch();
  void wait_for_events(std::optional<Clock::time_point> until);
  void on_socket(std::uint64_t number, std::uint32_t events);
  void on_reports();
  // Under the lock.  Receives at most so many times.
  void read_some(Worker& worker, int times, After& after);
  void take_frame(Worker& worker, Frame frame, After& after);
  // Its task fails with the reason, and it has to go.
  void spoke_nonsense(Worker& worker, const std::exception_ptr& error, After& after);

  // ---- process_ends.cc: how they end, and what becomes of their tasks and the pool
  void on_child(std::uint64_t number);
  // Without the lock: completes futures, which runs their callbacks.
  void finish(After& after);
  // Under the lock.
  void kill(Worker& worker);
  // If its status is known: reads what it sent before, and it is gone.
  void end_if_done(Worker& worker, After& after);
  void ended(Worker& worker, After& after);
  void on_server_gone(After& after);
  // By a hook, or by something else.
  void broke(std::optional<Hook> hook, const std::exception_ptr& cause, After& after);
  void take_back(After& after);
  void drop_request(Worker& worker);
  void drop_requests();

  const ProcessPoolOptions options_;
  const int max_workers_;
  const int process_;
  const Startup startup_;
  std::vector<std::string> arguments_;  // of what is executed; none: workers are forked
  std::string program_;
  std::shared_ptr<ForkServerProcess> server_;
  std::optional<ForkClient> forks_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::atomic<std::uint64_t> number_{0};  // by which it is remembered
  std::mutex leave_mutex_;
  std::thread dispatcher_;
  static thread_local const ProcessPoolCore* dispatched_here;  // whose own thread this is

  mutable std::mutex mutex_;
  std::condition_variable gone_;
  ProcessQueue queue_;
  std::uint64_t last_task_ = 0;
  std::map<std::uint64_t, Worker> workers_;
  std::uint64_t last_worker_ = 0;
  std::vector<Worker*> free_;  // the last one waits least
  int requested_ = 0;
  int starting_ = 0;                              // requested ones included
  std::optional<Clock::time_point> spawn_after_;  // the system was short of something
  std::optional<std::chrono::nanoseconds> idle_timeout_;
  int joining_ = 0;
  bool server_gone_ = false;
  bool told_of_shortage_ = false;
  Breakage breakage_;
  std::exception_ptr death_;  // broke the pool, instead of a hook

  std::atomic<bool> closed_{false};
  std::atomic<bool> broken_{false};
  std::atomic<bool> stop_{false};  // closed, broken or joining: who finds nothing leaves
  std::atomic<int> alive_{0};
};

// Throws std::logic_error if there are threads already.
std::shared_ptr<ForkServerProcess> server_for_new_pools();

}  // namespace distaff::inline v0::detail

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
// Everything is under mutex_, except that `in` of a worker is the dispatcher's alone.  Futures end,
// and so their callbacks run, without it.  Lock order: mutex_, then the mutex of a task.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
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
#include "lib/dropped_task.h"
#include "lib/fork_server.h"
#include "lib/frame.h"
#include "lib/open_pools.h"
#include "lib/pool_core.h"
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

  struct Job {
    Ref<FutureBase> state;
    RemoteTask* task = nullptr;
    bool begun = false;  // it was given to a worker that died before it could read
    explicit operator bool() const { return task != nullptr; }
  };

  // What an event is about, beside the worker's number.
  enum Kind : std::uint64_t { kWake, kReports, kSocket, kChild };
  static std::uint64_t event_key(std::uint64_t number, Kind kind) { return number << 2 | kind; }

  enum class Phase { requested, starting, free, busy, leaving };

  struct Worker {
    std::uint64_t number = 0;
    Phase phase = Phase::requested;
    UniqueFd socket;
    UniqueFd pidfd;  // if it is our child
    int pid = -1;
    FrameReader in;

    Job job;
    int done = 0;
    std::deque<std::string> out;
    std::size_t sent = 0;  // bytes of the first of `out`
    bool watched_for_room = false;
    std::optional<Clock::time_point> idle_until;

    bool began = false;     // the initializer has run
    bool said_bye = false;  // or that a hook failed: it leaves by itself
    bool at_end = false;    // of what it sends
    bool killed = false;    // by us, for what it sent
    std::optional<int> status;

    explicit Worker(std::size_t max_message) : in(max_message) {}
  };

  // What is to be done without the lock.
  struct After {
    std::vector<std::pair<Job, std::string>> results;
    std::vector<std::pair<Job, std::exception_ptr>> failures;
    struct Dropped {
      std::uint64_t id;
      std::shared_ptr<DroppedTask> task;
    };
    std::vector<Dropped> dropped;
  };
  using Dropped = After::Dropped;

  // ---- under the lock
  void refuse_unless_open() const;
  [[noreturn]] void raise_broken() const;
  std::int64_t pending() const;
  int spawn_locked(std::int64_t count);
  int spawn_missing();
  bool give(Worker& worker, Job job);
  void give_next(Worker& worker);
  void say_bye(Worker& worker);
  void enqueue(Worker& worker, std::string frame);
  void send_some(Worker& worker);
  void watch(Worker& worker);
  void let_free_ones_go();
  void take_back(After& after);
  // By a hook, or by something else.
  void broke(std::optional<Hook> hook, const std::exception_ptr& cause, After& after);
  void drop_request(Worker& worker);
  void drop_requests();
  void take_frame(Worker& worker, Frame frame, After& after);
  void spoke_nonsense(Worker& worker, const std::exception_ptr& error, After& after);
  void ended(Worker& worker, After& after);
  void purge();
  bool all_gone() const;
  std::string start_frame(const Worker& worker) const;

  // ---- without it
  void finish(After& after);

  // ---- by the dispatcher
  void choose_start();
  void watch_new(int fd, std::uint64_t key);
  void dispatch();
  void wait_for_events(std::optional<Clock::time_point> until);
  void start_requested(After& after);
  // 0 or an errno.
  int start_worker(Worker& worker);
  int exec_worker(Worker& worker, int socket);
  void short_of_something(int error, After& after);
  void kill(Worker& worker);
  void on_socket(std::uint64_t number, std::uint32_t events);
  void on_child(std::uint64_t number);
  void on_reports();
  void on_server_gone(After& after);
  void read_some(Worker& worker, int times, After& after);
  void end_if_done(Worker& worker, After& after);
  std::optional<Clock::time_point> end_idle_ones();
  void wake();

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
  std::atomic<std::thread::id> dispatcher_id_{};

  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::deque<Job> queue_;
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
  std::vector<Dropped> dropped_;

  std::atomic<bool> closed_{false};
  std::atomic<bool> broken_{false};
  std::atomic<bool> stop_{false};  // closed, broken or joining: who finds nothing leaves
  std::atomic<int> alive_{0};
  std::atomic<std::int64_t> withdrawn_{0};
};

// Throws std::logic_error if there are threads already.
std::shared_ptr<ForkServerProcess> server_for_new_pools();

}  // namespace distaff::inline v0::detail

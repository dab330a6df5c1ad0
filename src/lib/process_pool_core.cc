#include "lib/process_pool_core.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "distaff/errors.h"
#include "os/cpus.h"

namespace distaff::inline v0::detail {
namespace {

const ProcessPoolOptions& checked(const ProcessPoolOptions& options) {
  if (options.max_workers.value_or(0) < 0) {
    throw std::invalid_argument("max_workers is " + std::to_string(*options.max_workers) +
                                "; it must be 1 or more, or 0 for as many as CPUs");
  }
  if (options.max_message < 1024 || options.max_message > 0xffff0000U) {
    throw std::invalid_argument("max_message is " + std::to_string(options.max_message) +
                                " bytes; it must be at least 1024 and below 4 GiB");
  }
  return options;
}

std::system_error system_error(const char* what) {
  return std::system_error(errno, std::generic_category(), what);
}

}  // namespace

ProcessPoolCore::ProcessPoolCore(ProcessPoolOptions options)
    : options_(checked(options)),
      max_workers_(options_.max_workers.value_or(0) > 0 ? *options_.max_workers : usable_cpus()),
      process_(getpid()),
      startup_(look_around()),
      idle_timeout_(options_.idle_timeout) {
  choose_start();  // first, so that forked workers have none of the pool's descriptors
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !wake_) throw system_error("no descriptors for a process pool");
  watch_new(wake_.get(), event_key(0, kWake));
  if (forks_) watch_new(forks_->fd(), event_key(0, kReports));
}

ProcessPoolCore::~ProcessPoolCore() {
  if (dispatcher_.joinable()) dispatcher_.detach();
}

void ProcessPoolCore::begin() {
  // Signals are for the program's own threads.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  try {
    dispatcher_ = std::thread([self = shared_from_this()] { self->dispatch(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void ProcessPoolCore::watch_new(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw system_error("cannot wait for a worker");
  }
}

void ProcessPoolCore::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
}

bool ProcessPoolCore::join(const Deadline& deadline) {
  refuse_on_dispatcher();
  std::unique_lock lock(mutex_);
  if (is_closed()) return false;
  ++joining_;
  stop_.store(true);
  let_free_ones_go();
  wake();
  const auto gone = [this] { return all_gone(); };
  bool all = true;
  if (deadline.at()) {
    all = gone_.wait_until(lock, *deadline.at(), gone);
  } else {
    gone_.wait(lock, gone);
  }
  --joining_;
  stop_.store(is_closed() || is_broken() || joining_ > 0);
  if (!all && spawn_missing() > 0) wake();
  return all;
}

bool ProcessPoolCore::shutdown(Pending pending) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed()) return false;
    closed_.store(true, std::memory_order_release);
    stop_.store(true);
    if (pending == Pending::cancel) {
      take_back(after);
      drop_requests();
    }
    let_free_ones_go();
    wake();
  }
  finish(after);
  leave();
  return true;
}

void ProcessPoolCore::leave() {
  if (const auto number = number_.exchange(0); number != 0) forget_pool(number);
  if (dispatched_here == this) return;
  const std::lock_guard lock(leave_mutex_);
  if (dispatcher_.joinable()) dispatcher_.join();
}

bool ProcessPoolCore::is_foreign() const { return process_ != getpid(); }

void ProcessPoolCore::close_at_exit() noexcept { shutdown(Pending::cancel); }

void ProcessPoolCore::raise_broken() const {
  if (death_ == nullptr) breakage_.raise(options_.name);
  try {
    std::rethrow_exception(death_);
  } catch (...) {
    throw BrokenPool(options_.name + " is broken");
  }
}

void ProcessPoolCore::refuse_unless_open() const {
  if (is_closed()) throw PoolClosed(options_.name + " is shut down");
  if (is_broken()) raise_broken();
  if (joining_ > 0) throw PoolClosed(options_.name + " is being joined");
}

void ProcessPoolCore::check() const {
  const std::lock_guard lock(mutex_);
  if (is_closed()) throw PoolClosed(options_.name + " is shut down");
  if (is_broken()) raise_broken();
}

void ProcessPoolCore::refuse_on_dispatcher() const {
  if (dispatched_here != this) return;
  throw InvalidState("a callback in the pool's own thread would wait for itself");
}

std::vector<CancelledTask> ProcessPoolCore::cancelled_tasks() const {
  const std::lock_guard lock(mutex_);
  return queue_.dropped();
}

PoolStats ProcessPoolCore::stats() const {
  if (is_closed()) return {};
  const std::lock_guard lock(mutex_);
  PoolStats stats;
  stats.workers = alive_.load();
  for (const auto& [number, worker] : workers_) stats.busy += worker.phase == Phase::busy;
  stats.free = stats.workers - stats.busy;
  stats.pending = static_cast<std::uint64_t>(std::max<std::int64_t>(queue_.pending(), 0));
  return stats;
}

ProcessPoolOptions ProcessPoolCore::options() const {
  ProcessPoolOptions options = options_;
  const std::lock_guard lock(mutex_);
  options.idle_timeout = idle_timeout_;
  return options;
}

void ProcessPoolCore::set_idle_timeout(std::optional<std::chrono::nanoseconds> timeout) {
  const std::lock_guard lock(mutex_);
  idle_timeout_ = timeout;
}

}  // namespace distaff::inline v0::detail

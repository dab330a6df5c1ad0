#include "lib/process_pool_core.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "lib/worker_loop.h"
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

// ---- tasks

std::int64_t ProcessPoolCore::pending() const {
  return static_cast<std::int64_t>(queue_.size()) - withdrawn_.load();
}

void ProcessPoolCore::push(Ref<FutureBase> state, RemoteTask& task) {
  const auto size = task.frame().size() - kFrameHead;
  std::unique_lock lock(mutex_);
  refuse_unless_open();
  state->set_id(++last_task_);
  if (size > options_.max_message) {
    lock.unlock();
    task.fail(std::make_exception_ptr(
        MessageError("arguments of " + std::to_string(size) + " bytes are longer than the " +
                     std::to_string(options_.max_message) + " of max_message")));
    return;
  }
  Job job{std::move(state), &task, false};
  if (queue_.empty() && !free_.empty()) {
    Worker& worker = *free_.back();
    free_.pop_back();
    give(worker, std::move(job));
    return;
  }
  queue_.push_back(std::move(job));
  if (spawn_missing() > 0) wake();
}

void ProcessPoolCore::on_withdrawn() noexcept {
  withdrawn_.fetch_add(1);
  // Somebody may wait for the queue to be empty.
  if (stop_.load()) wake();
}

// False if the task was cancelled.
bool ProcessPoolCore::give(Worker& worker, Job job) {
  if (!job.begun && !job.state->start()) {
    withdrawn_.fetch_sub(1);
    return false;
  }
  job.begun = true;
  worker.phase = Phase::busy;
  worker.idle_until.reset();
  worker.job = std::move(job);
  enqueue(worker, worker.job.task->take_frame());
  return true;
}

// The worker has no task.
void ProcessPoolCore::give_next(Worker& worker) {
  const int quota = options_.max_tasks_per_worker.value_or(0);
  if (quota > 0 && worker.done >= quota) return say_bye(worker);
  while (!queue_.empty()) {
    Job job = std::move(queue_.front());
    queue_.pop_front();
    if (give(worker, std::move(job))) return;
  }
  const bool at_once = idle_timeout_ && idle_timeout_->count() <= 0;
  if (stop_.load() || at_once) return say_bye(worker);
  worker.phase = Phase::free;
  if (idle_timeout_) worker.idle_until = Deadline(*idle_timeout_).at();
  free_.push_back(&worker);
}

void ProcessPoolCore::say_bye(Worker& worker) {
  worker.phase = Phase::leaving;
  worker.idle_until.reset();
  std::string frame = begin_frame();
  seal_frame(frame, FrameTag::bye, 0);
  enqueue(worker, std::move(frame));
}

void ProcessPoolCore::enqueue(Worker& worker, std::string frame) {
  worker.out.push_back(std::move(frame));
  if (worker.out.size() == 1) send_some(worker);
}

void ProcessPoolCore::send_some(Worker& worker) {
  while (!worker.out.empty()) {
    const std::string& first = worker.out.front();
    const ssize_t sent = send(worker.socket.get(), first.data() + worker.sent,
                              first.size() - worker.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    // An error that is not about room: the worker is dead, and we shall hear of it.
    if (sent < 0) break;
    worker.sent += static_cast<std::size_t>(sent);
    if (worker.sent < first.size()) continue;
    worker.out.pop_front();
    worker.sent = 0;
  }
  watch(worker);
}

void ProcessPoolCore::watch(Worker& worker) {
  const bool wants = !worker.out.empty() && !worker.at_end;
  if (wants == worker.watched_for_room || worker.at_end) return;
  worker.watched_for_room = wants;
  epoll_event event{};
  event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
  event.data.u64 = event_key(worker.number, kSocket);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, worker.socket.get(), &event);
}

void ProcessPoolCore::let_free_ones_go() {
  for (Worker* const worker : std::exchange(free_, {})) say_bye(*worker);
}

void ProcessPoolCore::take_back(After& after) {
  for (Job& job : std::exchange(queue_, {})) {
    if (job.begun) {
      after.failures.emplace_back(
          job, std::make_exception_ptr(CancelledError("the pool ended before the task could run")));
      continue;
    }
    const bool waits = job.state->status() == FutureStatus::pending;
    const auto id = job.state->id();
    auto task = std::make_shared<DroppedTask>(Task::of(job.state.leak()));
    after.dropped.push_back({id, task});
    if (waits) dropped_.push_back({id, std::move(task)});
  }
}

void ProcessPoolCore::finish(After& after) {
  for (auto& [job, payload] : after.results) job.task->complete(payload);
  for (auto& [job, error] : after.failures) job.task->fail(error);
  for (const Dropped& each : after.dropped) {
    if (each.task->state()->revoke()) continue;
    // Withdrawn before us, perhaps just now: then it is not ours to list.
    withdrawn_.fetch_sub(1);
    const std::lock_guard lock(mutex_);
    std::erase_if(dropped_, [&](const Dropped& listed) { return listed.id == each.id; });
  }
  after = {};
}

// Drops the queue if all in it was cancelled.
void ProcessPoolCore::purge() {
  if (queue_.empty() || pending() > 0) return;
  for (Job& job : std::exchange(queue_, {})) {
    if (!job.begun && !job.state->start()) {
      withdrawn_.fetch_sub(1);
    } else {
      job.begun = true;
      queue_.push_back(std::move(job));
    }
  }
}

std::vector<CancelledTask> ProcessPoolCore::cancelled_tasks() const {
  std::vector<CancelledTask> tasks;
  const std::lock_guard lock(mutex_);
  for (const Dropped& each : dropped_) tasks.push_back(DroppedTask::handle(each.id, each.task));
  return tasks;
}

// ---- workers

int ProcessPoolCore::spawn_locked(std::int64_t count) {
  count = std::min<std::int64_t>(count, max_workers_ - alive_.load());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto number = ++last_worker_;
    Worker& worker = workers_.try_emplace(number, options_.max_message).first->second;
    worker.number = number;
    ++requested_;
    ++starting_;
    alive_.fetch_add(1);
  }
  return static_cast<int>(std::max<std::int64_t>(count, 0));
}

int ProcessPoolCore::spawn_missing() {
  return spawn_locked(pending() - starting_ - static_cast<std::int64_t>(free_.size()));
}

int ProcessPoolCore::spawn(std::optional<int> count) {
  const std::lock_guard lock(mutex_);
  refuse_unless_open();
  const int made = count ? spawn_locked(*count) : spawn_missing();
  if (made > 0) wake();
  return made;
}

void ProcessPoolCore::take_frame(Worker& worker, Frame frame, After& after) {
  switch (frame.tag) {
    case FrameTag::started:
      if (worker.phase != Phase::starting) break;
      worker.began = true;
      --starting_;
      return give_next(worker);
    case FrameTag::result:
    case FrameTag::error:
      if (worker.phase != Phase::busy || worker.job.state->id() != frame.id) break;
      if (frame.tag == FrameTag::result) {
        after.results.emplace_back(std::exchange(worker.job, {}), std::move(frame.payload));
      } else {
        Decoder decoder(frame.payload);
        const auto error = read_thrown(decoder);
        after.failures.emplace_back(std::exchange(worker.job, {}), error);
      }
      ++worker.done;
      return give_next(worker);
    case FrameTag::worker_error: {
      if (worker.phase != Phase::starting && worker.phase != Phase::leaving) break;
      Decoder decoder(frame.payload);
      const auto cause = read_thrown(decoder);
      worker.said_bye = true;
      if (worker.phase == Phase::starting) {
        --starting_;
        worker.phase = Phase::leaving;
      }
      return broke(worker.began ? Hook::finalizer : Hook::initializer, cause, after);
    }
    case FrameTag::bye:
      if (worker.phase != Phase::leaving) break;
      worker.said_bye = true;
      return;
    default:
      break;
  }
  throw MessageError("a worker sent a frame that does not fit what it was asked for");
}

// Its task fails with the reason, and it has to go.
void ProcessPoolCore::spoke_nonsense(Worker& worker, const std::exception_ptr& error,
                                     After& after) {
  if (worker.job) after.failures.emplace_back(std::exchange(worker.job, {}), error);
  log(LogLevel::error, options_.name + ": worker process " + std::to_string(worker.pid) +
                           " is ended: " + describe(error));
  worker.killed = true;
  worker.at_end = true;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.socket.get(), nullptr);
  kill(worker);
}

void ProcessPoolCore::ended(Worker& worker, After& after) {
  const auto died = std::make_exception_ptr(WorkerDied(worker.pid, worker.status.value_or(0)));
  const bool in_time = worker.phase == Phase::leaving && (worker.said_bye || worker.status == 0);
  const bool was_starting = worker.phase == Phase::starting;
  if (was_starting) --starting_;
  std::erase(free_, &worker);
  const bool unread = worker.job && worker.sent == 0 && !worker.out.empty();
  if (unread) worker.job.task->put_back(std::move(worker.out.front()));
  Job job = std::exchange(worker.job, {});
  const Phase phase = worker.phase;
  const bool killed = worker.killed;
  const int pid = worker.pid;
  if (worker.socket) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.socket.get(), nullptr);
  workers_.erase(worker.number);
  alive_.fetch_sub(1);

  if (was_starting && !killed) {
    broke(Hook::initializer, died, after);
  } else if (was_starting) {
    broke(Hook::initializer,
          std::make_exception_ptr(
              MessageError("process " + std::to_string(pid) + " does not speak as a worker does")),
          after);
  } else if (phase == Phase::leaving && !in_time) {
    broke(Hook::finalizer, died, after);
  } else if (phase != Phase::leaving && !killed) {
    if (options_.on_worker_death == OnWorkerDeath::break_pool) {
      if (job) after.failures.emplace_back(std::exchange(job, {}), died);
      broke(std::nullopt, died, after);
    } else if (unread) {
      queue_.push_front(std::exchange(job, {}));
    } else if (job) {
      after.failures.emplace_back(std::exchange(job, {}), died);
    } else {
      log(LogLevel::warning, options_.name + ": an idle " + describe(died));
    }
  }
  if (!is_broken()) spawn_missing();
}

bool ProcessPoolCore::all_gone() const { return workers_.empty() && queue_.empty(); }

// ---- the dispatcher

void ProcessPoolCore::dispatch() {
  dispatcher_id_ = std::this_thread::get_id();
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  for (;;) {
    After after;
    std::optional<Clock::time_point> until;
    bool finished = false;
    {
      const std::lock_guard lock(mutex_);
      until = end_idle_ones();
      start_requested(after);
      purge();
      if (requested_ > 0 && spawn_after_ && (!until || *spawn_after_ < *until)) {
        until = spawn_after_;
      }
      if (all_gone()) {
        gone_.notify_all();
        finished = is_closed();
      }
    }
    const bool busy = !after.failures.empty() || !after.dropped.empty();
    finish(after);
    if (finished) return;
    if (!busy) wait_for_events(until);
  }
}

void ProcessPoolCore::wait_for_events(std::optional<Clock::time_point> until) {
  epoll_event events[32];
  int timeout = -1;
  if (until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  const int count = epoll_wait(epoll_.get(), events, 32, timeout);
  for (int i = 0; i < count; ++i) {
    const auto number = events[i].data.u64 >> 2;
    switch (events[i].data.u64 & 3) {
      case kWake: {
        std::uint64_t value = 0;
        [[maybe_unused]] const auto got = read(wake_.get(), &value, sizeof value);
        break;
      }
      case kReports:
        on_reports();
        break;
      case kSocket:
        on_socket(number, events[i].events);
        break;
      default:
        on_child(number);
    }
  }
}

// Gives the time when the next one has been idle long enough.
std::optional<ProcessPoolCore::Clock::time_point> ProcessPoolCore::end_idle_ones() {
  const auto now = Clock::now();
  std::optional<Clock::time_point> next;
  std::vector<Worker*> over;
  std::erase_if(free_, [&](Worker* worker) {
    if (!worker->idle_until) return false;
    if (*worker->idle_until <= now) {
      over.push_back(worker);
      return true;
    }
    if (!next || *worker->idle_until < *next) next = worker->idle_until;
    return false;
  });
  for (Worker* const worker : over) say_bye(*worker);
  return next;
}

void ProcessPoolCore::on_socket(std::uint64_t number, std::uint32_t events) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(number);
    if (found == workers_.end()) return;
    Worker& worker = found->second;
    if ((events & EPOLLOUT) != 0) send_some(worker);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some(worker, 1, after);
    end_if_done(worker, after);
  }
  finish(after);
}

// Receives at most so many times.
void ProcessPoolCore::read_some(Worker& worker, int times, After& after) {
  try {
    for (int i = 0; i < times && !worker.at_end; ++i) {
      switch (worker.in.fill(worker.socket.get())) {
        case FrameReader::Got::nothing:
          return;
        case FrameReader::Got::end:
          worker.at_end = true;
          epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.socket.get(), nullptr);
          // It has left, or is of no use any more.
          if (worker.phase != Phase::leaving) kill(worker);
          return;
        case FrameReader::Got::some:
          while (auto frame = worker.in.next()) take_frame(worker, std::move(*frame), after);
      }
    }
  } catch (const MessageError&) {
    spoke_nonsense(worker, std::current_exception(), after);
  }
}

void ProcessPoolCore::end_if_done(Worker& worker, After& after) {
  if (!worker.status) return;
  // A child that it left behind may hold the socket open; what it sent itself is there now.
  read_some(worker, 1 << 20, after);
  ended(worker, after);
}

void ProcessPoolCore::on_reports() {
  After after;
  {
    const std::lock_guard lock(mutex_);
    for (;;) {
      const auto [report, gone] = forks_->next();
      if (gone && !server_gone_) on_server_gone(after);
      if (!report) break;
      const auto found = workers_.find(report->worker);
      if (found == workers_.end()) continue;
      Worker& worker = found->second;
      switch (report->what) {
        case ForkReport::What::forked:
          worker.pid = report->pid;
          break;
        case ForkReport::What::failed:
          epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.socket.get(), nullptr);
          worker.socket.reset();
          worker.out.clear();
          worker.sent = 0;
          worker.watched_for_room = false;
          worker.at_end = false;
          worker.phase = Phase::requested;
          ++requested_;
          short_of_something(report->status, after);
          break;
        case ForkReport::What::ended:
          worker.status = report->status;
          end_if_done(worker, after);
      }
    }
  }
  finish(after);
}

void ProcessPoolCore::on_server_gone(After& after) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, forks_->fd(), nullptr);
  server_gone_ = true;
  broke(std::nullopt, std::make_exception_ptr(Error("the server of forked workers is gone")),
        after);
  // The kernel has killed them with it.
  while (!workers_.empty()) {
    Worker& worker = workers_.begin()->second;
    if (worker.phase == Phase::requested) {
      drop_request(worker);
    } else {
      worker.status = SIGKILL;
      end_if_done(worker, after);
    }
  }
}

// ---- the pool's life

void ProcessPoolCore::broke(std::optional<Hook> hook, const std::exception_ptr& cause,
                            After& after) {
  if (hook) {
    log_broken(options_.name, *hook, cause);
    breakage_.add(*hook, cause);
  } else {
    log(LogLevel::critical, options_.name + " is broken: " + describe(cause));
    if (death_ == nullptr && !breakage_.any()) death_ = cause;
  }
  broken_.store(true, std::memory_order_release);
  stop_.store(true);
  take_back(after);
  drop_requests();
  let_free_ones_go();
}

void ProcessPoolCore::drop_request(Worker& worker) {
  --requested_;
  --starting_;
  alive_.fetch_sub(1);
  workers_.erase(worker.number);
}

void ProcessPoolCore::drop_requests() {
  std::vector<Worker*> requests;
  for (auto& [number, worker] : workers_) {
    if (worker.phase == Phase::requested) requests.push_back(&worker);
  }
  for (Worker* const worker : requests) drop_request(*worker);
}

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
  if (dispatcher_id_.load() != std::this_thread::get_id()) return;
  throw InvalidState("a callback in the pool's own thread would wait for itself");
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
  if (dispatcher_id_.load() == std::this_thread::get_id()) return;
  const std::lock_guard lock(leave_mutex_);
  if (dispatcher_.joinable()) dispatcher_.join();
}

bool ProcessPoolCore::is_foreign() const { return process_ != getpid(); }

void ProcessPoolCore::close_at_exit() noexcept { shutdown(Pending::cancel); }

PoolStats ProcessPoolCore::stats() const {
  if (is_closed()) return {};
  const std::lock_guard lock(mutex_);
  PoolStats stats;
  stats.workers = alive_.load();
  for (const auto& [number, worker] : workers_) stats.busy += worker.phase == Phase::busy;
  stats.free = stats.workers - stats.busy;
  stats.pending = static_cast<std::uint64_t>(std::max<std::int64_t>(pending(), 0));
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

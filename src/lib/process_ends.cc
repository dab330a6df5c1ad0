// How workers of a ProcessPool end, and what becomes of their tasks and of the pool.

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "lib/process_pool_core.h"

namespace distaff::inline v0::detail {

void ProcessPoolCore::kill(Worker& worker) {
  if (worker.status) return;
  if (worker.pidfd) {
    ::kill(worker.pid, SIGKILL);  // not reaped yet, so the number is its own
  } else if (forks_) {
    forks_->kill(worker.number);
  }
}

void ProcessPoolCore::on_child(std::uint64_t number) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(number);
    if (found == workers_.end()) return;
    Worker& worker = found->second;
    int status = 0;
    // Reaped by somebody else in the program: it has ended, and that is all we know.
    if (waitpid(worker.pid, &status, WNOHANG) == 0) return;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.pidfd.get(), nullptr);
    worker.status = status;
    end_if_done(worker, after);
  }
  finish(after);
}

void ProcessPoolCore::end_if_done(Worker& worker, After& after) {
  if (!worker.status) return;
  // A child that it left behind may hold the socket open; what it sent itself is there now.
  read_some(worker, 1 << 20, after);
  ended(worker, after);
}

void ProcessPoolCore::ended(Worker& worker, After& after) {
  const auto died = std::make_exception_ptr(WorkerDied(worker.pid, worker.status.value_or(0)));
  const bool in_time = worker.phase == Phase::leaving && (worker.said_bye || worker.status == 0);
  const bool was_starting = worker.phase == Phase::starting;
  if (was_starting) --starting_;
  std::erase(free_, &worker);
  const bool unread = worker.job && worker.socket.has_unsent();
  if (unread) worker.job.task->put_back(worker.socket.take_unsent());
  Job job = std::exchange(worker.job, {});
  const Phase phase = worker.phase;
  const bool killed = worker.killed;
  const int pid = worker.pid;
  worker.socket.close();
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

void ProcessPoolCore::take_back(After& after) {
  auto taken = queue_.take_back();
  for (Job& job : taken.begun) {
    after.failures.emplace_back(
        std::move(job),
        std::make_exception_ptr(CancelledError("the pool ended before the task could run")));
  }
  std::move(taken.dropped.begin(), taken.dropped.end(), std::back_inserter(after.dropped));
}

void ProcessPoolCore::finish(After& after) {
  for (auto& [job, payload] : after.results) job.task->complete(payload);
  for (auto& [job, error] : after.failures) job.task->fail(error);
  for (const auto& each : after.dropped) {
    if (each.task->state()->revoke()) continue;
    // Withdrawn before us, perhaps just now: then it is not ours to list.
    const std::lock_guard lock(mutex_);
    queue_.unlist(each.id);
  }
  after = {};
}

}  // namespace distaff::inline v0::detail

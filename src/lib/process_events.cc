// What wakes the dispatcher of a ProcessPool, and what workers say.

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "lib/process_pool_core.h"

namespace distaff::inline v0::detail {

// Not by the thread's id: that of a thread that was joined is soon another's.
thread_local const ProcessPoolCore* ProcessPoolCore::dispatched_here = nullptr;

void ProcessPoolCore::dispatch() {
  dispatched_here = this;
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  for (;;) {
    After after;
    std::optional<Clock::time_point> until;
    bool finished = false;
    {
      const std::lock_guard lock(mutex_);
      until = end_idle_ones();
      start_requested(after);
      queue_.purge();
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

void ProcessPoolCore::on_socket(std::uint64_t number, std::uint32_t events) {
  After after;
  {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(number);
    if (found == workers_.end()) return;
    Worker& worker = found->second;
    if ((events & EPOLLOUT) != 0) worker.socket.send_more();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some(worker, 1, after);
    end_if_done(worker, after);
  }
  finish(after);
}

void ProcessPoolCore::read_some(Worker& worker, int times, After& after) {
  try {
    for (int i = 0; i < times && !worker.socket.at_end(); ++i) {
      switch (worker.socket.receive()) {
        case FrameReader::Got::nothing:
          return;
        case FrameReader::Got::end:
          // It has left, or is of no use any more.
          if (worker.phase != Phase::leaving) kill(worker);
          return;
        case FrameReader::Got::some:
          while (auto frame = worker.socket.next()) take_frame(worker, std::move(*frame), after);
      }
    }
  } catch (const MessageError&) {
    spoke_nonsense(worker, std::current_exception(), after);
  }
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

void ProcessPoolCore::spoke_nonsense(Worker& worker, const std::exception_ptr& error,
                                     After& after) {
  if (worker.job) after.failures.emplace_back(std::exchange(worker.job, {}), error);
  log(LogLevel::error, options_.name + ": worker process " + std::to_string(worker.pid) +
                           " is ended: " + describe(error));
  worker.killed = true;
  worker.socket.stop_listening();
  kill(worker);
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
          worker.socket.close();
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

}  // namespace distaff::inline v0::detail

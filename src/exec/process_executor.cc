#include "exec/process_executor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "os/fatal.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

// What a pipe holds: one read empties it, and a loud job cannot keep the others waiting.
constexpr std::size_t kReadSize = 64 << 10;

// After a job's end its pipe may hold more than that (F_SETPIPE_SZ), but whoever keeps it open may
// also write without end.
constexpr std::size_t kMostAfterEnd = 1 << 20;

// Between TERM and KILL for a job that was stopped because it asked the terminal.
constexpr Duration kTimeToTidyUp = 1s;
constexpr Duration kUnwatched = 1ms;   // see watch_old_jobs()
constexpr Duration kTryAgain = 100ms;  // when the kernel had no room

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// A vfork child counts our pages as its own until exec, so the greatest resident set is never less
// than ours; the kernel keeps no other number.
Usage usage_of(const rusage& usage, Duration wall) {
  return {wall, duration_of(usage.ru_utime), duration_of(usage.ru_stime), usage.ru_maxrss};
}

Outcome outcome_of(int status) {
  if (WIFSIGNALED(status)) return Outcome::signalled(WTERMSIG(status));
  return Outcome::exited(WEXITSTATUS(status));
}

Executor::StartResult cannot_prepare(int error) {
  const bool shortage = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC;
  if (shortage) return {Executor::Start::shortage, Outcome::not_started(error, "no descriptor")};
  return {Executor::Start::failed,
          Outcome::not_started(0, "there is no terminal (/dev/tty) for --stdin tty")};
}

// A shell that waits for input is stopped; it notices TERM only once it goes on.
bool ends_a_program(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

void make_nonblocking(const UniqueFd& fd, int access) {
  fcntl(fd.get(), F_SETFL, access | O_NONBLOCK);
}

}  // namespace

ProcessExecutor::ProcessExecutor(Options options, EventLoop& loop, ExecEvents& events)
    : options_(std::move(options)),
      loop_(loop),
      events_(events),
      launcher_({.startup = options_.startup,
                 .environment = options_.environment,
                 .own_group = options_.stdin_from != Stdin::tty,
                 .nice = options_.nice}),
      child_signals_(loop, options_.startup, {SIGCHLD}, [this](int, TimePoint) { reap(); }),
      buffer_(std::make_unique_for_overwrite<char[]>(kReadSize)) {}

ProcessExecutor::~ProcessExecutor() {
  for (auto& [id, job] : jobs_) forget(job);
}

int ProcessExecutor::descriptors_per_job(Capture capture, bool feeds_stdin) {
  return (capture == Capture::pipe ? 2 : 0) + (feeds_stdin ? 1 : 0);
}

// ---- starting

Executor::StartResult ProcessExecutor::start(JobId id, const Launch& launch) {
  assert(!jobs_.contains(id));
  Job& job = jobs_[id];
  job.id = id;
  ChildEnds ends;
  int error = make_pipes(job, ends, launch);
  if (error == 0 && job.feed && !watch(job, job.feed.get(), EPOLLOUT)) error = errno;
  if (error != 0) {
    forget(job);
    jobs_.erase(id);
    return cannot_prepare(error);
  }

  job.started = EventLoop::now();
  const Launcher::Result result = launcher_.launch(launch, stdio(ends));
  if (result.start.start != Start::started) {
    forget(job);
    jobs_.erase(id);
    return result.start;
  }
  job.pid = result.pid;
  by_pid_.emplace(job.pid, &job);
  if (job.has_pipes() && reading_) unwatched_.emplace_back(job.started + kUnwatched, id);
  return result.start;
}

int ProcessExecutor::make_pipes(Job& job, ChildEnds& ends, const Launch& launch) {
  int error = open_shared_files();
  if (error == 0 && launch.stdin_text) error = make_feed(job, ends.in, *launch.stdin_text);
  if (options_.capture != Capture::pipe) return error;
  if (error == 0) error = make_output_pipe(job.out, ends.out);
  if (error == 0) error = make_output_pipe(job.err, ends.err);
  return error;
}

int ProcessExecutor::make_output_pipe(UniqueFd& ours, UniqueFd& childs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return errno;
  ours.reset(ends[0]);
  childs.reset(ends[1]);
  make_nonblocking(ours, O_RDONLY);  // the child's end has flags of its own
  return 0;
}

// As a rule the text fits into the pipe, and nothing remains to be done.
int ProcessExecutor::make_feed(Job& job, UniqueFd& childs, const std::string& text) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return errno;
  childs.reset(ends[0]);
  job.feed.reset(ends[1]);
  make_nonblocking(job.feed, O_WRONLY);
  const ssize_t put = text.empty() ? 0 : write(job.feed.get(), text.data(), text.size());
  const std::size_t written = put > 0 ? static_cast<std::size_t>(put) : 0;
  if (written == text.size()) {
    job.feed.reset();
  } else {
    job.text.assign(text, written);
  }
  return 0;
}

// Opened at the first job, since shortage is not fatal there, and close-on-exec.
int ProcessExecutor::open_shared_files() {
  const auto open_once = [](UniqueFd& fd, const char* path, int flags) {
    if (!fd) fd.reset(open(path, flags | O_CLOEXEC));
    return fd ? 0 : errno;
  };
  int error = 0;
  if (options_.stdin_from == Stdin::null) {
    error = open_once(null_in_, "/dev/null", O_RDONLY);
  } else if (!isatty(STDIN_FILENO)) {
    error = open_once(tty_, "/dev/tty", O_RDWR);
  }
  if (error == 0 && options_.capture == Capture::null) {
    error = open_once(null_out_, "/dev/null", O_WRONLY);
  }
  return error;
}

std::array<int, 3> ProcessExecutor::stdio(const ChildEnds& ends) const {
  std::array<int, 3> stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  if (ends.in) {
    stdio[0] = ends.in.get();
  } else if (null_in_ || tty_) {
    stdio[0] = null_in_ ? null_in_.get() : tty_.get();
  }
  if (options_.capture == Capture::pipe) {
    stdio[1] = ends.out.get();
    stdio[2] = ends.err.get();
  } else if (options_.capture == Capture::null) {
    stdio[1] = stdio[2] = null_out_.get();
  }
  return stdio;
}

bool ProcessExecutor::watch(Job& job, int fd, std::uint32_t events) {
  if (by_fd_.size() <= static_cast<std::size_t>(fd)) by_fd_.resize(fd + 1);
  by_fd_[fd] = &job;
  return loop_.add(fd, events, this);
}

void ProcessExecutor::forget(Job& job) {
  close_fd(job.out);
  close_fd(job.err);
  close_fd(job.feed);
  set_timer(job, {});
}

// A child between vfork and exec may hold a copy of the descriptor, so closing it does not end the
// watch.
void ProcessExecutor::close_fd(UniqueFd& fd) {
  loop_.remove(fd.get());
  fd.reset();
}

// ---- bytes

void ProcessExecutor::on_ready(int fd, std::uint32_t events) {
  Job& job = *by_fd_[fd];
  if (fd == job.feed.get()) {
    feed(job);
    return;
  }
  const bool hung_up = (events & EPOLLHUP) != 0;
  if (fd == job.out.get()) {
    read_some(job, job.out, Stream::out, 1, hung_up);
  } else if (fd == job.err.get()) {
    read_some(job, job.err, Stream::err, 1, hung_up);
  }
  if (job.over() && !job.has_pipes()) closed(job, false);
}

void ProcessExecutor::feed(Job& job) {
  const ssize_t put = write(job.feed.get(), job.text.data() + job.fed, job.text.size() - job.fed);
  if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (put > 0) job.fed += static_cast<std::size_t>(put);
  // A job need not read what it is given: EPIPE.
  if (put < 0 || job.fed == job.text.size()) {
    close_fd(job.feed);
    job.text = {};
  }
}

// Reads what is there, until it has at least `most` bytes, and closes the pipe at its end.  Once it
// is `hung_up` nothing can be added, and a read that gives less than it could was the last.
void ProcessExecutor::read_some(Job& job, UniqueFd& fd, Stream stream, std::size_t most,
                                bool hung_up) {
  for (std::size_t total = 0; total < most && reading_;) {
    const ssize_t got = read(fd.get(), buffer_.get(), kReadSize);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    const std::size_t size = got > 0 ? static_cast<std::size_t>(got) : 0;
    const bool last = size == 0 || (hung_up && size < kReadSize);
    if (last) close_fd(fd);
    if (size > 0) events_.on_output(job.id, stream, {buffer_.get(), size});
    if (last) return;
    total += size;
  }
}

void ProcessExecutor::read_rest(Job& job) {
  if (job.out) read_some(job, job.out, Stream::out, kMostAfterEnd, false);
  if (job.err) read_some(job, job.err, Stream::err, kMostAfterEnd, false);
}

void ProcessExecutor::set_reading(bool on) {
  if (reading_ == on) return;
  reading_ = on;
  unwatched_.clear();  // on: all are watched from here on
  const TimePoint now = EventLoop::now();
  for (auto& [id, job] : jobs_) {
    if (!on) {
      unwatch_output(job);
    } else if (!watch_output(job)) {
      unwatched_.emplace_front(now + kTryAgain, id);
    }
    if (job.over()) set_timer(job, on ? std::optional(now + options_.grace) : std::nullopt);
  }
}

// False if the kernel has no room for a watch.
bool ProcessExecutor::watch_output(Job& job) {
  if (job.watched) return true;
  const bool out = !job.out || watch(job, job.out.get(), EPOLLIN);
  const bool err = !job.err || watch(job, job.err.get(), EPOLLIN);
  job.watched = true;
  if (!out || !err) unwatch_output(job);
  return job.watched;
}

// Taken out of the loop, not only ignored: what is readable would wake us without end.
void ProcessExecutor::unwatch_output(Job& job) {
  loop_.remove(job.out.get());
  loop_.remove(job.err.get());
  job.watched = false;
}

// Most jobs are short, and end with all they wrote in their pipes: watching these would cost four
// system calls and wake us twice more, for nothing.  So a job is watched from a millisecond on.
void ProcessExecutor::watch_old_jobs(TimePoint now) {
  while (!unwatched_.empty()) {
    const auto [when, id] = unwatched_.front();
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && when > now) return;
    unwatched_.pop_front();
    if (found == jobs_.end()) continue;
    if (!watch_output(found->second)) {
      unwatched_.emplace_front(now + kTryAgain, id);
      return;
    }
  }
}

// ---- ends

void ProcessExecutor::reap() {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end()) continue;  // an orphan that came to us, or not a job
    Job& job = *found->second;
    if (WIFSTOPPED(status)) {
      stopped(job, WSTOPSIG(status));
    } else {
      ended(job, status, usage);
    }
  }
}

// The kernel stops a background process group that asks the terminal.  Nobody would ever continue
// it, so it is ended: at once if it asks again.
void ProcessExecutor::stopped(Job& job, int signal) {
  if (options_.stdin_from == Stdin::tty || (signal != SIGTTIN && signal != SIGTTOU)) return;
  send(job, job.wants_tty ? SIGKILL : SIGTERM);
  job.wants_tty = true;
  set_timer(job, EventLoop::now() + kTimeToTidyUp);
}

void ProcessExecutor::ended(Job& job, int status, const rusage& usage) {
  const TimePoint now = EventLoop::now();
  by_pid_.erase(job.pid);
  job.pid = -1;
  set_timer(job, {});
  close_fd(job.feed);

  Attempt attempt{outcome_of(status), usage_of(usage, now - job.started)};
  if (job.wants_tty) {
    attempt.outcome = {Outcome::Kind::wants_tty, 0,
                       "it asked the terminal; --stdin tty with -j 1 gives it to the job"};
  }
  events_.on_end(job.id, attempt);

  read_rest(job);
  if (!job.has_pipes()) {
    closed(job, false);
  } else if (reading_) {
    set_timer(job, now + options_.grace);
    unwatched_.emplace_front(now, job.id);
  }
}

void ProcessExecutor::closed(Job& job, bool kept_open) {
  const JobId id = job.id;
  forget(job);
  jobs_.erase(id);
  events_.on_closed(id, kept_open);
}

// ---- time

std::optional<TimePoint> ProcessExecutor::wake_at() const {
  std::optional<TimePoint> earliest;
  if (!timers_.empty()) earliest = timers_.begin()->first;
  if (!unwatched_.empty() && (!earliest || unwatched_.front().first < *earliest)) {
    earliest = unwatched_.front().first;
  }
  return earliest;
}

void ProcessExecutor::tick(TimePoint now) {
  watch_old_jobs(now);
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Job& job = jobs_.at(timers_.begin()->second);
    set_timer(job, {});
    if (!job.over()) {
      send(job, SIGKILL);
      continue;
    }
    read_rest(job);
    if (reading_ || !job.has_pipes()) closed(job, job.has_pipes());
  }
}

void ProcessExecutor::set_timer(Job& job, std::optional<TimePoint> when) {
  if (job.timer) timers_.erase({*job.timer, job.id});
  job.timer = when;
  if (when) timers_.emplace(*when, job.id);
}

// ---- signals

void ProcessExecutor::signal(JobId id, int signal) {
  const auto found = jobs_.find(id);
  if (found != jobs_.end() && !found->second.over()) send(found->second, signal);
}

void ProcessExecutor::signal_all(int signal) {
  for (const auto& [pid, job] : by_pid_) send(*job, signal);
}

// The leader is not reaped, so its number, and its process group's, are nobody else's.  It may have
// moved to another group.
void ProcessExecutor::send(const Job& job, int signal) const {
  const bool own_group = options_.stdin_from != Stdin::tty;
  const auto deliver = [&](int number) {
    if (!own_group || (kill(-job.pid, number) < 0 && errno == ESRCH)) kill(job.pid, number);
  };
  deliver(signal);
  if (ends_a_program(signal)) deliver(SIGCONT);
}

}  // namespace distaff

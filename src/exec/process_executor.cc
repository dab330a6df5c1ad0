#include "exec/process_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "os/fatal.h"
#include "os/process_limits.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

// What a pipe holds: one read empties it, and a loud job cannot keep the others waiting.
constexpr std::size_t kReadSize = 64 << 10;

// After a job's end its pipe may hold more than that (F_SETPIPE_SZ), but whoever keeps it open may
// also write without end.
constexpr std::size_t kMostAfterEnd = 1 << 20;

constexpr int kLargePipe = 1 << 20;  // what everybody may have
constexpr int kMostLargePipes = 8;

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

std::string why_short(int error) {
  if (error != EMFILE) return strerrordesc_np(error);
  return fmt::format("there is no file descriptor for a job: {}", describe(open_files()));
}

Executor::StartResult cannot_prepare(int error) {
  const bool shortage = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC;
  if (shortage) return {Executor::Start::shortage, Outcome::not_started(error, why_short(error))};
  return {Executor::Start::failed,
          Outcome::not_started(0, "there is no terminal (/dev/tty) for --stdin tty")};
}

// Somebody can still write to it.
bool has_writers(const UniqueFd& pipe) {
  pollfd asked{pipe.get(), 0, 0};
  return pipe && poll(&asked, 1, 0) == 0;
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
      buffer_(std::make_unique_for_overwrite<char[]>(kReadSize)),
      trees_(options_.run_id) {}

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
    if (error == EMFILE) fuses_.clear();  // jobs need descriptors more
    forget(job);
    jobs_.erase(id);
    return cannot_prepare(error);
  }

  take_fuse(job);
  job.started = EventLoop::now();
  const Launcher::Result result = launch_in(launch, ends, job.fuse);
  if (result.start.start != Start::started) {
    put_back_fuse(job, false);
    forget(job);
    jobs_.erase(id);
    return result.start;
  }
  if (job.fuse) job.fuse->it_is_armed();
  job.pid = result.pid;
  by_pid_.emplace(job.pid, &job);
  unwatched_.emplace_back(job.started + kUnwatched, id);
  return result.start;
}

Launcher::Result ProcessExecutor::launch_in(const Launch& launch, const ChildEnds& ends,
                                            const std::optional<GroupFuse>& fuse) try {
  return launcher_.launch(launch, stdio(ends), fuse);
} catch (const std::bad_alloc&) {
  return {{Start::shortage, Outcome::not_started(ENOMEM, why_short(ENOMEM))}, -1};
}

int ProcessExecutor::make_pipes(Job& job, ChildEnds& ends, const Launch& launch) {
  int error = open_shared_files();
  if (error == 0 && launch.is_fed()) error = make_feed(job, ends.in, launch);
  if (options_.capture != Capture::pipe) return error;
  if (error == 0) error = make_output_pipe(job.pipes[0].fd, ends.out);
  if (error == 0) error = make_output_pipe(job.pipes[1].fd, ends.err);
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
int ProcessExecutor::make_feed(Job& job, UniqueFd& childs, const Launch& launch) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return errno;
  childs.reset(ends[0]);
  job.feed.reset(ends[1]);
  make_nonblocking(job.feed, O_WRONLY);
  if (launch.stdin_batch) {
    job.batch = launch.stdin_batch;
    if (feed_batch(job)) job.feed.reset();
    return 0;
  }
  const std::string& text = *launch.stdin_text;
  const ssize_t put = text.empty() ? 0 : write(job.feed.get(), text.data(), text.size());
  const std::size_t written = put > 0 ? static_cast<std::size_t>(put) : 0;
  if (written == text.size()) {
    job.feed.reset();
  } else {
    try {
      job.text.assign(text, written);
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
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
  for (Pipe& pipe : job.pipes) close_pipe(pipe);
  close_fd(job.feed);
  set_timer(job, {});
}

// A child between vfork and exec may hold a copy of the descriptor, so closing it does not end the
// watch.
void ProcessExecutor::close_fd(UniqueFd& fd) {
  loop_.remove(fd.get());
  fd.reset();
}

void ProcessExecutor::close_pipe(Pipe& pipe) {
  if (pipe.large) --large_pipes_;
  close_fd(pipe.fd);
  pipe = {};
}

// ---- bytes

void ProcessExecutor::on_ready(int fd, std::uint32_t events) {
  Job& job = *by_fd_[fd];
  if (fd == job.feed.get()) {
    feed(job);
    return;
  }
  const bool hung_up = (events & EPOLLHUP) != 0;
  read_some(job, fd == job.pipes[0].fd.get() ? Stream::out : Stream::err, 1, hung_up);
  close_if_done(job);
}

// True if it needs no more: all was written, or the job does not read it.
bool ProcessExecutor::feed_batch(Job& job) {
  for (; job.piece < job.batch->pieces(); ++job.piece, job.fed = 0) {
    const std::string_view left = job.batch->piece(job.piece).substr(job.fed);
    const ssize_t put = write(job.feed.get(), left.data(), left.size());
    if (put < 0) return errno != EAGAIN && errno != EINTR;
    job.fed += static_cast<std::size_t>(put);
    if (static_cast<std::size_t>(put) < left.size()) return false;
  }
  return true;
}

void ProcessExecutor::feed(Job& job) {
  if (job.batch) {
    if (!feed_batch(job)) return;
    close_fd(job.feed);
    job.batch.reset();
    return;
  }
  const ssize_t put = write(job.feed.get(), job.text.data() + job.fed, job.text.size() - job.fed);
  if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (put > 0) job.fed += static_cast<std::size_t>(put);
  // A job need not read what it is given: EPIPE.
  if (put < 0 || job.fed == job.text.size()) {
    close_fd(job.feed);
    job.text = {};
  }
}

// Takes what is there, until it has at least `most` bytes or there is no room, and closes the pipe
// at its end.
void ProcessExecutor::read_some(Job& job, Stream stream, std::size_t most, bool hung_up) {
  Pipe& pipe = job.pipe(stream);
  for (std::size_t total = 0; total < most && pipe.fd;) {
    const Intake intake = events_.room(job.id, stream);
    if (intake.most == 0) return leave_alone(pipe);
    const auto before = taken_;
    if (!take(job, stream, intake, hung_up)) return;
    total += taken_ - before;
  }
}

// One piece; false if there is no more now.  Once the pipe is `hung_up` nothing can be added, and a
// read that gives less than it could was the last.
bool ProcessExecutor::take(Job& job, Stream stream, const Intake& intake, bool hung_up) {
  Pipe& pipe = job.pipe(stream);
  if (intake.target != nullptr) {
    const PipeTarget::Moved moved = intake.target->take_from(pipe.fd.get(), intake.most);
    using Why = PipeTarget::Moved::Why;
    if (moved.why == Why::ended) close_pipe(pipe);
    if (moved.bytes > 0) {
      if (moved.bytes >= kReadSize) enlarge(pipe);
      taken(pipe, moved.bytes);
      events_.on_moved(job.id, stream, moved.bytes);
    }
    return moved.why != Why::ended && moved.why != Why::empty;
  }
  const std::size_t wanted = std::min(intake.most, kReadSize);
  const ssize_t got = read(pipe.fd.get(), buffer_.get(), wanted);
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && errno == EAGAIN) return false;
  const std::size_t size = got > 0 ? static_cast<std::size_t>(got) : 0;
  const bool last = size == 0 || (hung_up && size < wanted);
  if (last) close_pipe(pipe);
  if (size == kReadSize) enlarge(pipe);
  if (size > 0) {
    taken(pipe, size);
    events_.on_output(job.id, stream, {buffer_.get(), size});
  }
  return !last;
}

// A job that fills its pipe is switched to and fro less with a larger one.  The system grants a
// user only some in all, so only a few jobs have one.
void ProcessExecutor::enlarge(Pipe& pipe) {
  if (pipe.large || large_pipes_ == kMostLargePipes || !pipe.fd) return;
  pipe.large = fcntl(pipe.fd.get(), F_SETPIPE_SZ, kLargePipe) > 0;
  if (pipe.large) ++large_pipes_;
}

void ProcessExecutor::taken(Pipe& pipe, std::size_t bytes) {
  taken_ += bytes;
  pipe.owed -= std::min(pipe.owed, bytes);
}

void ProcessExecutor::read_rest(Job& job) {
  read_some(job, Stream::out, kMostAfterEnd, false);
  read_some(job, Stream::err, kMostAfterEnd, false);
}

// Taken out of the loop, not only ignored: what is readable would wake us without end.
void ProcessExecutor::unwatch(Pipe& pipe) {
  if (pipe.watched) loop_.remove(pipe.fd.get());
  pipe.watched = false;
}

void ProcessExecutor::leave_alone(Pipe& pipe) {
  unwatch(pipe);
  pipe.left_alone = true;
}

void ProcessExecutor::read_again(JobId id) {
  const auto found = jobs_.find(id);
  if (found != jobs_.end()) read_again(found->second, EventLoop::now());
}

void ProcessExecutor::read_again() {
  const TimePoint now = EventLoop::now();
  for (auto& [id, job] : jobs_) read_again(job, now);
}

void ProcessExecutor::read_again(Job& job, TimePoint now) {
  bool any = false;
  for (Pipe& pipe : job.pipes) any = std::exchange(pipe.left_alone, false) || any;
  if (any && !watch_output(job)) unwatched_.emplace_front(now + kTryAgain, job.id);
}

// False if the kernel has no room for a watch.
bool ProcessExecutor::watch_output(Job& job) {
  bool all = true;
  for (Pipe& pipe : job.pipes) {
    if (!pipe.fd || pipe.watched || pipe.left_alone) continue;
    pipe.watched = watch(job, pipe.fd.get(), EPOLLIN);
    all = all && pipe.watched;
  }
  return all;
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

// As a rule one child has exited, and SIGCHLD says which; so it costs one look to see that there is
// no other.
void ProcessExecutor::reap() {
  const signalfd_siginfo& told = child_signals_.info();
  if (told.ssi_code == CLD_EXITED) reap(static_cast<pid_t>(told.ssi_pid), false);
  for (;;) {
    // Looked at before it is gone: only then can be seen whether its program was ever there.
    siginfo_t seen{};
    const int found = waitid(P_ALL, 0, &seen, WEXITED | WSTOPPED | WNOHANG | WNOWAIT);
    if (found < 0 && errno == EINTR) continue;
    if (found < 0 || seen.si_pid == 0) return;
    const bool killed = seen.si_code == CLD_KILLED || seen.si_code == CLD_DUMPED;
    reap(seen.si_pid, killed && by_pid_.contains(seen.si_pid) && is_before_exec(seen.si_pid));
  }
}

// A child of ours; nothing if it has neither ended nor stopped.
void ProcessExecutor::reap(pid_t child, bool before_exec) {
  int status = 0;
  rusage usage{};
  pid_t pid = 0;
  do {
    pid = wait4(child, &status, WNOHANG | WUNTRACED, &usage);
  } while (pid < 0 && errno == EINTR);
  if (pid <= 0) return;
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) return;  // an orphan that came to us, or not a job
  Job& job = *found->second;
  if (WIFSTOPPED(status)) return stopped(job, WSTOPSIG(status));
  Outcome outcome = outcome_of(status);
  if (before_exec) {
    outcome = Outcome::cancelled(
        fmt::format("ended by {} before its program was there", describe(outcome)));
  }
  ended(job, std::move(outcome), usage);
}

// The kernel stops a background process group that asks the terminal.  Nobody would ever continue
// it, so it is ended: at once if it asks again.
void ProcessExecutor::stopped(Job& job, int signal) {
  if (options_.stdin_from == Stdin::tty || (signal != SIGTTIN && signal != SIGTTOU)) return;
  this->signal(job.id, job.wants_tty ? SIGKILL : SIGTERM);
  job.wants_tty = true;
  set_timer(job, EventLoop::now() + kTimeToTidyUp);
}

void ProcessExecutor::ended(Job& job, Outcome outcome, const rusage& usage) {
  const TimePoint now = EventLoop::now();
  const pid_t pid = std::exchange(job.pid, -1);
  by_pid_.erase(pid);
  set_timer(job, {});
  close_fd(job.feed);
  if (job.told != 0) {
    linger(job, now);
  } else {
    keep_sight_of_group(job, pid);
  }

  Attempt attempt{std::move(outcome), usage_of(usage, now - job.started), job.told != 0};
  if (job.wants_tty) {
    attempt.outcome = {Outcome::Kind::wants_tty, 0,
                       "it asked the terminal; --stdin tty with -j 1 gives it to the job"};
  }
  events_.on_end(job.id, attempt);

  read_rest(job);
  if (!job.has_pipes()) return closed(job, false);
  note_what_is_owed(job);
  set_timer(job, now + options_.grace);
  unwatched_.emplace_front(now, job.id);
}

// What its pipes hold when it ends is the job's, however long it takes until there is room for it.
void ProcessExecutor::note_what_is_owed(Job& job) {
  for (Pipe& pipe : job.pipes) {
    int size = 0;
    if (pipe.left_alone && ioctl(pipe.fd.get(), FIONREAD, &size) == 0 && size > 0) {
      pipe.owed = static_cast<std::size_t>(size);
    }
  }
}

void ProcessExecutor::close_if_done(Job& job) {
  if (!job.over()) return;
  if (!job.has_pipes()) return closed(job, false);
  if (job.late && !job.owes() && (has_writers(job.pipes[0].fd) || has_writers(job.pipes[1].fd))) {
    closed(job, true);
  }
}

void ProcessExecutor::closed(Job& job, bool kept_open) {
  const JobId id = job.id;
  forget(job);
  if (job.lingers) {
    job.closing = kept_open;
    return;
  }
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
  if (look_at_ && (!earliest || *look_at_ < *earliest)) earliest = look_at_;
  return earliest;
}

void ProcessExecutor::tick(TimePoint now) {
  watch_old_jobs(now);
  if (look_at_ && *look_at_ <= now) look_after_remains(now);
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Job& job = jobs_.at(timers_.begin()->second);
    set_timer(job, {});
    if (!job.over()) {
      if (job.refused) {
        give_up(job);
      } else {
        signal(job.id, SIGKILL);
      }
      continue;
    }
    read_rest(job);
    if (job.lingers) {
      if (job.has_pipes()) set_timer(job, now + options_.grace);
      continue;
    }
    job.late = true;
    close_if_done(job);
  }
}

void ProcessExecutor::set_timer(Job& job, std::optional<TimePoint> when) {
  if (job.timer) timers_.erase({*job.timer, job.id});
  job.timer = when;
  if (when) timers_.emplace(*when, job.id);
}

}  // namespace distaff

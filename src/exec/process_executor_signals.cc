// The half of ProcessExecutor that ends jobs, and what they leave behind.

#include <fmt/format.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "exec/process_executor.h"

namespace distaff {
namespace {

using namespace std::chrono_literals;

// For what lingers of a job that we end: until it is killed, and until we give up.
constexpr Duration kTimeToFollow = 1s;
constexpr Duration kTimeToDie = 2s;
constexpr Duration kLookAgain = 10ms;
constexpr Duration kLookAgainSoon = 1ms;  // while it is killed, and may be forking

constexpr std::size_t kMostLeftFuses = 64;
constexpr std::size_t kMostFusesAtOnce = 8;

// A shell that waits for input is stopped; it notices TERM only once it goes on.
bool ends_a_program(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

// A child of ours, which has not been reaped.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

// Signals that do not mean the end of a job.
bool pauses(int signal) { return signal == SIGTSTP || signal == SIGCONT || signal == SIGSTOP; }

Sent tell(const ProcessEntry& process, int signal) {
  const Sent sent = send_signal(process, signal);
  if (ends_a_program(signal)) send_signal(process, SIGCONT);
  return sent;
}

std::string named(const std::vector<ProcessEntry>& processes) {
  std::string names;
  for (const ProcessEntry& process : processes) {
    names += fmt::format("{}{} (pid {})", names.empty() ? "" : ", ",
                         printable(command_line(process.pid)), process.pid);
  }
  return names;
}

void pause_for(Duration time) {
  const timespec span{0, static_cast<long>(time.count())};
  nanosleep(&span, nullptr);
}

}  // namespace

// ---- signals

void ProcessExecutor::signal(JobId id, int signal) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || (found->second.over() && !found->second.lingers)) return;
  deliver(found->second, signal, look([id](JobId job) { return job == id; }));
}

void ProcessExecutor::signal_all(int signal) {
  if (by_pid_.empty() && lingering_.empty()) return;
  const auto trees = look([](JobId) { return true; });
  for (const auto& [pid, job] : by_pid_) deliver(*job, signal, trees);
  for (const JobId id : lingering_) deliver(jobs_.at(id), signal, trees);
}

std::optional<JobId> ProcessExecutor::job_of(pid_t child) const {
  const auto found = by_pid_.find(child);
  if (found == by_pid_.end()) return std::nullopt;
  return found->second->id;
}

JobTrees::Trees ProcessExecutor::look(const std::function<bool(JobId)>& wanted) const {
  return trees_.look([this](pid_t child) { return job_of(child); }, wanted);
}

// What is below the job was looked at before the first signal: once its parents have died of it,
// nobody can tell any more where a process came from.
void ProcessExecutor::deliver(Job& job, int signal, const JobTrees::Trees& trees) {
  const bool own_group = options_.stdin_from != Stdin::tty;
  const pid_t leader = job.pid;
  const bool ends = !pauses(signal);
  // It ended by itself, and we have not come to hear of it yet.
  if (ends && !job.over() && has_ended(job.pid)) return;
  const auto tree = trees.find(job.id);
  if (ends) {
    job.told = signal;
    job.told_at = ticks_since_boot();
    if (tree != trees.end()) {
      for (const ProcessEntry& process : tree->second) trees_.remember(job.id, process);
    }
  }
  if (!job.over() && !send(job, signal) && signal == SIGKILL && !job.refused) {
    job.refused = true;
    set_timer(job, EventLoop::now() + kTimeToDie);
  }
  if (job.lingers && signal == SIGKILL) job.kill_at = std::min(job.kill_at, EventLoop::now());
  if (tree == trees.end()) return;
  for (const ProcessEntry& process : tree->second) {
    const bool has_it = process.pid == leader || (own_group && process.group == leader);
    if (!has_it) tell(process, signal);
  }
}

// The leader is not reaped, so its number, and its process group's, are nobody else's.  It may have
// moved to another group.  False: it is another user's.
bool ProcessExecutor::send(const Job& job, int signal) const {
  const bool own_group = options_.stdin_from != Stdin::tty;
  const auto deliver = [&](int number) {
    int result = own_group ? kill(-job.pid, number) : -1;
    if (!own_group || (result < 0 && errno == ESRCH)) result = kill(job.pid, number);
    return result == 0 || errno != EPERM;
  };
  const bool allowed = deliver(signal);
  if (ends_a_program(signal)) deliver(SIGCONT);
  return allowed;
}

// ---- what outlives its job

void ProcessExecutor::linger(Job& job, TimePoint now) {
  job.lingers = true;
  job.kill_at = job.told == SIGKILL ? now : now + kTimeToFollow;
  lingering_.push_back(job.id);
  look_at_ = now;
}

void ProcessExecutor::look_after_remains(TimePoint now) {
  look_at_.reset();
  const auto orphans = look([](JobId) { return false; });
  const std::vector<JobId> ids = lingering_;
  bool killing = false;
  for (const JobId id : ids) {
    Job& job = jobs_.at(id);
    const auto left = orphans.find(id);
    if (left == orphans.end()) {
      settle(job);
      continue;
    }
    killing = killing || now >= job.kill_at;
    end_remains(job, left->second, now);
  }
  if (!lingering_.empty()) look_at_ = now + (killing ? kLookAgainSoon : kLookAgain);
}

// Our look at the tree may have missed a process that was forked in that moment, and so it was
// never told.  One that started later is another matter: somebody who was told runs it to tidy up.
// Of those that started within the same tick, orphans are taken for the first, and others for the
// second.
bool ProcessExecutor::was_missed(const Job& job, const ProcessEntry& process) const {
  if (trees_.knows(process) || process.started > job.told_at) return false;
  return process.started < job.told_at || process.parent == getpid();
}

void ProcessExecutor::end_remains(Job& job, const std::vector<ProcessEntry>& left, TimePoint now) {
  if (now >= job.kill_at + kTimeToDie) {
    options_.warn(
        fmt::format("job {}: what it started cannot be ended: {}", number(job.id), named(left)));
    for (const ProcessEntry& process : left) given_up_.insert(process.pid);
    return settle(job);
  }
  const int signal = now >= job.kill_at ? SIGKILL : job.told;
  for (const ProcessEntry& process : left) {
    if (signal != SIGKILL && !was_missed(job, process)) continue;
    trees_.remember(job.id, process);
    tell(process, signal);
  }
}

// Nothing lingers of the job any more.
void ProcessExecutor::settle(Job& job) {
  job.lingers = false;
  std::erase(lingering_, job.id);
  trees_.forget(job.id);
  put_back_fuse(job, true);
  if (job.closing) return closed(job, *job.closing);
  close_if_done(job);
}

// A job that cannot be ended must not keep the run from its end.
void ProcessExecutor::give_up(Job& job) {
  options_.warn(
      fmt::format("job {} cannot be ended, as it runs as another user: {} (pid {}) is left running",
                  number(job.id), printable(command_line(job.pid)), job.pid));
  given_up_.insert(job.pid);
  by_pid_.erase(std::exchange(job.pid, -1));
  trees_.forget(job.id);
  put_back_fuse(job, true);
  close_fd(job.feed);
  events_.on_end(job.id, {Outcome::signalled(SIGKILL), {EventLoop::now() - job.started}, true});
  read_rest(job);
  closed(job, job.has_pipes());
}

// ---- fuses

// None where descriptors are scarce.
void ProcessExecutor::take_fuse(Job& job) {
  if (fuses_.empty()) make_fuses();
  if (fuses_.empty()) return;
  job.fuse.emplace(std::move(fuses_.back()));
  fuses_.pop_back();
}

// As many again as there are, but few: what is given to another process costs a message, and of
// those only so many are taken before they are read.
void ProcessExecutor::make_fuses() {
  std::vector<int> fds;
  const std::size_t count = std::clamp<std::size_t>(made_fuses_, 1, kMostFusesAtOnce);
  for (std::size_t i = 0; i < count; ++i) {
    GroupFuse fuse;
    if (!fuse.open()) break;
    fds.insert(fds.end(), {fuse.reader(), fuse.writer()});
    fuses_.push_back(std::move(fuse));
    ++made_fuses_;
  }
  if (!fds.empty()) options_.share(fds);
}

// `spares`: somebody of the job lives, and may.
void ProcessExecutor::put_back_fuse(Job& job, bool spares) {
  if (!job.fuse) return;
  if (spares) job.fuse->disarm();
  job.fuse->it_is_spent();
  fuses_.push_back(std::move(*job.fuse));
  job.fuse.reset();
}

// Signal 0 only asks: its group has this number as long as it has members, and if it has none it
// does not matter who has.
void ProcessExecutor::keep_sight_of_group(Job& job, pid_t group) {
  const bool left = options_.stdin_from != Stdin::tty && kill(-group, 0) == 0;
  if (left) trees_.remember_group(job.id, group);
  if (!job.fuse) return;
  if (left && !options_.leave_orphans && left_fuses_.size() < kMostLeftFuses) {
    left_fuses_.push_back(std::move(*job.fuse));
    job.fuse.reset();
    return;
  }
  put_back_fuse(job, left);
}

std::vector<ProcessExecutor::LeftBehind> ProcessExecutor::end_what_is_left(
    Duration time, const std::function<void()>& strongest) {
  std::vector<LeftBehind> all;
  if (waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) < 0) return all;  // nobody
  const auto given_up = [this](pid_t pid) { return given_up_.contains(pid); };
  for (const auto& [job, processes] : look([](JobId) { return true; })) {
    for (const ProcessEntry& process : processes) {
      if (given_up(process.pid)) continue;
      all.push_back({job == JobTrees::kNobody ? std::nullopt : std::optional(job), process.pid,
                     command_line(process.pid), true});
      tell(process, SIGTERM);
    }
  }
  const auto somebody = [&] {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    const auto children = own_children();
    return !std::all_of(children.begin(), children.end(), given_up);
  };
  const TimePoint until = EventLoop::now() + time;
  while (somebody() && EventLoop::now() < until) pause_for(5ms);
  if (somebody()) strongest();
  const std::vector<pid_t> refused = kill_all_children(given_up, kTimeToDie);
  for (LeftBehind& one : all) {
    one.ended = std::find(refused.begin(), refused.end(), one.pid) == refused.end();
  }
  std::sort(all.begin(), all.end(), [](const LeftBehind& a, const LeftBehind& b) {
    return std::tuple(!a.job, a.job, a.pid) < std::tuple(!b.job, b.job, b.pid);
  });
  return all;
}

}  // namespace distaff

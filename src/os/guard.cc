#include "os/guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "os/cgroup.h"
#include "os/process_table.h"
#include "os/signals.h"

namespace distaff {

struct Guard::Shared {
  std::atomic<bool> let_live{false};
  std::atomic<bool> stops{false};  // the guard stops, or is stopped, because the engine is
  // How many CONT the guard has sent to the engine; the same before the engine stops itself.
  std::atomic<unsigned> continued{0};
  std::atomic<unsigned> continued_before{0};
  std::atomic<bool> stops_itself{false};  // the engine does, or has
  std::atomic<bool> in_cgroup{false};
  char cgroup[1024] = "";  // read only if in_cgroup
};

namespace {

using namespace std::chrono_literals;

constexpr const char* kGuardName = "spindle";
constexpr int kPipe = 3;           // its write end, in the guard
constexpr int kHeld = 4;           // the other end of Guard::to_hold_
constexpr int kSignalsRead = 5;    // a signalfd
constexpr Duration kLimit = 3s;    // for processes that cannot be ended
constexpr int kTimeToStop = 1000;  // milliseconds, for an engine that was asked to
constexpr int kMostTries = 2000;   // a millisecond each, until the guard goes on

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT};

sigset_t signals_to_take(const Startup& startup) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kPassedOn) {
    if (!startup.ignores(signal)) sigaddset(&set, signal);
  }
  sigaddset(&set, SIGCHLD);
  return set;
}

// Of the pipe: see be_woken_by_its_end().
bool is_of_pipe(const siginfo_t& info) {
  return info.si_signo == SIGCONT && info.si_code > 0 && info.si_code != SI_KERNEL;
}

// What the terminal sends it sends to our whole process group; but HUP to a session's leader only.
bool engine_has_it(const siginfo_t& info) {
  return info.si_code == SI_KERNEL && info.si_signo != SIGHUP && info.si_signo != SIGCONT;
}

// Nothing but stderr, signals and what ties us to the engine: a descriptor that we held would keep
// a reader of ours waiting.
void let_go(int pipe, int held, int signals) {
  held = fcntl(held, F_DUPFD, kSignalsRead + 1);
  signals = fcntl(signals, F_DUPFD, kSignalsRead + 1);
  dup2(pipe, kPipe);
  dup2(held, kHeld);
  dup2(signals, kSignalsRead);
  const int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
  }
  if (syscall(SYS_close_range, kSignalsRead + 1U, ~0U, 0) == 0) return;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto most = static_cast<int>(std::min<rlim_t>(files.rlim_cur, 65536));
  for (int fd = kSignalsRead + 1; fd < most; ++fd) close(fd);
}

// When the engine closes its end of the pipe, by dying at the latest, the kernel sends us CONT.
void be_woken_by_its_end() {
  fcntl(kPipe, F_SETOWN, getpid());
  fcntl(kPipe, F_SETSIG, SIGCONT);
  fcntl(kPipe, F_SETFL, O_WRONLY | O_ASYNC);
}

void say(const std::string& line) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

[[noreturn]] void end_as(int status) {
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  const rlimit no_core{0, 0};  // the engine has left one, if any
  setrlimit(RLIMIT_CORE, &no_core);
  if (WTERMSIG(status) == SIGKILL) kill(getpid(), SIGKILL);
  die_of_signal(WTERMSIG(status));
}

// The guard's whole life.
template <class Shared>
class Watch {
 public:
  Watch(pid_t engine, const Startup& startup, std::vector<pid_t> strangers, Shared& shared)
      : engine_(engine),
        taken_(signals_to_take(startup)),
        strangers_(std::move(strangers)),
        shared_(shared) {}

  [[noreturn]] void run() {
    for (;;) {
      wait_for_signals();
      take_signals();
      if (is_pending(SIGTSTP) && !asked_) ask_to_stop();
    }
  }

 private:
  // Of a TSTP that was passed on no more is wanted until the engine has stopped.
  void wait_for_signals() {
    sigset_t wanted = taken_;
    if (asked_) sigdelset(&wanted, SIGTSTP);
    signalfd(kSignalsRead, &wanted, 0);
    pollfd signals{kSignalsRead, POLLIN, 0};
    const int ready = poll(&signals, 1, asked_ ? kTimeToStop : -1);
    if (ready == 0) forget_stop();
  }

  // All but TSTP: it stays pending (see stop_as_asked()).
  void take_signals() {
    sigset_t others = taken_;
    sigdelset(&others, SIGTSTP);
    const timespec at_once{};
    siginfo_t info{};
    for (int signal = 0; (signal = sigtimedwait(&others, &info, &at_once)) > 0;) {
      if (signal == SIGCHLD) {
        look_at_children();
      } else if (signal == SIGCONT) {
        pass_on_continuing(info);
      } else if (!engine_has_it(info)) {
        kill(engine_, signal);
      }
    }
  }

  // Also where the engine has it from the terminal: a second one does no harm.  We stop when the
  // engine has, if no CONT has come by then.
  void ask_to_stop() {
    asked_ = true;
    kill(engine_, SIGTSTP);
  }

  // The engine was continued before it stopped, by somebody who knows it, or has not begun.
  void forget_stop() {
    asked_ = false;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    const timespec at_once{};
    sigtimedwait(&stop, nullptr, &at_once);
  }

  // Counted when it has been sent: see was_continued_while_stopping().
  void pass_on_continuing(const siginfo_t& info) {
    asked_ = false;
    if (is_of_pipe(info)) return;
    kill(engine_, SIGCONT);
    shared_.continued.fetch_add(1);
  }

  void look_at_children() {
    for (;;) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED);
      if (pid < 0 && errno == EINTR) continue;
      if (pid <= 0) return;
      if (pid != engine_) continue;
      if (WIFSTOPPED(status)) {
        stop_with_it();
      } else {
        engine_ended(status);
      }
    }
  }

  // As the shell that started us is to see it.  The CONT that wakes us is passed on by run().
  // The engine may be continued, and not see us stopped yet, before we are: so we say before that
  // we will be, and it sends CONT until we say that we are not.
  void stop_with_it() {
    asked_ = false;
    if (was_continued_while_stopping()) {
      kill(engine_, SIGCONT);
      return;
    }
    shared_.stops.store(true);
    siginfo_t info{};
    const int asked =
        waitid(P_PID, static_cast<id_t>(engine_), &info, WCONTINUED | WNOHANG | WNOWAIT);
    if (asked != 0 || info.si_pid == 0) stop();
    shared_.stops.store(false);
  }

  // A CONT that we have and did not pass on yet will continue the engine.
  static void stop() {
    if (is_pending(SIGTSTP)) return stop_as_asked();
    if (!is_pending(SIGCONT)) stop_ourselves();
  }

  // Where the engine had to stop itself by STOP, one of ours may have come just before and be gone
  // by that.
  bool was_continued_while_stopping() const {
    return shared_.stops_itself.load() &&
           shared_.continued.load() != shared_.continued_before.load();
  }

  [[noreturn]] void engine_ended(int status) {
    if (!shared_.let_live.load()) {
      const auto spare = [this](pid_t pid) { return is_stranger(pid); };
      ask_all_to_end(spare, kTimeInEmergency);
      if (shared_.in_cgroup.load()) Cgroup::kill_all_in(shared_.cgroup);
      const std::vector<pid_t> left = kill_all_children(spare, kLimit);
      if (died_at_work(status)) {
        say(
            fmt::format("distaff: the process that does the work was killed by signal {} ({}); "
                        "the jobs it ran are ended\n",
                        WTERMSIG(status), sigabbrev_np(WTERMSIG(status))));
      }
      for (const pid_t pid : left) {
        say(fmt::format("distaff: warning: cannot end process {}: {}\n", pid, command_line(pid)));
      }
    }
    if (shared_.in_cgroup.load()) rmdir(shared_.cgroup);
    end_as(status);
  }

  // A run that was ended by a signal dies of it too, but after its work.
  static bool died_at_work(int status) {
    if (!WIFSIGNALED(status)) return false;
    const int signal = WTERMSIG(status);
    return signal != SIGINT && signal != SIGTERM && signal != SIGHUP && signal != SIGPIPE;
  }

  // A shell may have had children before it became us by exec, and their orphans come to us too;
  // these stay in our group, as jobs do not.
  bool is_stranger(pid_t pid) const {
    if (strangers_.empty()) return false;
    if (std::find(strangers_.begin(), strangers_.end(), pid) != strangers_.end()) return true;
    return getpgid(pid) == getpgrp();
  }

  pid_t engine_;
  sigset_t taken_;
  std::vector<pid_t> strangers_;
  Shared& shared_;
  bool asked_ = false;  // the engine was asked to stop, by the TSTP that is pending here
};

std::vector<pid_t> children_at_start() {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return {};  // none, as a rule
  return own_children();
}

}  // namespace

Guard Guard::begin(const Startup& startup) {
  Guard guard;
  void* const page =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2], sockets[2];
  if (page == MAP_FAILED || pipe2(ends, O_CLOEXEC) < 0) return guard;
  Shared* const shared = new (page) Shared;
  UniqueFd reader(ends[0]), writer(ends[1]);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) return guard;
  UniqueFd to_hold(sockets[0]), held(sockets[1]);
  std::vector<pid_t> strangers = children_at_start();

  // Blocked before, so that the guard misses none; the engine takes them as it likes.
  const sigset_t taken = signals_to_take(startup);
  sigset_t before;
  sigprocmask(SIG_BLOCK, &taken, &before);
  UniqueFd signals(signalfd(-1, &taken, SFD_CLOEXEC));
  if (!signals) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return guard;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  guard.pid_ = getpid();
  const pid_t engine = fork();
  if (engine > 0) {
    prctl(PR_SET_NAME, kGuardName);
    let_go(writer.release(), held.release(), signals.release());
    be_woken_by_its_end();
    Watch(engine, startup, std::move(strangers), *shared).run();
  }
  // One that comes before the engine takes it waits for that.
  if (engine == 0 && !startup.ignores(SIGCONT)) sigaddset(&before, SIGCONT);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, engine == 0 ? 1 : 0);
  if (engine < 0) return guard;
  prctl(PR_SET_PDEATHSIG, SIGCONT);
  guard.alive_ = std::move(reader);
  guard.to_hold_ = std::move(to_hold);
  guard.shared_ = shared;
  return guard;
}

void Guard::stop() const {
  if (shared_ == nullptr) return stop_as_asked();
  shared_->continued_before.store(shared_->continued.load());
  shared_->stops_itself.store(true);
  stop_as_asked();
  shared_->stops_itself.store(false);
}

void Guard::go_on() const {
  if (shared_ == nullptr) return;
  const timespec pause{0, 1'000'000};
  for (int tries = 0; tries < kMostTries && shared_->stops.load() && getppid() == pid_; ++tries) {
    kill(pid_, SIGCONT);
    nanosleep(&pause, nullptr);
  }
}

void Guard::hold(std::span<const int> fds) const {
  if (!to_hold_ || fds.empty()) return;
  char byte = 0;
  iovec data{&byte, 1};
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  [[maybe_unused]] const auto sent = sendmsg(to_hold_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Guard::let_live() {
  if (shared_ != nullptr) shared_->let_live.store(true);
}

void Guard::note_cgroup(const std::string& directory) {
  if (shared_ == nullptr) return;
  const bool fits = directory.size() < sizeof shared_->cgroup;
  if (!directory.empty() && fits) directory.copy(shared_->cgroup, sizeof shared_->cgroup - 1);
  shared_->in_cgroup.store(!directory.empty() && fits);
}

}  // namespace distaff

#include "os/signals.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "os/fatal.h"

namespace distaff {

namespace {

sigset_t only(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(EventLoop& loop, const Startup& startup,
                             std::initializer_list<int> signals, Callback callback)
    : loop_(loop), callback_(std::move(callback)) {
  sigemptyset(&taken_);
  for (const int signal : signals) {
    if (!startup.ignores(signal)) sigaddset(&taken_, signal);
  }
  takes_stop_ = sigismember(&taken_, SIGTSTP) == 1;
  sigprocmask(SIG_BLOCK, &taken_, nullptr);
  fd_.reset(signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_ || !loop_.add(fd_.get(), EPOLLIN, this)) die_of_errno("cannot wait for signals");
}

SignalWatcher::~SignalWatcher() { loop_.remove(fd_.get()); }

void SignalWatcher::on_ready(int, std::uint32_t) {
  std::array<signalfd_siginfo, 8> infos;
  const std::size_t count = read_all_but_stop(infos);
  const TimePoint now = EventLoop::now();
  for (std::size_t i = 0; i < count; ++i) {
    info_ = infos[i];
    callback_(static_cast<int>(info_.ssi_signo), now);
  }
  if (takes_stop_ && is_pending(SIGTSTP)) tell_of_stop();
}

std::size_t SignalWatcher::read_all_but_stop(std::array<signalfd_siginfo, 8>& infos) const {
  if (takes_stop_) {
    sigset_t others = taken_;
    sigdelset(&others, SIGTSTP);
    signalfd(fd_.get(), &others, 0);
  }
  const ssize_t got = read(fd_.get(), infos.data(), sizeof infos);
  if (takes_stop_) signalfd(fd_.get(), &taken_, 0);
  return got <= 0 ? 0 : static_cast<std::size_t>(got) / sizeof infos[0];
}

void SignalWatcher::tell_of_stop() {
  info_ = {};
  info_.ssi_signo = SIGTSTP;
  callback_(SIGTSTP, EventLoop::now());
  const sigset_t stop = only(SIGTSTP);
  const timespec at_once{};
  sigtimedwait(&stop, nullptr, &at_once);
}

void die_of_signal(int number) {
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  _exit(128 + number);  // a signal whose default is not to end us
}

void stop_ourselves() { kill(getpid(), SIGSTOP); }

void stop_as_asked() {
  const sigset_t stop = only(SIGTSTP), go_on = only(SIGCONT);
  sigset_t before;
  // Blocked it can be seen, also where it is ignored.
  sigprocmask(SIG_BLOCK, &go_on, &before);
  if (is_pending(SIGTSTP)) {
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    // Nobody has continued us, so we were not stopped: SIGTSTP does not stop a process group whose
    // parents are all in it or in other sessions, as below setsid(1) or in a container.
    if (!is_pending(SIGCONT)) stop_ourselves();
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

bool is_pending(int signal) {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, signal) == 1;
}

}  // namespace distaff

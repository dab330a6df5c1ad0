#include "os/signals.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "os/fatal.h"

namespace distaff {

SignalWatcher::SignalWatcher(EventLoop& loop, const Startup& startup,
                             std::initializer_list<int> signals, Callback callback)
    : loop_(loop), callback_(std::move(callback)) {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : signals) {
    if (!startup.ignores(signal)) sigaddset(&taken, signal);
  }
  sigprocmask(SIG_BLOCK, &taken, nullptr);
  fd_.reset(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_ || !loop_.add(fd_.get(), EPOLLIN, this)) die_of_errno("cannot wait for signals");
}

SignalWatcher::~SignalWatcher() { loop_.remove(fd_.get()); }

void SignalWatcher::on_ready(int fd, std::uint32_t) {
  std::array<signalfd_siginfo, 8> infos;
  const ssize_t got = read(fd, infos.data(), sizeof infos);
  if (got <= 0) return;
  const TimePoint now = EventLoop::now();
  const std::size_t count = static_cast<std::size_t>(got) / sizeof infos[0];
  for (std::size_t i = 0; i < count; ++i) {
    info_ = infos[i];
    callback_(static_cast<int>(info_.ssi_signo), now);
  }
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

}  // namespace distaff

#include "os/early_signals.h"

#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <string_view>

namespace distaff {
namespace {

constexpr int kSignals[] = {SIGUSR1, SIGUSR2};

void say(std::string_view line) {
  const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);
}

void answer(int signal) {
  const int error = errno;
  if (signal == SIGUSR2) {
    say("distaff: stopped by USR2 before the first record was read\n");
    _exit(1);
  }
  say("distaff: nothing runs yet: waiting for the first of the input\n");
  errno = error;
}

}  // namespace

EarlySignals::EarlySignals(const Startup& startup) {
  sigset_t open;
  sigemptyset(&open);
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    const int signal = kSignals[i];
    if (startup.ignores(signal) || sigismember(&startup.mask, signal) == 1) continue;
    struct sigaction action {};
    action.sa_handler = answer;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
    sigaddset(&open, signal);
    installed_[i] = true;
  }
  sigprocmask(SIG_UNBLOCK, &open, nullptr);
}

void EarlySignals::end() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    if (installed_[i]) signal(kSignals[i], SIG_DFL);
    installed_[i] = false;
  }
}

}  // namespace distaff

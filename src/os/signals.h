#pragma once

// Signals as events of the one wait.
//
// There are no handlers, so none can run in a vfork child that shares our memory, and nothing is
// interrupted at a bad moment: signals are blocked and read from a signalfd.  Several of one kind
// that come before we look are one.

#include <sys/signalfd.h>

#include <functional>
#include <initializer_list>

#include "os/event_loop.h"
#include "os/startup.h"

namespace distaff {

class SignalWatcher final : private Watcher {
 public:
  // `now` is when the signal was read.
  using Callback = std::function<void(int signal, TimePoint now)>;

  // Blocks the signals and tells of each that comes.  Those ignored at start are left out: they
  // would be delivered here although their sender was told that we ignore them.  They stay blocked
  // when the watcher goes.
  SignalWatcher(EventLoop& loop, const Startup& startup, std::initializer_list<int> signals,
                Callback callback);
  ~SignalWatcher();
  // What the kernel said of the signal of which it tells just now.
  const signalfd_siginfo& info() const { return info_; }

  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void on_ready(int fd, std::uint32_t events) override;

  EventLoop& loop_;
  Callback callback_;
  UniqueFd fd_;
  signalfd_siginfo info_{};
};

// Ends the program by the signal, as if we had never taken it: a shell sees 128+N, and its loop
// ends on Ctrl-C.
[[noreturn]] void die_of_signal(int signal);

// Stops the program as Ctrl-Z would have, had we not taken SIGTSTP; returns after SIGCONT.
void stop_ourselves();

}  // namespace distaff

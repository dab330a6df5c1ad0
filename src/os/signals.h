#pragma once

// Signals as events of the one wait.
//
// There are no handlers, so none can run in a vfork child that shares our memory, and nothing is
// interrupted at a bad moment: signals are blocked and read from a signalfd.  Several of one kind
// that come before we look are one.

#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <cstddef>
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
  // when the watcher goes.  SIGTSTP is still pending when it is told of, for stop_as_asked(), and
  // is gone when the callback has returned.
  SignalWatcher(EventLoop& loop, const Startup& startup, std::initializer_list<int> signals,
                Callback callback);
  ~SignalWatcher();
  // What the kernel said of the signal of which it tells just now.
  const signalfd_siginfo& info() const { return info_; }

  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void on_ready(int fd, std::uint32_t events) override;
  std::size_t read_all_but_stop(std::array<signalfd_siginfo, 8>& infos) const;
  void tell_of_stop();

  EventLoop& loop_;
  Callback callback_;
  sigset_t taken_{};
  bool takes_stop_ = false;
  UniqueFd fd_;
  signalfd_siginfo info_{};
};

// Ends the program by the signal, as if we had never taken it: a shell sees 128+N, and its loop
// ends on Ctrl-C.
[[noreturn]] void die_of_signal(int signal);

// Stops the program, whatever came before; returns after SIGCONT.
void stop_ourselves();

// Stops the program as the SIGTSTP that is pending asks, had we not taken it; returns after
// SIGCONT, or at once if that has come since.
//
// The kernel takes back a pending SIGTSTP when SIGCONT comes, and a pending SIGCONT when it is told
// to stop us.  So a SIGTSTP that was read, and a SIGSTOP for it a moment later, would make a
// SIGCONT that came between them unseen: nobody would send another, and we were stopped for ever.
// Here the one that was sent stays with the kernel until it takes effect.
void stop_as_asked();

bool is_pending(int signal);

}  // namespace distaff

#pragma once

// The one place where the program waits: epoll over file descriptors, with a time limit.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"

namespace distaff {

// Told when its descriptor is ready.  May add and remove any watch during the call, its own too.
class Watcher {
 public:
  virtual void on_ready(int fd, std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

class EventLoop {
 public:
  // Ends the program with status 3 if the system gives no epoll descriptor: nothing works without.
  EventLoop();

  static TimePoint now();

  // False if this kind of file cannot be waited for (EPERM: regular files, /dev/null): it is
  // always ready.  Also false, with errno ENOMEM or ENOSPC, if the kernel has no room for another
  // watch.  `events` are EPOLLIN, EPOLLOUT; level-triggered.
  bool add(int fd, std::uint32_t events, Watcher* watcher);

  // Before the descriptor is closed, always: a child that is being exec'ed may hold it open.
  // Nothing happens if it is not watched.
  void remove(int fd);

  // Waits until something is ready or `until` has come (for ever without; not at all if it has
  // passed), and tells the watchers.  Never early.  Signals that interrupt it do not end it.
  void wait(std::optional<TimePoint> until);

 private:
  struct Watch {
    Watcher* watcher = nullptr;    // null: not watched
    std::uint32_t generation = 0;  // counts the watches this descriptor has had
  };

  UniqueFd epoll_;
  std::vector<Watch> watches_;  // by descriptor
};

}  // namespace distaff

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
  EventLoop();

  static TimePoint now();

  // False if this kind of file cannot be waited for (EPERM: regular files, /dev/null): it is
  // always ready.  `events` are EPOLLIN, EPOLLOUT; level-triggered.
  bool add(int fd, std::uint32_t events, Watcher* watcher);

  // Before the descriptor is closed, always: a child that is being exec'ed may hold it open.
  void remove(int fd);

  // Waits until something is ready or `until` has come (for ever without; not at all if it has
  // passed), and tells the watchers.  Never early.
  void wait(std::optional<TimePoint> until);

 private:
  UniqueFd epoll_;
  std::vector<Watcher*> watchers_;  // by descriptor; null: not watched
};

}  // namespace distaff

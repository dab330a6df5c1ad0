#include "os/wait_gate.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace distaff {

bool WaitGate::watch(int fd) {
  if (!epoll_ && !open()) return false;
  if (fd < 0) fd = always_.get();
  if (fd == watched_) return true;
  forget();
  epoll_event event{};
  event.events = EPOLLIN;
  int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  if (result != 0 && errno == EPERM) {  // a kind of file that is always ready
    fd = always_.get();
    result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  if (result != 0) return false;
  watched_ = fd;
  return true;
}

void WaitGate::forget() {
  if (watched_ < 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched_, nullptr);
  watched_ = -1;
}

bool WaitGate::open() {
  UniqueFd always(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!always || !epoll) return false;
  always_ = std::move(always);
  epoll_ = std::move(epoll);
  return true;
}

}  // namespace distaff

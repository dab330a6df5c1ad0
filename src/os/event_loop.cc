#include "os/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

#include "os/fatal.h"

namespace distaff {
namespace {

// What the kernel hands back with an event: the descriptor, and which of its watches was meant.
std::uint64_t tag(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

// For kernels before 5.11, which count in milliseconds: rounded up, so that it is never early.
int wait_coarsely(int epoll, epoll_event* events, int most, std::optional<Duration> left) {
  int timeout = -1;
  if (left) {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*left).count();
    timeout = whole > INT_MAX ? INT_MAX : static_cast<int>(whole);
  }
  return epoll_wait(epoll, events, most, timeout);
}

int wait_for_events(int epoll, epoll_event* events, int most, std::optional<TimePoint> until) {
  static bool is_fine_grained = true;
  std::optional<Duration> left;
  if (until) left = std::max(Duration{0}, *until - EventLoop::now());
  if (is_fine_grained) {
    timespec limit{};
    if (left) {
      limit.tv_sec = static_cast<time_t>(left->count() / 1'000'000'000);
      limit.tv_nsec = static_cast<long>(left->count() % 1'000'000'000);
    }
    const int count = epoll_pwait2(epoll, events, most, left ? &limit : nullptr, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    is_fine_grained = false;
  }
  return wait_coarsely(epoll, events, most, left);
}

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) die_of_errno("cannot wait for events (epoll_create1)");
}

TimePoint EventLoop::now() { return std::chrono::steady_clock::now(); }

bool EventLoop::add(int fd, std::uint32_t events, Watcher* watcher) {
  if (watches_.size() <= static_cast<std::size_t>(fd)) watches_.resize(fd + 1);
  Watch& watch = watches_[fd];
  assert(watch.watcher == nullptr);
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, watch.generation + 1);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    assert(errno == EPERM || errno == ENOMEM || errno == ENOSPC);
    return false;
  }
  watch.watcher = watcher;
  ++watch.generation;
  return true;
}

void EventLoop::remove(int fd) {
  if (fd < 0 || watches_.size() <= static_cast<std::size_t>(fd)) return;
  Watch& watch = watches_[fd];
  if (watch.watcher == nullptr) return;
  watch.watcher = nullptr;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::wait(std::optional<TimePoint> until) {
  std::array<epoll_event, 64> events;
  int count = 0;
  do {
    count = wait_for_events(epoll_.get(), events.data(), static_cast<int>(events.size()), until);
    if (count < 0 && errno != EINTR) die_of_errno("cannot wait for events (epoll_wait)");
  } while (count < 0 || (count == 0 && (!until || now() < *until)));

  for (int i = 0; i < count; ++i) {
    const int fd = static_cast<int>(events[i].data.u64 & UINT32_MAX);
    // A watcher called before may have removed this watch, and a new file may have its number.
    const Watch watch = watches_[fd];
    if (watch.watcher == nullptr || tag(fd, watch.generation) != events[i].data.u64) continue;
    watch.watcher->on_ready(fd, events[i].events);
  }
}

}  // namespace distaff

#include "lib/worker_socket.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

namespace distaff::inline v0::detail {

int WorkerSocket::open(UniqueFd socket, int epoll, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket.get(), &event) != 0) return errno;
  socket_ = std::move(socket);
  epoll_ = epoll;
  key_ = key;
  return 0;
}

void WorkerSocket::close() {
  if (!socket_) return;
  if (!at_end_) stop_listening();
  socket_.reset();
  at_end_ = false;
  out_.clear();
  sent_ = 0;
  watched_for_room_ = false;
}

void WorkerSocket::send(std::string frame) {
  out_.push_back(std::move(frame));
  if (out_.size() == 1) send_more();
}

void WorkerSocket::send_more() {
  while (!out_.empty()) {
    const std::string& first = out_.front();
    const ssize_t sent = ::send(socket_.get(), first.data() + sent_, first.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    // An error that is not about room: the worker is dead, and the pool will hear of it.
    if (sent < 0) break;
    sent_ += static_cast<std::size_t>(sent);
    if (sent_ < first.size()) continue;
    out_.pop_front();
    sent_ = 0;
  }
  watch();
}

std::string WorkerSocket::take_unsent() {
  std::string frame = std::move(out_.front());
  out_.pop_front();
  return frame;
}

FrameReader::Got WorkerSocket::receive() {
  const auto got = in_.fill(socket_.get());
  if (got == FrameReader::Got::end) stop_listening();
  return got;
}

void WorkerSocket::stop_listening() {
  at_end_ = true;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, socket_.get(), nullptr);
}

void WorkerSocket::watch() {
  const bool wants = !out_.empty();
  if (at_end_ || wants == watched_for_room_) return;
  watched_for_room_ = wants;
  epoll_event event{};
  event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
  event.data.u64 = key_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.get(), &event);
}

}  // namespace distaff::inline v0::detail

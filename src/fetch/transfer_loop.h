#pragma once

// libcurl's multi handle, in our event loop.
//
// libcurl says which sockets it waits for, and until when; we wait, and tell it.  It gives a socket
// back after each request and asks for it again with the next on that connection, so a watch stays
// until something happens that nobody waits for, or the socket is closed: a request on a connection
// that is there costs no epoll_ctl at all.
//
// All handles are libcurl's CURL*, which only .cc files here know by that name.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "os/event_loop.h"

namespace distaff {

// Before anything else is asked of libcurl; more than once does no harm.
void prepare_libcurl();

class TransferLoop final : private Watcher {
 public:
  // `slots`: how many requests run at once; connections beyond are kept for later, within bounds.
  TransferLoop(EventLoop& loop, int slots);
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  // Starts a request; nothing is called back before the next wait.
  void add(void* easy);
  // Ends it, or takes back one that is done.
  void remove(void* easy);

  // A request that is over, with its CURLcode; to be removed.
  struct Done {
    void* easy = nullptr;
    int code = 0;
  };
  std::optional<Done> next_done();

  // The owner of the event loop waits no longer than this, and then calls tick().
  std::optional<TimePoint> wake_at() const { return timer_; }
  void tick(TimePoint now);

  // All sockets of the handles are made and closed here.  -1: errno says why there is none.
  int open_socket(int family, int type, int protocol);
  void close_socket(int fd);

 private:
  struct Socket {
    bool ours = false;          // made by open_socket(): we are told when it is closed
    std::uint32_t wanted = 0;   // by libcurl: EPOLLIN, EPOLLOUT
    std::uint32_t watched = 0;  // by the event loop
  };
  struct Callbacks;

  Socket& socket(int fd);
  void want(int fd, std::uint32_t events);
  void watch(int fd, std::uint32_t events);
  void on_ready(int fd, std::uint32_t events) override;

  EventLoop& loop_;
  void* multi_ = nullptr;
  std::vector<Socket> sockets_;  // by descriptor
  std::optional<TimePoint> timer_;
};

}  // namespace distaff

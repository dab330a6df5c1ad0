#include "fetch/transfer_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "os/fatal.h"
#include "os/process_limits.h"
#include "os/spare_memory.h"

namespace distaff {
namespace {

// Connections that nobody uses are kept for the host's next turn; beyond this the oldest close.
constexpr std::uint64_t kMostKept = 1024;

std::uint32_t events_of(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return EPOLLIN;
    case CURL_POLL_OUT:
      return EPOLLOUT;
    case CURL_POLL_INOUT:
      return EPOLLIN | EPOLLOUT;
    default:
      return 0;
  }
}

// Those of the requests too.  Not more than half of the descriptors that are free, without what
// lookups of names take beside their connections, unless the slots need them.
long connections_kept(int slots) {
  const long half = static_cast<long>(std::min(open_files().free() / 2, kMostKept));
  return std::max<long>(slots, std::min<long>(4L * slots, half - 2L * slots));
}

int actions_of(std::uint32_t events) {
  return ((events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
         ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
         ((events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  void* const block = allocate(bytes);
  return block == nullptr ? nullptr : std::memset(block, 0, bytes);
}

char* copy_of(const char* text) {
  const std::size_t bytes = std::strlen(text) + 1;
  void* const copy = allocate(bytes);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, bytes));
}

}  // namespace

struct TransferLoop::Callbacks {
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<TransferLoop*>(self)->want(fd, events_of(what));
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& timer = static_cast<TransferLoop*>(self)->timer_;
    timer.reset();
    if (milliseconds == 0) timer = TimePoint{};
    if (milliseconds > 0) timer = EventLoop::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }
};

void prepare_libcurl() {
  curl_global_init_mem(CURL_GLOBAL_ALL, allocate, deallocate, reallocate, copy_of, allocate_zeroed);
}

TransferLoop::TransferLoop(EventLoop& loop, int slots) : loop_(loop) {
  prepare_libcurl();
  multi_ = curl_multi_init();
  if (multi_ == nullptr) {
    errno = ENOMEM;
    die_of_errno("cannot fetch URLs (curl_multi_init)");
  }
  const long kept = connections_kept(slots);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kept);
  // Else those that rest are closed only when others have ended, and both need descriptors.
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kept);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Callbacks::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Callbacks::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

TransferLoop::~TransferLoop() {
  curl_multi_cleanup(multi_);
  for (std::size_t fd = 0; fd < sockets_.size(); ++fd) watch(static_cast<int>(fd), 0);
}

void TransferLoop::add(void* easy) {
  [[maybe_unused]] const CURLMcode code = curl_multi_add_handle(multi_, easy);
  assert(code == CURLM_OK);
}

void TransferLoop::remove(void* easy) { curl_multi_remove_handle(multi_, easy); }

std::optional<TransferLoop::Done> TransferLoop::next_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) return Done{message->easy_handle, message->data.result};
  }
  return {};
}

void TransferLoop::tick(TimePoint now) {
  if (!timer_ || *timer_ > now) return;
  timer_.reset();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

int TransferLoop::open_socket(int family, int type, int protocol) {
  const int fd = ::socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0) socket(fd).ours = true;
  return fd;
}

void TransferLoop::close_socket(int fd) {
  watch(fd, 0);
  socket(fd) = {};
  close(fd);
}

TransferLoop::Socket& TransferLoop::socket(int fd) {
  if (sockets_.size() <= static_cast<std::size_t>(fd)) sockets_.resize(fd + 1);
  return sockets_[fd];
}

// libcurl's own sockets, by which its threads wake it, may close without another word.
void TransferLoop::want(int fd, std::uint32_t events) {
  Socket& entry = socket(fd);
  entry.wanted = events;
  if (events != 0 || !entry.ours) watch(fd, events);
}

void TransferLoop::watch(int fd, std::uint32_t events) {
  Socket& entry = socket(fd);
  if (entry.watched == events) return;
  if (entry.watched != 0) loop_.remove(fd);
  entry.watched = events != 0 && loop_.add(fd, events, this) ? events : 0;
}

void TransferLoop::on_ready(int fd, std::uint32_t events) {
  if (socket(fd).wanted == 0) return watch(fd, 0);
  int running = 0;
  curl_multi_socket_action(multi_, fd, actions_of(events), &running);
}

}  // namespace distaff

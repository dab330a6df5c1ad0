#include "lib/fork_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <mutex>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/worker_loop.h"

namespace distaff::inline v0::detail {
namespace {

struct Request {
  enum class What : std::uint64_t { connect, fork, kill } what = What::connect;
  std::uint64_t worker = 0;
};

struct Pair {
  UniqueFd ours, theirs;
};

Pair packet_sockets() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a socket");
  }
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// One packet, with a descriptor if it is not -1.  0 or an errno.
template <class Message>
int send_packet(int socket, const Message& message, int passed = -1) {
  static_assert(std::has_unique_object_representations_v<Message>, "padding would be sent unset");
  iovec part = {const_cast<Message*>(&message), sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  if (passed >= 0) {
    head.msg_control = control;
    head.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &passed, sizeof passed);
  }
  while (sendmsg(socket, &head, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// False at the end.
bool receive_request(int socket, Request& request, UniqueFd& passed) {
  iovec part = {&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control;
  head.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof request) return false;
  const cmsghdr* const rights = CMSG_FIRSTHDR(&head);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    passed.reset(fd);
  }
  return true;
}

// The server's own life.
class Server {
 public:
  Server(UniqueFd root, const sigset_t& mask) : root_(std::move(root)), mask_(mask) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    ended_.reset(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!ended_) _exit(127);
  }

  // Returns when the last pool is gone.
  void run() {
    std::vector<pollfd> waits;
    for (;;) {
      waits.assign({{root_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}});
      for (const UniqueFd& pool : pools_) waits.push_back({pool.get(), POLLIN, 0});
      if (poll(waits.data(), waits.size(), -1) < 0) continue;
      if (waits[1].revents != 0) reap();
      for (std::size_t i = 2; i < waits.size(); ++i) {
        if (waits[i].revents != 0) serve(waits[i].fd);
      }
      if (waits[0].revents != 0 && !accept()) return;
    }
  }

 private:
  struct Worker {
    pid_t pid;
    int pool;
    std::uint64_t number;
  };

  bool accept() {
    Request request;
    UniqueFd pool;
    if (!receive_request(root_.get(), request, pool)) return false;
    if (pool) pools_.push_back(std::move(pool));
    return true;
  }

  void serve(int pool) {
    Request request;
    UniqueFd socket;
    if (!receive_request(pool, request, socket)) return forget(pool);
    if (request.what == Request::What::kill) {
      for (const Worker& worker : workers_) {
        if (worker.pool == pool && worker.number == request.worker) kill(worker.pid, SIGKILL);
      }
      return;
    }
    if (request.what == Request::What::fork) fork_worker(pool, request.worker, socket);
  }

  void fork_worker(int pool, std::uint64_t number, UniqueFd& socket) {
    const pid_t server = getpid();
    const pid_t pid = socket ? fork() : -1;
    if (pid == 0) {
      die_with(server);
      pools_.clear();
      root_.reset();
      ended_.reset();
      sigprocmask(SIG_SETMASK, &mask_, nullptr);
      serve_frames(std::move(socket));
    }
    if (pid < 0) {
      send_packet(pool, ForkReport{ForkReport::What::failed, number, 0, socket ? errno : EMFILE});
      return;
    }
    workers_.push_back({pid, pool, number});
    send_packet(pool, ForkReport{ForkReport::What::forked, number, pid, 0});
  }

  void reap() {
    signalfd_siginfo info;
    while (read(ended_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto at = std::find_if(workers_.begin(), workers_.end(),
                                   [&](const Worker& worker) { return worker.pid == pid; });
      if (at == workers_.end()) continue;
      if (at->pool >= 0) {
        send_packet(at->pool, ForkReport{ForkReport::What::ended, at->number, pid, status});
      }
      workers_.erase(at);
    }
  }

  // Its workers see the end of their sockets, or have already.
  void forget(int pool) {
    for (Worker& worker : workers_) {
      if (worker.pool == pool) worker.pool = -1;
    }
    std::erase_if(pools_, [&](const UniqueFd& each) { return each.get() == pool; });
  }

  UniqueFd root_;
  UniqueFd ended_;
  sigset_t mask_;
  std::vector<UniqueFd> pools_;
  std::vector<Worker> workers_;
};

// Whether the thread `id` of this process has run its last instruction.  One that was joined is
// past that for certain, but a busy machine may take long to remove it from /proc.
bool is_exiting(const char* id) {
  constexpr unsigned long kExiting = 4;  // PF_EXITING in the kernel's flags, see proc(5)
  char text[512];
  std::snprintf(text, sizeof text, "/proc/self/task/%s/stat", id);
  const UniqueFd file(open(text, O_RDONLY | O_CLOEXEC));
  if (!file) return errno == ENOENT;
  const ssize_t got = read(file.get(), text, sizeof text - 1);
  if (got <= 0) return got < 0 && errno == ESRCH;
  text[got] = '\0';
  // The name, which may hold anything, stands in parentheses; six numbers and words behind it the
  // flags.
  const char* const name_end = std::strrchr(text, ')');
  unsigned long flags = 0;
  return name_end != nullptr &&
         std::sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 &&
         (flags & kExiting) != 0;
}

int count_own_threads() {
  DIR* const tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return 1;
  int count = 0;
  while (const dirent* const entry = readdir(tasks)) {
    count += entry->d_name[0] != '.' && !is_exiting(entry->d_name);
  }
  closedir(tasks);
  return count;
}

struct Current {
  std::mutex mutex;
  std::weak_ptr<ForkServerProcess> server;
  pid_t process = 0;
};

// Never destroyed: pools with static storage may go later.
Current& current() {
  static Current* const made = new Current;
  return *made;
}

}  // namespace

int ForkClient::fork(std::uint64_t worker, int socket) {
  return send_packet(socket_.get(), Request{Request::What::fork, worker}, socket);
}

void ForkClient::kill(std::uint64_t worker) {
  send_packet(socket_.get(), Request{Request::What::kill, worker});
}

ForkClient::Next ForkClient::next() {
  ForkReport report;
  const ssize_t got = recv(socket_.get(), &report, sizeof report, MSG_DONTWAIT);
  if (got == sizeof report) return {report, false};
  return {std::nullopt, got == 0 || (errno != EAGAIN && errno != EINTR)};
}

std::shared_ptr<ForkServerProcess> ForkServerProcess::running() {
  const std::lock_guard lock(current().mutex);
  return current().process == getpid() ? current().server.lock() : nullptr;
}

std::shared_ptr<ForkServerProcess> ForkServerProcess::get() {
  if (auto server = running()) return server;
  // Without the lock, which the children would find taken for ever; there is no other thread.
  std::shared_ptr<ForkServerProcess> server(new ForkServerProcess);
  const std::lock_guard lock(current().mutex);
  current().server = server;
  current().process = getpid();
  return server;
}

ForkServerProcess::ForkServerProcess() : owner_(getpid()) {
  Pair sockets = packet_sockets();
  // What is in the buffers would be written by both.
  std::cout.flush();
  std::fflush(nullptr);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  pid_ = fork();
  if (pid_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot fork the server of a pool");
  }
  if (pid_ == 0) {
    die_with(owner_);
    prctl(PR_SET_NAME, "fork-server");
    sockets.ours.reset();
    set_up_worker_signals();
    [&]() noexcept { Server(std::move(sockets.theirs), mask).run(); }();
    _exit(0);
  }
  root_ = std::move(sockets.ours);
}

ForkServerProcess::~ForkServerProcess() {
  if (owner_ != getpid()) return;
  shutdown(root_.get(), SHUT_RDWR);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

ForkClient ForkServerProcess::connect() {
  Pair sockets = packet_sockets();
  const int error = send_packet(root_.get(), Request{}, sockets.theirs.get());
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "cannot reach the server of a pool");
  }
  return ForkClient(std::move(sockets.ours));
}

bool has_one_thread() { return count_own_threads() == 1; }

}  // namespace distaff::inline v0::detail

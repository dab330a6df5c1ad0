#pragma once

// A process that forks workers, so that this one, with its threads, never has to.
//
// A fork copies one thread and the locks of all.  So a child that only waits is forked while there
// is one thread, and it forks the workers when they are needed.  There is one such server in a
// process, shared by its pools, while any of them is open.
//
// A pool speaks with it by a socket of its own, one packet a message, and learns how its workers
// ended.  Workers are the server's children: it ends when we end, in whatever way, and the kernel
// kills them when it ends.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "base/unique_fd.h"

namespace distaff::inline v0::detail {

struct ForkReport {
  enum class What : std::uint64_t { forked, failed, ended } what = What::forked;
  std::uint64_t worker = 0;  // the number it was asked for by
  std::int32_t pid = 0;
  std::int32_t status = 0;  // ended: as waitpid(2) has it; failed: an errno
};

// One pool's connection.
class ForkClient {
 public:
  // Readable when there is a report, or at its end when the server is gone.
  int fd() const { return socket_.get(); }

  // Asks for a worker that serves frames on `socket`.  0 or an errno.
  int fork(std::uint64_t worker, int socket);
  // Nothing happens if it has ended already.
  void kill(std::uint64_t worker);

  struct Next {
    std::optional<ForkReport> report;
    bool gone = false;  // the server
  };
  // Does not wait.
  Next next();

 private:
  friend class ForkServerProcess;
  explicit ForkClient(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

class ForkServerProcess {
 public:
  // The one that runs, or null.
  static std::shared_ptr<ForkServerProcess> running();
  // The one that runs, or a new one.  Throws std::system_error; to be called for a new one while
  // the process has one thread.
  static std::shared_ptr<ForkServerProcess> get();

  ForkServerProcess(const ForkServerProcess&) = delete;
  ForkServerProcess& operator=(const ForkServerProcess&) = delete;
  ~ForkServerProcess();

  ForkClient connect();

 private:
  ForkServerProcess();

  pid_t owner_;
  pid_t pid_ = -1;
  UniqueFd root_;
};

// Whether this process has one thread.  One that was joined does not count, however long the kernel
// still shows it.
bool has_one_thread();

}  // namespace distaff::inline v0::detail

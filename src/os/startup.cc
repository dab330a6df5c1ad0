#include "os/startup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "os/fatal.h"

namespace distaff {
namespace {

// SIGCHLD is not among them: it is never left ignored.
constexpr int kOurs[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                         SIGUSR2, SIGPIPE, SIGTSTP, SIGCONT};

// Opened the wrong way round, so that reading and writing still fail with EBADF: what jobs write is
// then lost as on a full disk, and not as wished.  Descriptors are given out lowest first, so going
// up from 0 each open lands where it should.
std::array<bool, 3> open_what_is_closed() {
  std::array<bool, 3> was_closed{};
  for (int fd = 0; fd < 3; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    was_closed[fd] = true;
    const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", flags) != fd) die_of_errno("cannot open /dev/null");
  }
  return was_closed;
}

// Jobs get our first mask back, so unlike an ignored one it costs no call for each of them.
void block(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

Startup look_around() {
  Startup startup;
  sigprocmask(SIG_SETMASK, nullptr, &startup.mask);
  sigemptyset(&startup.ignored);
  for (const int signal : kOurs) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      sigaddset(&startup.ignored, signal);
    }
  }
  return startup;
}

Startup take_over() {
  const std::array<bool, 3> was_closed = open_what_is_closed();
  Startup startup = look_around();
  startup.was_closed = was_closed;
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  block(SIGXFSZ);
  return startup;
}

}  // namespace distaff

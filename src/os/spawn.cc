// A vfork child borrows our memory, and we sleep until it calls exec or exits.  That makes it fast
// and gives its error for nothing (it leaves it in a variable of ours), but sets rules:
//
//   - The child makes system calls only.  What it changes of its own (directory, descriptors,
//     signal actions, niceness, limits) is its own; what it writes to memory is ours.
//   - No signal handler may run in it: all signals are blocked before, and the child sets the mask
//     back only after it has reset the signals that we changed.  The mask survives exec, so what
//     it sets is the one we were started with, not the one we run with.
//   - The error must be in memory that the compiler believes may change behind its back; a plain
//     local was read back as 0 at -O1.  Hence `volatile`, and a function that is not inlined.
//
// Valgrind and ThreadSanitizer make a fork of vfork.  Then the child's writes never arrive, and an
// exec error would look like a job that exited with 127.  So the child leaves a mark first thing;
// as long as it is not known whether marks arrive, and for ever if they do not, the error also
// travels through a close-on-exec pipe.  This costs one pipe for the first start of a run.

#include "os/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/unique_fd.h"

namespace distaff {
namespace {

using Step = SpawnResult::Step;

struct Failure {
  Step step = Step::none;
  int error = 0;
};

// What the child tells us, in memory that may be shared.
struct Report {
  volatile bool arrived = false;
  volatile Step step = Step::none;
  volatile int error = 0;
};

enum class Sharing { unknown, shared, copied };
std::atomic<Sharing> sharing{Sharing::unknown};

[[noreturn]] void give_up(Report& report, int error_pipe, Step step) {
  const Failure failure{step, errno};
  report.step = failure.step;
  report.error = failure.error;
  if (error_pipe >= 0) {
    [[maybe_unused]] const auto written = write(error_pipe, &failure, sizeof failure);
  }
  _exit(127);
}

// Ctrl-C, Ctrl-Z or timeout(1) may have reached us as a member of the old group, just before
// setpgid().  Our parent has such a signal too, and tells the job once it runs; unblocked here, it
// would end us as if the job had failed, or stop us before exec, where no CONT for that group comes
// by, and our parent would sleep with us.  Ignoring a signal discards it.
void drop_pending_signals() {
  sigset_t pending;
  if (sigpending(&pending) != 0 || sigisemptyset(&pending)) return;
  struct sigaction ignored {
  }, before{};
  sigemptyset(&ignored.sa_mask);
  ignored.sa_handler = SIG_IGN;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&pending, signal) != 1 || sigaction(signal, &ignored, &before) != 0) continue;
    sigaction(signal, &before, nullptr);
  }
}

void set_up_signals(const Startup& startup) {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = SIG_DFL;
  if (!startup.ignores(SIGPIPE)) sigaction(SIGPIPE, &action, nullptr);
  drop_pending_signals();
  sigprocmask(SIG_SETMASK, &startup.mask, nullptr);
}

// Neither is inherited by what the program starts.
void tie_to_parent(const SpawnRequest& request, pid_t parent) {
  if (request.fuse != nullptr) {
    request.fuse->arm_for_caller(request.own_group);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Another's child by now, we have lost our parent before this could take effect.
  if (getppid() != parent) _exit(127);
}

[[noreturn, gnu::noinline]] void run_child(const SpawnRequest& request, const Startup& startup,
                                           Report& report, int error_pipe, pid_t parent) {
  report.arrived = true;
  if (request.own_group) setpgid(0, 0);
  tie_to_parent(request, parent);
  for (int fd = 0; fd < 3; ++fd) {
    // dup2() of a descriptor to itself would leave it close-on-exec; the inherited ones are not.
    if (request.stdio[fd] != fd && dup2(request.stdio[fd], fd) < 0) {
      give_up(report, error_pipe, Step::stdio);
    }
  }
  if (request.workdir != nullptr && chdir(request.workdir) < 0) {
    give_up(report, error_pipe, Step::workdir);
  }
  if (request.nice && setpriority(PRIO_PROCESS, 0, *request.nice) < 0) {
    give_up(report, error_pipe, Step::nice);
  }
  if (startup.open_files) setrlimit(RLIMIT_NOFILE, &*startup.open_files);
  set_up_signals(startup);
  execve(request.path, request.argv, request.envp);
  give_up(report, error_pipe, Step::exec);
}

// Small, with all that lives across the call behind references: a child that shares our stack
// leaves nothing of ours changed.
[[gnu::noinline]] pid_t fork_child(const SpawnRequest& request, const Startup& startup,
                                   Report& report, int error_pipe, pid_t parent) {
#ifdef DISTAFF_FORK_ONLY
  const pid_t pid = fork();
#else
  const pid_t pid = vfork();
#endif
  if (pid == 0) run_child(request, startup, report, error_pipe, parent);
  return pid;
}

// Waits for exec, which closes the pipe, or for the child's word.
Failure read_failure(int fd) {
  Failure failure;
  ssize_t got = 0;
  do {
    got = read(fd, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  return got == sizeof failure ? failure : Failure{};
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

SpawnResult spawn(const SpawnRequest& request, const Startup& startup) {
  UniqueFd reader, writer;
  if (sharing.load(std::memory_order_relaxed) != Sharing::shared) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return {-1, Step::process, errno};
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }

  Report report;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid =
      fork_child(request, startup, report, writer.get(), request.fuse == nullptr ? getpid() : -1);
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return {-1, Step::process, error};

  writer.reset();
  Failure failure{report.step, report.error};
  if (report.arrived) {
    sharing.store(Sharing::shared, std::memory_order_relaxed);
  } else {
    sharing.store(Sharing::copied, std::memory_order_relaxed);
    failure = read_failure(reader.get());
  }
  if (failure.step == Step::none) return {pid, Step::none, 0};
  reap(pid);
  return {-1, failure.step, failure.error};
}

}  // namespace distaff

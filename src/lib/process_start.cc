// How a ProcessPool's workers come into being.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "distaff/log.h"
#include "distaff/process_pool.h"
#include "lib/process_pool_core.h"
#include "lib/worker_loop.h"
#include "os/program_finder.h"
#include "os/spawn.h"

namespace distaff::inline v0 {
namespace {

constexpr const char* kWorkerArgument = "--distaff-worker";

// serve_as_worker() was called, so that executing this program makes a worker.
std::atomic<bool> can_execute{false};

bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
         error == ENOBUFS || error == ENOSPC || error == ETOOMANYREFS;
}

// (The pool has a member of this name.)
SpawnResult start_process(const SpawnRequest& request, const Startup& startup) {
  return spawn(request, startup);
}

constexpr auto kShortageRest = std::chrono::milliseconds(100);

}  // namespace

void serve_as_worker(int argc, char** argv) {
  can_execute = true;
  if (argc != 3 || std::strcmp(argv[1], kWorkerArgument) != 0) return;
  // The socket came as stdin, the only way past exec that needs no agreement on a number.
  detail::die_with(std::atoi(argv[2]));
  UniqueFd socket(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!socket || !nothing || dup2(nothing.get(), STDIN_FILENO) < 0) _exit(127);
  nothing.reset();
  detail::set_up_worker_signals();
  detail::serve_frames(std::move(socket));
}

ForkServer::ForkServer() : server_(detail::server_for_new_pools()) {}
ForkServer::~ForkServer() = default;

namespace detail {

std::shared_ptr<ForkServerProcess> server_for_new_pools() {
  if (auto server = ForkServerProcess::running()) return server;
  if (has_one_thread()) return ForkServerProcess::get();
  throw std::logic_error(
      "this process has several threads, and a fork would copy their locks as they are: make the "
      "pool, or a distaff::ForkServer, before them, or call distaff::serve_as_worker() at the head "
      "of main()");
}

void ProcessPoolCore::choose_start() {
  if (!options_.command.empty()) {
    arguments_ = options_.command;
    ProgramFinder finder;
    const char* const path = std::getenv("PATH");
    const auto& found = finder.find(
        arguments_[0], path != nullptr ? std::optional<std::string_view>(path) : std::nullopt, {});
    // (A name with a slash is not looked for.)
    const int error = found && access(found.path.c_str(), X_OK) != 0 ? errno : found.error;
    if (error != 0) {
      throw std::system_error(error, std::generic_category(),
                              "cannot run the command " + arguments_[0]);
    }
    program_ = found.path;
    return;
  }
  const bool execs = options_.start == ProcessStart::exec ||
                     (options_.start == ProcessStart::automatic && can_execute &&
                      ForkServerProcess::running() == nullptr && !has_one_thread());
  if (!execs) {
    server_ = server_for_new_pools();
    forks_.emplace(server_->connect());
    return;
  }
  if (!can_execute) {
    throw std::logic_error(
        "workers that are executed need distaff::serve_as_worker(argc, argv) at the head of "
        "main()");
  }
  program_ = "/proc/self/exe";
  arguments_ = {program_invocation_name, kWorkerArgument, std::to_string(getpid())};
}

std::string ProcessPoolCore::start_frame(const Worker& worker) const {
  Encoder encoder(begin_frame());
  encoder(WorkerStart{options_.name + "-" + std::to_string(worker.number), options_.max_message,
                      options_.initializer, options_.finalizer});
  std::string frame = encoder.take();
  seal_frame(frame, FrameTag::start, 0);
  return frame;
}

void ProcessPoolCore::start_requested(After& after) {
  if (requested_ == 0 || (spawn_after_ && Clock::now() < *spawn_after_)) return;
  spawn_after_.reset();
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, worker] : workers_) {
    if (worker.phase == Phase::requested) numbers.push_back(number);
  }
  for (const auto number : numbers) {
    const auto found = workers_.find(number);
    if (found == workers_.end() || spawn_after_) return;
    const int error = start_worker(found->second);
    if (error != 0) short_of_something(error, after);
  }
}

int ProcessPoolCore::start_worker(Worker& worker) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return errno;
  UniqueFd theirs(fds[1]);
  int error = worker.socket.open(UniqueFd(fds[0]), epoll_.get(), event_key(worker.number, kSocket));
  if (error != 0) return error;
  error = forks_ ? forks_->fork(worker.number, theirs.get()) : exec_worker(worker, theirs.get());
  if (error != 0) {
    worker.socket.close();
    return error;
  }
  --requested_;
  worker.phase = Phase::starting;
  worker.socket.send(start_frame(worker));
  return 0;
}

int ProcessPoolCore::exec_worker(Worker& worker, int socket) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments_)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  SpawnRequest request;
  request.path = program_.c_str();
  request.argv = argv.data();
  request.envp = environ;
  request.stdio = {socket, options_.command.empty() ? 1 : socket, 2};
  request.own_group = false;
  const SpawnResult started = start_process(request, startup_);
  if (!started.started()) return started.error;
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, started.pid, 0)));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = event_key(worker.number, kChild);
  if (!pidfd || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pidfd.get(), &event) != 0) {
    const int error = errno;
    ::kill(started.pid, SIGKILL);
    waitpid(started.pid, nullptr, 0);
    return error;
  }
  worker.pid = started.pid;
  worker.pidfd = std::move(pidfd);
  return 0;
}

// No worker could be started.  A shortage passes; everything else does not.
void ProcessPoolCore::short_of_something(int error, After& after) {
  const std::system_error cause(error, std::generic_category(), "cannot start a worker process");
  if (!is_shortage(error)) {
    return broke(Hook::initializer, std::make_exception_ptr(cause), after);
  }
  if (!told_of_shortage_) log(LogLevel::warning, options_.name + ": " + cause.what());
  told_of_shortage_ = true;
  spawn_after_ = Clock::now() + kShortageRest;
}

}  // namespace detail
}  // namespace distaff::inline v0

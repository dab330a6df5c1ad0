#include "lib/worker_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <utility>

#include "distaff/detail/process_task.h"
#include "distaff/errors.h"
#include "lib/frame.h"
#include "lib/worker_error.h"

namespace distaff::inline v0 {
namespace detail {
namespace {

RemoteCall function_named(const std::string& name) {
  const RemoteCall function = find_function(name);
  if (function == nullptr) {
    throw std::invalid_argument("no function is registered as \"" + name + "\" in the worker");
  }
  return function;
}

void call_hook(const RegisteredCall& hook) {
  if (!hook) return;
  Decoder decoder(hook.arguments);
  Encoder result;
  function_named(hook.name)(decoder, result);
}

class FrameServer {
 public:
  explicit FrameServer(UniqueFd socket) : socket_(std::move(socket)), in_(1024 * 1024 * 1024) {}

  void serve() {
    auto first = receive();
    if (!first || first->tag != FrameTag::start) return;
    begin(first->payload);
    try {
      call_hook(start_.initializer);
    } catch (...) {
      return send_error(FrameTag::worker_error, 0);
    }
    send(FrameTag::started, 0);
    while (auto frame = receive()) {
      if (frame->tag == FrameTag::bye) return end();
      run(*frame);
    }
  }

 private:
  void begin(const std::string& payload) {
    start_ = from_bytes<WorkerStart>(payload);
    in_.set_max_payload(start_.max_message);
    prctl(PR_SET_NAME, start_.name.substr(0, 15).c_str());
    me_ = start_.name + " (pid " + std::to_string(getpid()) + ")";
  }

  void end() {
    try {
      call_hook(start_.finalizer);
    } catch (...) {
      return send_error(FrameTag::worker_error, 0);
    }
    send(FrameTag::bye, 0);
  }

  void run(const Frame& task) {
    Encoder encoder(begin_frame());
    try {
      if (task.tag != FrameTag::task && task.tag != FrameTag::chunk) {
        throw MessageError("a worker got a frame that is no task");
      }
      call_by_payload(task.payload, task.tag == FrameTag::chunk, me_, encoder);
      const auto size = encoder.bytes().size() - kFrameHead;
      if (size > start_.max_message) {
        throw MessageError("a result of " + std::to_string(size) + " bytes is longer than the " +
                           std::to_string(start_.max_message) + " of max_message");
      }
    } catch (...) {
      return send_error(FrameTag::error, task.id);
    }
    std::string frame = encoder.take();
    seal_frame(frame, FrameTag::result, task.id);
    send_all(socket_.get(), frame);
  }

  // Of the exception being handled.
  void send_error(FrameTag tag, std::uint64_t id) {
    Thrown thrown = current_thrown(me_);
    // Of endless texts the beginning has to do.
    const std::size_t most = start_.max_message / (4 * thrown.chain.size());
    for (ThrownPart& part : thrown.chain) {
      if (part.what.size() > most) part.what.resize(most);
    }
    Encoder encoder(begin_frame());
    encoder(thrown);
    std::string frame = encoder.take();
    seal_frame(frame, tag, id);
    send_all(socket_.get(), frame);
  }

  void send(FrameTag tag, std::uint64_t id) {
    std::string frame = begin_frame();
    seal_frame(frame, tag, id);
    send_all(socket_.get(), frame);
  }

  std::optional<Frame> receive() {
    for (;;) {
      if (auto frame = in_.next()) return frame;
      if (in_.fill(socket_.get()) != FrameReader::Got::some) return std::nullopt;
    }
  }

  UniqueFd socket_;
  FrameReader in_;
  WorkerStart start_;
  std::string me_;
};

void ignore_signal(int) {}

}  // namespace

void call_by_payload(std::string_view payload, bool chunk, const std::string& worker,
                     Encoder& encoder) {
  Decoder decoder(payload);
  std::string name;
  decoder(name);
  const RemoteCall function = function_named(name);
  if (!chunk) {
    function(decoder, encoder);
    return decoder.expect_end();
  }
  const auto count = decoder.count();
  for (std::size_t i = 0; i < count; ++i) {
    const auto before = encoder.bytes().size();
    try {
      encoder(true);
      function(decoder, encoder);
    } catch (...) {
      const Thrown thrown = current_thrown(worker);
      encoder.cut(before);
      encoder(false, true, thrown);
      return;
    }
  }
  encoder(false, false);
  decoder.expect_end();
}

void call_frame_here(const std::string& frame, FrameTag tag) {
  const auto payload = std::string_view(frame).substr(kFrameHead);
  Encoder result;
  call_by_payload(payload, tag == FrameTag::chunk, "pid " + std::to_string(getpid()), result);
}

void serve_frames(UniqueFd socket) {
  // A task's terminate(), or an exception here for want of memory, is the worker's death.
  [&]() noexcept { FrameServer(std::move(socket)).serve(); }();
  std::cout.flush();
  std::fflush(nullptr);
  _exit(0);
}

void set_up_worker_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    if (action.sa_handler == SIG_IGN && number != SIGCHLD) continue;
    // Handlers of sanitizers for faults stay.
    if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL) continue;
    signal(number, SIG_DFL);
  }
  struct sigaction action {};
  action.sa_handler = ignore_signal;
  action.sa_flags = SA_RESTART;
  struct sigaction old {};
  if (sigaction(SIGINT, nullptr, &old) == 0 && old.sa_handler != SIG_IGN) {
    sigaction(SIGINT, &action, nullptr);
  }
}

void die_with(int parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
}

}  // namespace detail
}  // namespace distaff::inline v0

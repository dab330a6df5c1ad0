#include "cli/run_parts.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "cli/plan.h"
#include "engine/summary.h"
#include "os/signals.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

// Records come from a terminal: then what the user types stands where a bar would be.
bool reads_terminal(const InputSpec& input) {
  const bool from_stdin = input.format != RecordFormat::arguments &&
                          (input.files.empty() || std::find(input.files.begin(), input.files.end(),
                                                            "-") != input.files.end());
  return from_stdin && isatty(STDIN_FILENO) == 1;
}

}  // namespace

void LoopWaiter::wait(std::optional<TimePoint> until, bool input) {
  output_.flush();
  watch(input ? source_.wait_fd() : -1);
  if (executor_ != nullptr) {
    const auto timer = executor_->wake_at();
    if (timer && (!until || *timer < *until)) until = timer;
  }
  loop_.wait(until);
  if (executor_ != nullptr) executor_->tick(now());
}

void LoopWaiter::watch(int fd) {
  if (fd == watched_) return;
  if (watched_ >= 0) loop_.remove(watched_);
  watched_ = fd;
  if (fd >= 0) loop_.add(fd, EPOLLIN, this);
}

Quiet::Quiet(const OutputSpec& spec, Output& output)
    : spill(spill_directory(spec), spec.spill_limit),
      held(output, spec.spill_limit > 0 ? &spill : nullptr,
           static_cast<std::size_t>(std::min<std::uint64_t>(spec.hold_memory, 1 << 20))) {}

std::optional<std::uint64_t> jobs_to_expect(const RunSpec& spec, const OpenedSource& opened) {
  const auto records = spec.input.total ? spec.input.total : opened.total;
  const std::uint64_t each = spec.batch.max_records;
  if (!records || each == 0) return std::nullopt;
  return (*records + each - 1) / each;
}

std::string spill_directory(const OutputSpec& output) {
  if (!output.spill_dir.empty()) return output.spill_dir;
  const char* const named = std::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/tmp";
}

ProgressMode progress_mode(const RunSpec& spec, const Terminal& terminal) {
  const ProgressMode asked = spec.progress.mode;
  if (asked == ProgressMode::line || asked == ProgressMode::none) return asked;
  const bool shared = spec.output.mode == OutputMode::raw ||
                      spec.command.stdin_mode == StdinMode::tty || reads_terminal(spec.input) ||
                      spec.cron.quiet_unless_failed;
  if (!shared && terminal.can_draw()) return ProgressMode::bar;
  return asked == ProgressMode::bar ? ProgressMode::line : ProgressMode::none;
}

Duration bar_delay(const RunSpec& spec) {
  return std::chrono::seconds(spec.progress.mode == ProgressMode::bar ? 0 : 1);
}

std::uint64_t draw_seed() {
  return static_cast<std::uint64_t>(EventLoop::now().time_since_epoch().count()) ^
         static_cast<std::uint64_t>(getpid()) << 32;
}

std::optional<Duration> deadline_of(const DeadlineSpec& deadline, std::optional<time_t> at) {
  if (deadline.after.count() > 0) return deadline.after;
  return at && *at <= time(nullptr) ? std::optional(Duration{0}) : std::nullopt;
}

std::string make_run_id() {
  return fmt::format("{:x}-{}", EventLoop::now().time_since_epoch().count(), getpid());
}

int status_of_closing(int status, Output& output) {
  const int error = error_of_closing(STDOUT_FILENO);
  if (error == 0) return status;
  output.say(last_words({fmt::format("cannot write to stdout: {}", std::strerror(error)), 3}));
  output.flush();
  return status <= 1 ? 3 : status;
}

int end(int status) {
  if (status > 128) die_of_signal(status - 128);
  return status;
}

}  // namespace distaff

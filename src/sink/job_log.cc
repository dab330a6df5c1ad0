#include "sink/job_log.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/text.h"
#include "model/launch.h"
#include "model/request.h"
#include "model/response.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

constexpr std::string_view kHeader =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

std::string command_of(const AttemptReport& report) {
  if (report.launch == nullptr) return {};
  if (report.launch->request) return request_line(*report.launch->request);
  std::string command = report.launch->shown;
  if (command.empty()) {
    for (const std::string& word : report.launch->argv) {
      if (!command.empty()) command += ' ';
      command += shell_quote(word);
    }
  }
  for (char& c : command) {
    if (c == '\n') c = '\0';
  }
  return command;
}

std::pair<int, int> status_and_signal(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::exited:
      return {outcome.value, 0};
    case Outcome::Kind::signalled:
      return {0, outcome.value};
    case Outcome::Kind::not_started:
      if (outcome.value <= 0) return {-1, 0};
      return {outcome.value == ENOENT || outcome.value == ENOTDIR ? 127 : 126, 0};
    default:
      return {-1, 0};
  }
}

std::uint64_t bytes_of_body(const AttemptReport& report) {
  return report.result.response ? report.result.response->bytes : 0;
}

// As `curl -f` has it, which knows more kinds of failure.
int status_of_request(const AttemptReport& report) {
  if (report.result.outcome.kind == Outcome::Kind::cancelled) return -1;
  return report.failed ? 1 : 0;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

JobLog::JobLog(std::string name, UniqueFd file, bool of_requests, TimePoint now)
    : name_(std::move(name)), file_(std::move(file)), of_requests_(of_requests), clock_(now) {}

Expected<std::unique_ptr<JobLog>> JobLog::open(const std::string& name, Options options,
                                               TimePoint now) {
  const int flags = options.append ? 0 : O_TRUNC;
  UniqueFd file(
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | flags, 0666));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    return fail(fmt::format("--joblog: cannot write '{}': {}", printable(name), strerror(errno)));
  }
  std::unique_ptr<JobLog> log(new JobLog(name, std::move(file), options.of_requests, now));
  if (status.st_size == 0) log->write(kHeader);
  if (!log->failure_.empty()) return fail(log->failure_, 3);
  return log;
}

void JobLog::on_attempt(const AttemptReport& report, TimePoint) {
  if (report.again_in) return;
  const std::uint64_t received = of_requests_ ? bytes_of_body(report) : report.bytes[0];
  const auto [status, signal] = of_requests_ ? std::pair(status_of_request(report), 0)
                                             : status_and_signal(report.result.outcome);
  const std::int64_t started = clock_.since_1970(report.started);
  write(fmt::format("{}\t:\t{}.{:03}\t{:10.3f}\t0\t{}\t{}\t{}\t{}\n", number(report.job.id),
                    started / 1'000'000'000, started % 1'000'000'000 / 1'000'000,
                    seconds(report.result.usage.wall), received, status, signal,
                    command_of(report)));
}

void JobLog::tick(const RunCounts&, TimePoint, bool last) {
  if (last) fail_with(error_of_closing(file_.get()));
}

void JobLog::fail_with(int error) {
  if (error == 0 || !failure_.empty()) return;
  failure_ = fmt::format("--joblog: cannot write '{}': {}", printable(name_), strerror(error));
}

void JobLog::write(std::string_view line) {
  while (!line.empty() && failure_.empty()) {
    const ssize_t written = ::write(file_.get(), line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with(errno);
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace distaff

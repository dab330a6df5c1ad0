#include "cli/slots.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "os/byte_writer.h"
#include "os/cpus.h"
#include "os/file_lock.h"

namespace distaff {
namespace {

constexpr std::uint64_t kUsualLimit = 1024;
constexpr int kSignals = 1;      // a signalfd
constexpr int kGuard = 2;        // a pipe, and a socket
constexpr int kInputGate = 2;    // os/wait_gate.h
constexpr int kLooks = 2;        // into /proc, where a job is ended with all that it started
constexpr int kErrorPipe = 2;    // of the first start; see os/spawn.cc
constexpr int kLibcurl = 6;      // its own pipe, the trust store, and some to spare
constexpr int kResultFiles = 5;  // two folders, and three to spare (sink/result_files.h)

// Looking costs a start more than a job: not where only a caller of ours that holds hundreds of
// files could make descriptors scarce.
bool is_usual(std::uint64_t limit) { return limit >= kUsualLimit; }

// Pipes and terminals are opened a second time.
bool is_reopened(int fd) {
  struct stat status {};
  return isatty(fd) == 1 || (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode));
}

// Each stays open while its values are needed.
int lists_from_files(const RunSpec& spec) {
  return static_cast<int>(
      std::count_if(spec.input.lists.begin(), spec.input.lists.end(),
                    [](const ArgumentList& list) { return !list.file.empty(); }));
}

// Files that both programs have open during a run.
int files_of(const RunSpec& spec) {
  const JournalSpec& journal = spec.journal;
  const bool looks = !is_usual(open_files_limit());
  int files = 1;  // the event loop
  files += !looks || is_reopened(STDOUT_FILENO) ? 1 : 0;
  const bool one = looks && same_destination(STDOUT_FILENO, STDERR_FILENO);
  files += !looks || (!one && is_reopened(STDERR_FILENO)) ? 1 : 0;
  for (const std::string& file :
       {journal.file, journal.job_log, journal.failed_to, spec.log.file}) {
    files += file.empty() ? 0 : 1;
  }
  if (!spec.cron.lock.empty() || !spec.group.mutex.empty()) files += FileLocks::descriptors();
  if (spec.input.format != RecordFormat::arguments) {
    files += !spec.input.files.empty() || !looks || is_reopened(STDIN_FILENO) ? 1 : 0;
  }
  return files + lists_from_files(spec);
}

int gates_of(const RunSpec& spec) {
  if (spec.input.format != RecordFormat::arguments) return kInputGate;
  return kInputGate * (lists_from_files(spec) + (spec.input.match.empty() ? 0 : 1));
}

int alarm_of(const RunSpec& spec) { return spec.failure.deadline.at ? 1 : 0; }

bool are_plenty(std::uint64_t needed) {
  const std::uint64_t limit = open_files_limit();
  return is_usual(limit) && needed <= limit / 2;
}

tl::unexpected<Error> too_few(const OpenFiles& files, int needed) {
  return fail(fmt::format("there are too few file descriptors for even one job at a time: {}, and "
                          "this run needs {} more; raise the limit to {}",
                          describe(files), needed,
                          files.open + files.above + static_cast<unsigned>(needed)),
              3);
}

// Asked for twice, and found out by reading files.
int cpus() {
  static const int count = usable_cpus();
  return count;
}

int wanted(const JobsSpec& jobs) {
  switch (jobs.kind) {
    case JobsSpec::Kind::count:
      return jobs.value;
    case JobsSpec::Kind::percent:
      return std::max(1, cpus() * jobs.value / 100);
    case JobsSpec::Kind::cpus_plus:
      return std::max(1, cpus() + jobs.value);
    case JobsSpec::Kind::as_many_as_fit:
      break;
  }
  return 0;
}

}  // namespace

ProcessExecutor::Capture capture_of(const OutputSpec& output) {
  if (output.mode == OutputMode::raw) return ProcessExecutor::Capture::inherit;
  if (output.mode == OutputMode::none && output.results.empty()) {
    return ProcessExecutor::Capture::null;
  }
  return ProcessExecutor::Capture::pipe;
}

DescriptorNeeds needs_of_run(const RunSpec& spec) {
  const auto capture = capture_of(spec.output);
  const bool fed = spec.command.stdin_mode == StdinMode::record;
  const bool piped = capture == ProcessExecutor::Capture::pipe;
  const int shared = 1 + (capture == ProcessExecutor::Capture::null ? 1 : 0);  // /dev/null
  const int childs_ends = (piped ? 2 : 0) + (fed ? 1 : 0);
  const int results = spec.output.results.empty() ? 0 : kResultFiles;
  return {.first = files_of(spec) + kGuard,
          .later = 2 * kSignals + alarm_of(spec) + gates_of(spec) + shared + results +
                   std::max(childs_ends + kErrorPipe, kLooks),
          .each = ProcessExecutor::descriptors_per_job(capture, fed)};
}

// While a name is looked up: two by which the thread that does it wakes libcurl, and what the C
// library reads, a file or a server and what addresses we have.  That is over when there is a
// connection, with a second try at another address, and a file.
constexpr int kLookup = 4;

DescriptorNeeds needs_of_fetch(const RunSpec& spec) {
  const FetchSpec& fetch = *spec.fetch;
  return {.first = files_of(spec) + (fetch.archive.empty() ? 0 : 2),
          .later = kSignals + alarm_of(spec) + gates_of(spec) + kLibcurl,
          .each = kLookup};
}

void make_room(const JobsSpec& jobs, const DescriptorNeeds& needs, Startup& startup) {
  const int asked = wanted(jobs);
  if (asked > 0 && are_plenty(needs.for_jobs(asked))) return;
  raise_open_files(startup);
}

Expected<void> check_descriptors(const DescriptorNeeds& needs) {
  if (are_plenty(static_cast<std::uint64_t>(needs.all()))) return {};
  const OpenFiles files = open_files();
  if (files.free() >= static_cast<std::uint64_t>(needs.all())) return {};
  return too_few(files, needs.all());
}

Expected<Slots> slots_that_fit(const JobsSpec& jobs, const DescriptorNeeds& needs, int most) {
  const int asked = wanted(jobs);
  const std::uint64_t for_asked = needs.for_jobs(asked);
  if (asked > 0 && are_plenty(for_asked)) return Slots{asked, {}};
  const OpenFiles files = open_files();
  const auto later = static_cast<std::uint64_t>(needs.later);
  const std::uint64_t for_jobs = files.free() > later ? files.free() - later : 0;
  if (for_jobs < static_cast<std::uint64_t>(needs.each)) {
    return too_few(files, needs.later + needs.each);
  }
  if (jobs.kind == JobsSpec::Kind::as_many_as_fit) {
    return Slots{std::min(most, max_children(for_jobs, needs.each, process_limit())), {}};
  }
  const int fit = max_children(for_jobs, needs.each, UINT64_MAX);
  if (fit >= asked) return Slots{asked, {}};
  return Slots{fit,
               fmt::format("there are file descriptors for {} job{} at once, and not for the {} "
                           "that were asked for: {}, and each job takes {}; raise the limit "
                           "to {}",
                           fit, fit == 1 ? "" : "s", asked, describe(files), needs.each,
                           files.open + files.above + later + for_asked)};
}

}  // namespace distaff

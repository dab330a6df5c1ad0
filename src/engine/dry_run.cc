#include "engine/dry_run.h"

#include <csignal>
#include <utility>

#include "base/text.h"
#include "compose/command.h"

namespace distaff {
namespace {

constexpr std::size_t kMostPending = 1 << 20;

// Prints the jobs that are complete.
void print_jobs(JobBuilder& builder, const LaunchTemplate& command, ByteSink& sink,
                Summary& summary, Resume* resume, bool on_terminal) {
  while (auto job = builder.pop()) {
    if (resume != nullptr && resume->skips(*job)) continue;
    Outcome outcome = Outcome::not_started(0, job->problem);
    if (job->problem.empty()) {
      const auto launch = command.build(view_of(*job, 1));
      if (launch && launch->request && !launch->request->no_host.empty()) {
        outcome = Outcome::bad_host(launch->request->no_host);
      } else if (launch) {
        const std::string line = command.pasted(*launch);
        sink.write(Stream::out, (on_terminal ? printable(line, line.npos) : line) + "\n");
        summary.succeeded();
        continue;
      } else {
        outcome.reason = launch.error().message;
      }
    }
    summary.failed(outcome);
    if (summary.names(job->id)) summary.name(job->id, {outcome, {}}, {});
  }
}

}  // namespace

RunResult dry_run(Source& source, JobBuilder& builder, const LaunchTemplate& command,
                  ByteSink& sink, Waiter& waiter, Resume* resume, bool on_terminal) {
  Summary summary(false);
  RunResult result;
  Record record;
  bool ended = false;
  while (!ended && sink.condition() == ByteSink::Condition::good) {
    switch (source.next(record)) {
      case Source::Next::record:
        builder.add(std::move(record));
        break;
      case Source::Next::wait:
        waiter.wait(std::nullopt, true);
        break;
      case Source::Next::failed:
        result.error = source.error();
        if (summary.ended() > 0) summary.input_failed();
        [[fallthrough]];
      case Source::Next::end:
        builder.finish();
        ended = true;
        break;
    }
    print_jobs(builder, command, sink, summary, resume, on_terminal);
    while (sink.pending() > kMostPending && sink.condition() == ByteSink::Condition::good) {
      waiter.wait(std::nullopt, false);
    }
  }
  sink.say(summary.block());
  if (result.error) sink.say(last_words(*result.error));
  while (sink.flush(), sink.pending() > 0 && sink.condition() == ByteSink::Condition::good) {
    waiter.wait(std::nullopt, false);
  }
  if (sink.condition() == ByteSink::Condition::reader_gone) result.signal = SIGPIPE;
  if (sink.condition() == ByteSink::Condition::failed) {
    result.error = Error{sink.failure(), 3};
    sink.say(last_words(*result.error));
    sink.flush();
  }
  result.some_failed = summary.failures() > 0;
  return result;
}

}  // namespace distaff

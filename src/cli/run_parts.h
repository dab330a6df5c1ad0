#pragma once

// What `distaff run` and `distaff fetch` are both built of, around their engines.

#include <time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "collate/byte_sink.h"
#include "engine/waiter.h"
#include "exec/executor.h"
#include "input/open_source.h"
#include "input/source.h"
#include "model/run_spec.h"
#include "os/event_loop.h"
#include "os/terminal.h"
#include "sink/held_output.h"
#include "sink/output.h"
#include "sink/spill_files.h"

namespace distaff {

// The engine's wait on the real world.
class LoopWaiter final : public Waiter, private Watcher {
 public:
  LoopWaiter(EventLoop& loop, const Source& source, ByteSink& output)
      : loop_(loop), source_(source), output_(output) {}
  ~LoopWaiter() { watch(-1); }
  LoopWaiter(const LoopWaiter&) = delete;
  LoopWaiter& operator=(const LoopWaiter&) = delete;

  void serve(Executor& executor) { executor_ = &executor; }

  TimePoint now() override { return EventLoop::now(); }
  void wait(std::optional<TimePoint> until, bool input) override;

 private:
  void on_ready(int, std::uint32_t) override {}
  void watch(int fd);

  EventLoop& loop_;
  const Source& source_;
  ByteSink& output_;
  Executor* executor_ = nullptr;
  int watched_ = -1;
};

// The executor and the engine need each other: events go through here.
class Relay final : public ExecEvents {
 public:
  Intake room(JobId job, Stream stream) override { return to->room(job, stream); }
  void on_moved(JobId job, Stream stream, std::size_t bytes) override {
    to->on_moved(job, stream, bytes);
  }
  void on_output(JobId job, Stream stream, std::string_view bytes) override {
    to->on_output(job, stream, bytes);
  }
  void on_end(JobId job, const Attempt& attempt) override { to->on_end(job, attempt); }
  void on_closed(JobId job, bool kept_open) override { to->on_closed(job, kept_open); }
  void on_hop(JobId job, const Attempt& attempt, std::string_view url) override {
    to->on_hop(job, attempt, url);
  }
  std::optional<Duration> again_in(JobId job, const Attempt& attempt, int tries) override {
    return to->again_in(job, attempt, tries);
  }

  ExecEvents* to = nullptr;
};

// --quiet-unless-failed: where all that is printed is kept until the end.
struct Quiet {
  Quiet(const OutputSpec& spec, Output& output);

  SpillFiles spill;
  HeldOutput held;
};

std::string spill_directory(const OutputSpec& output);

// What becomes of the wish, where we are: never automatic.  There is no bar where others use the
// terminal beside us, or where nothing is to be seen yet.
ProgressMode progress_mode(const RunSpec& spec, const Terminal& terminal);
Duration bar_delay(const RunSpec& spec);

std::optional<std::uint64_t> jobs_to_expect(const RunSpec& spec, const OpenedSource& opened);

// From the start on; one at a time of day, `at`, rings an alarm, unless it has passed.
std::optional<Duration> deadline_of(const DeadlineSpec& deadline, std::optional<time_t> at);

// Two runs that begin together should not draw the same delays.
std::uint64_t draw_seed();

std::string make_run_id();

// The exit status, where the file that is our stdout says only now that not all of it has arrived,
// as one on another machine may.
int status_of_closing(int status, Output& output);

// A run that was ended by a signal ends the process by it.
int end(int status);

}  // namespace distaff

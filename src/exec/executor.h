#pragma once

// Carries jobs out.  The engine starts and ends them; what happens comes back as events, while the
// engine waits.

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/ids.h"
#include "model/intake.h"
#include "model/launch.h"
#include "model/outcome.h"

namespace distaff {

class ExecEvents {
 public:
  virtual ~ExecEvents() = default;

  // How much of what the job wrote may be taken out of its pipe now, and where to.  Asked before
  // each read.  Nothing: the rest stays in the pipe, and the kernel makes the job wait, until
  // read_again().
  virtual Intake room(JobId job, Stream stream) = 0;

  // Bytes a job wrote, no more than room() said; valid during the call.
  virtual void on_output(JobId job, Stream stream, std::string_view bytes) = 0;

  // So many bytes went from the job's pipe into the target that room() named.
  virtual void on_moved(JobId job, Stream stream, std::size_t bytes) = 0;

  // The job's process ended: its slot is free.  Exactly once for each that was started.
  virtual void on_end(JobId job, const Attempt& attempt) = 0;

  // No more output will come: at once after on_end(), or up to 0.5 s later if a process that the
  // job left behind keeps its pipes open (then `kept_open`).  Exactly once, after on_end().
  virtual void on_closed(JobId job, bool kept_open) = 0;

  // Instead of on_end() and on_closed(): a request of the job's was answered, and another is needed
  // before it is done, to `url` (a redirect; the same again behind robots.txt).  Its slot is free.
  // Started again, with the same launch, it goes on from there.
  virtual void on_hop(JobId job, const Attempt& attempt, std::string_view url) {
    static_cast<void>(job), static_cast<void>(attempt), static_cast<void>(url);
  }

  // What several jobs need before their own requests (robots.txt) failed for the `tries`th time, as
  // `attempt` says; the last who asked for it was `job`.  How long to wait before it is tried
  // again; nothing: it has failed.
  virtual std::optional<Duration> again_in(JobId job, const Attempt& attempt, int tries) {
    static_cast<void>(job), static_cast<void>(attempt), static_cast<void>(tries);
    return std::nullopt;
  }
};

class Executor {
 public:
  enum class Start {
    started,
    shortage,  // no process or descriptor left (EAGAIN, ENOMEM, EMFILE, ENFILE): try again later
    failed,    // this job can never start; `failure` says why.  No event will come.
  };
  struct StartResult {
    Start start = Start::started;
    Outcome failure;
  };

  virtual ~Executor() = default;

  // Starts a job.  Does not call back.  `launch` is read only during the call.
  virtual StartResult start(JobId job, const Launch& launch) = 0;

  // Sends a signal to a job's process group, or to those of all that run.
  virtual void signal(JobId job, int signal) = 0;
  virtual void signal_all(int signal) = 0;

  // Pipes that were left alone because room() was none are read again, of one job or of all.  Does
  // not call back.
  virtual void read_again(JobId job) = 0;
  virtual void read_again() = 0;

  virtual int running() const = 0;

  // For whoever waits: when tick() is to be called, also if nothing else happens; nothing if that
  // does not matter.
  virtual std::optional<TimePoint> wake_at() const { return std::nullopt; }
  virtual void tick(TimePoint now) { static_cast<void>(now); }
};

}  // namespace distaff

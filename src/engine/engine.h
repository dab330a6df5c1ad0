#pragma once

// Turns the wheel: records in, jobs started, events taken, ends reported.
//
// One thread, one wait.  In each turn it gives the scheduler records while it can use them, starts
// what it picks, and waits for the next event or the next moment at which something may start.
// Every job ends exactly once here, and order, observers, summary and exit status count those ends.
//
// The engine knows no file, process or clock: these are behind Source, Executor, ByteSink and
// Waiter, so a whole run with failures and an interrupt is a unit test.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collate/collator.h"
#include "compose/job_builder.h"
#include "compose/launch_template.h"
#include "compose/result_path.h"
#include "engine/groups.h"
#include "engine/halt_watch.h"
#include "engine/job_output.h"
#include "engine/mutexes.h"
#include "engine/resume.h"
#include "engine/status.h"
#include "engine/summary.h"
#include "engine/term_sequence.h"
#include "engine/time_limits.h"
#include "engine/waiter.h"
#include "exec/executor.h"
#include "input/source.h"
#include "schedule/pacing.h"
#include "schedule/scheduler.h"
#include "sink/observer.h"
#include "sink/result_store.h"

namespace distaff {

class Engine final : public ExecEvents, private OutputWatch {
 public:
  struct Options {
    FailureSpec failure;
    bool keyed = false;     // --key was given: jobs have groups, or none
    bool limited = false;   // without a key: all jobs are one group
    bool adaptive = false;  // Groups::Options
    bool trace = false;
    std::optional<Template> tag;
    bool tags_on_terminal = false;          // which is shown no control characters
    std::optional<ResultPath> result_path;  // with Parts::results
    std::string run_id;                     // DISTAFF_RUN
    bool hit_together = false;              // jobs get what is sent to our process group
    std::optional<std::uint64_t> total;     // jobs to expect
    bool keyless_is_odd = true;             // a job without a key is worth a word
    std::string no_key_advice;              // added where the first job has no key
    std::string not_found_advice;           // added where the program of every job is not found
    std::optional<Duration> deadline;       // after the start; see also on_deadline()
    // The group of a job whose next request goes to this URL (ExecEvents::on_hop); none: as before.
    std::function<std::optional<std::string>(const Job&, std::string_view url)> key_of_hop;
    std::optional<std::uint64_t> records;  // that will come, if that is certain
    std::string advice_on_rest;            // said where the run ends before its input does
    std::uint64_t seed = 1;                // for the delays before retries
    bool read_rest = false;                // when the run stops, observers are told of what was
                                           // not read yet too (--failed-to, onto the input)
    // Asked in each turn: there is no memory left but what was kept for an end in order.
    bool (*out_of_memory)() = nullptr;
    std::size_t stalled_bytes = 1 << 20;  // more than this not yet written: nothing starts
  };

  // All by reference, and outliving the engine.
  struct Parts {
    Source& source;
    JobBuilder& builder;
    const LaunchTemplate& command;
    Scheduler& scheduler;
    Pacing& pacing;
    Executor& executor;
    Collator* collator;  // null: jobs write to our stdout themselves
    ByteSink& sink;
    Waiter& waiter;
    std::vector<Observer*> observers;
    RowFormat* rows = nullptr;       // the collator's: what it is told of each job
    ResultStore* results = nullptr;  // --results
    JobJournal* journal = nullptr;   // needs `resume`
    Resume* resume = nullptr;
    Mutexes* mutexes = nullptr;  // --mutex
  };

  Engine(Options options, Parts parts);

  // Until all input has been run, or the run was stopped, and what ran has ended.
  RunResult run();

  // After run(): something more is to be said of it, and if `show` what was held back as all had
  // gone well is to be written.  Signals end that as they do in the run.  Gives the exit status.
  int end_with(std::string_view lines, bool show);

  // INT, TERM, HUP: ends the run; a second one kills at once if it comes 100 ms after the first or
  // later (timeout(1) sends each twice).
  void on_signal(int signal);

  // USR2: nothing more is started, what runs ends by itself.
  void finish_early();

  // USR1: how the run stands, for a person; lines.
  std::string status();

  // The time of the run is over: nothing starts any more, what runs is ended.
  void on_deadline();

  // We and the jobs were stopped for so long (Ctrl-Z): the time limits of jobs do not count it.
  void stopped_for(Duration pause) { limits_.stopped_for(pause); }

  // It cannot go on, and why: ends the run with the error's status.
  void break_off(const Error& error);

  // Whoever watches over us is gone: ends the run, in a moment at most.
  void on_abandoned();

  const Summary& summary() const { return summary_; }

  // ExecEvents
  Intake room(JobId job, Stream stream) override;
  void on_moved(JobId job, Stream stream, std::size_t bytes) override;
  void on_output(JobId job, Stream stream, std::string_view bytes) override;
  void on_end(JobId job, const Attempt& attempt) override;
  void on_closed(JobId job, bool kept_open) override;
  void on_hop(JobId job, const Attempt& attempt, std::string_view url) override;
  std::optional<Duration> again_in(JobId job, const Attempt& attempt, int tries) override;

 private:
  // A job on its way from one request to the next.
  struct Hops {
    Duration spent{0};                // by the requests before
    std::optional<std::string> home;  // the group of its first request, if it is another one
  };
  // How the last try at a job ended that waits for its next one.
  struct LastTry {
    Attempt attempt;
    Slot slot = 0;
  };
  struct Waiting {
    Job job;
    TimePoint read{};
    int tries = 0;                  // that it had
    std::unique_ptr<LastTry> last;  // if it had one
    std::unique_ptr<Hops> hops;     // if it is within a try
  };
  struct Running {
    Job job;
    Slot slot = 0;
    TimePoint since{};
    TimePoint read{};
    int attempt = 1;
    std::optional<TimeLimits::Over> over;  // its time was over: we end it
    std::unique_ptr<Launch> launch{};      // if attempts are reported
    std::unique_ptr<Hops> hops{};
  };
  // Its process ended, and not all its output has come.  Only those of which more is to be done.
  struct Closing {
    Running running;
    Attempt attempt;
    bool failed = false;
    bool again = false;  // it is to be tried again
  };

  // OutputWatch
  bool waits_for_output() const;
  void on_written(JobId job) override;
  std::string on_held(JobId job) override;
  void on_lost(std::string_view kept) override;

  void run_jobs();
  void say_how_it_went();
  void end_what_was_held();
  void turn();
  void fill();
  void start_the_one();
  bool in_shortage();
  bool may_start() const;
  bool turn_is_over() const;
  std::optional<TimePoint> next_start();
  void pass_output();
  bool start_jobs();
  void start(JobId id);
  Executor::StartResult launch(Running& running, const Expected<void>& prepared,
                               bool& fixed_program);
  std::string tag_of(const Running& running);
  void prepare_environment(const Running& running, Launch& launch) const;
  void take_shortage(Running running, std::unique_ptr<LastTry> last, const Outcome& why);
  Expected<void> prepare_output(const Job& job, Slot slot);
  void could_not_start(Running running, const Outcome& outcome, bool fixed_program);
  bool may_try_again(const Running& running, const Attempt& attempt, bool failed) const;
  void try_again(Closing closing);
  void wait_at_home(JobId id, std::string home, TimePoint until);
  void schedule_those_at_home();
  void end_after_last_try(Waiting waiting);
  void count(const Running& running, const Attempt& attempt, bool failed);
  void wrote(JobId job, Stream stream, std::size_t bytes);
  template <class Act>
  void take(JobId job, Act act);
  std::string report(const Closing& closing, std::optional<Duration> again_in);
  void close(const Closing& closing);
  Attempt as_we_see_it(const Running& running, const Attempt& attempt) const;
  void end_what_had_its_time();
  bool read_some();
  void add(Record&& record);
  bool queue_jobs();
  void queue(Job job);
  void say_what_source_warns();
  bool skip(Job& job);
  void say_what_was_skipped();
  void schedule(JobId id);
  bool has_mutex(JobId id);

  void ended(const Running& running, const Attempt& attempt, bool failed,
             std::optional<Duration> rest);
  void stop();
  void kill();
  void lack_memory();
  void lose(const Job& job);
  template <class Act>
  void with_memory(const Job& job, Act act);
  void check_sink();
  void check_files();
  void say_other_failures();
  void end_waiting_jobs();
  void give_up(const Job& job);
  void give_up_built();
  void look_for_the_end();
  void say_what_is_left();
  void read_rest();
  void end_of_rest(bool all_read);
  bool wants_block() const;
  void write_out();
  void tick(bool last);
  std::size_t for_mutex() const;
  Status::Held describe(const Scheduler::Held& held) const;
  std::string note() const;
  std::vector<const Running*> oldest_first(std::size_t most) const;
  std::optional<RunningJob> oldest() const;
  bool finished() const;
  std::optional<TimePoint> wake_at();
  void say(LogLevel level, std::string_view text);
  std::string command_of(const Job& job, Slot slot) const;

  Slot take_slot();
  void give_slot(Slot slot);

  Options options_;
  Parts parts_;
  JobOutput output_;
  Groups groups_;
  HaltWatch halt_;
  TermSequence term_;
  Summary summary_;
  RunResult result_;
  TimePoint now_{};

  std::unordered_map<JobId, Waiting> waiting_;
  std::unordered_map<JobId, Running> running_;
  std::unordered_map<JobId, Closing> closing_;
  // Jobs that changed groups, and wait for another try in their first one.
  std::multimap<TimePoint, JobId> at_home_;
  TimeLimits limits_;
  std::unordered_map<JobId, TermSequence> ending_;  // jobs that run and had their time
  std::unordered_map<JobId, std::array<std::uint64_t, 2>> bytes_;  // that jobs wrote, if reported
  std::size_t unclosed_ = 0;  // started, and not all their output has come

  // Slots that were used and are free again, lowest first, and the lowest never used.
  std::priority_queue<Slot, std::vector<Slot>, std::greater<>> free_slots_;
  Slot next_slot_ = 1;

  bool input_ended_ = false;
  bool input_failed_ = false;
  bool input_waits_ = false;     // the source said wait: nothing to ask before it is readable
  bool stopping_ = false;        // nothing starts any more
  bool held_up_ = false;         // no more output could be held back when jobs were to be started
  bool waiting_ended_ = false;   // and those that waited then are reported
  bool looked_for_end_ = false;  // of the input, once more
  bool reads_rest_ = false;      // what was not read yet is being read, to be reported
  int rest_waits_ = 0;           // in a row, for its next record
  bool stalled_ = false;         // what we have to say is not read: nothing starts
  bool killed_ = false;          // a second signal came
  // Of what makes nobody wait: jobs that were done before or cannot start, and records of a job
  // that is not complete.
  static constexpr int kMostUnpaced = 1000;  // in one turn
  int unpaced_ = 0;                          // in this turn
  TimePoint filling_since_{};
  bool behind_ = false;        // what such jobs have to say is not yet handed on: no more of them
  bool caught_up_ = false;     // now it is
  bool lacks_memory_ = false;  // and ends for that
  std::set<JobId> lost_;       // there was no memory for what they wrote, or to report them
  std::optional<TimePoint> given_up_at_;  // something was left half done: no longer than this
  bool reports_attempts_ = false;
  std::optional<TimePoint> signalled_at_;
  std::optional<TimePoint> short_until_;  // a shortage: nothing starts before
  std::optional<TimePoint>
      short_since_;             // nothing at all runs, and nothing could be started, since
  bool shortage_told_ = false;  // of one in which something runs
  std::optional<TimePoint> deadline_;
  bool finishing_early_ = false;
  std::uint64_t random_;
  std::uint64_t records_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t retries_ = 0;
  std::optional<std::uint64_t> bytes_fetched_;
};

// Does what may take memory as the job's records do.  If there is none the job is not done.
template <class Act>
void Engine::with_memory(const Job& job, Act act) {
  try {
    act();
  } catch (const std::bad_alloc&) {
    lack_memory();
    lose(job);
  }
}

}  // namespace distaff

#include "cli/run.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "base/text.h"
#include "cli/advice.h"
#include "cli/plan.h"
#include "cli/run_files.h"
#include "cli/run_parts.h"
#include "cli/scheduled.h"
#include "cli/slots.h"
#include "collate/csv_rows.h"
#include "collate/json_rows.h"
#include "compose/job_builder.h"
#include "engine/dry_run.h"
#include "engine/engine.h"
#include "engine/mutexes.h"
#include "exec/process_executor.h"
#include "input/open_source.h"
#include "os/cgroup.h"
#include "os/early_signals.h"
#include "os/group_fuse.h"
#include "os/guard.h"
#include "os/process_limits.h"
#include "os/signals.h"
#include "os/spare_memory.h"
#include "os/terminal.h"
#include "os/unnamed_file.h"
#include "os/wall_clock.h"
#include "sink/held_output.h"
#include "sink/job_messages.h"
#include "sink/log.h"
#include "sink/output.h"
#include "sink/progress.h"
#include "sink/progress_bar.h"
#include "sink/result_files.h"
#include "sink/spill_files.h"
#include "sink/terminal_status.h"

namespace distaff {
namespace {

// Calls back when the run has lasted a while, and after as long again until it was of use.
class AfterAWhile final : public Observer {
 public:
  AfterAWhile(TimePoint begin, Duration a_while, std::function<bool()> callback)
      : a_while_(a_while), when_(begin + a_while), callback_(std::move(callback)) {}

  void tick(const RunCounts&, TimePoint now, bool last) override {
    if (last || !when_ || now < *when_) return;
    when_.reset();
    if (!callback_()) when_ = now + a_while_;
  }
  std::optional<TimePoint> next_tick() const override { return when_; }

 private:
  Duration a_while_;
  std::optional<TimePoint> when_;
  std::function<bool()> callback_;
};

// Calls back once, when the guard has died.
class GuardWatcher final : private Watcher {
 public:
  GuardWatcher(EventLoop& loop, const Guard& guard, std::function<void()> callback)
      : loop_(loop), fd_(guard.fd()), callback_(std::move(callback)) {
    if (guard) loop_.add(fd_, EPOLLIN, this);
  }
  ~GuardWatcher() { loop_.remove(fd_); }
  GuardWatcher(const GuardWatcher&) = delete;
  GuardWatcher& operator=(const GuardWatcher&) = delete;

 private:
  void on_ready(int, std::uint32_t) override {
    loop_.remove(fd_);
    callback_();
  }

  EventLoop& loop_;
  int fd_;
  std::function<void()> callback_;
};

std::uint64_t environment_bytes() {
  std::uint64_t bytes = 512;  // for the DISTAFF_ variables
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bytes += std::strlen(*entry) + 1 + sizeof(char*);
  }
  return bytes;
}

JobBuilder::Limits batch_limits(const RunSpec& spec, const Plan& plan, int slots) {
  return {.max_records = spec.batch.max_records,
          .max_bytes = spec.batch.max_bytes,
          .system_bytes = static_cast<std::uint64_t>(sysconf(_SC_ARG_MAX)),
          .environment_bytes = environment_bytes(),
          .feeds_stdin = spec.command.stdin_mode == StdinMode::record && batched(spec),
          .spread = spec.batch.even ? static_cast<std::size_t>(slots) : 1,
          .packs = plan.packs_batches,
          .packs_fields = spec.journal.file.empty(),  // whose identities know the fields
          .record_end = plan.record_end};
}

Collator::Mode mode_of(OutputMode mode) {
  if (mode == OutputMode::line) return Collator::Mode::line;
  return mode == OutputMode::none ? Collator::Mode::none : Collator::Mode::group;
}

// Null if jobs are not written as rows.
std::unique_ptr<RowFormat> rows_of(const RunSpec& spec, const FieldScheme& scheme) {
  const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  if (spec.output.mode == OutputMode::csv) {
    return std::make_unique<CsvRows>(scheme, batched(spec), on_terminal);
  }
  if (spec.output.mode != OutputMode::json) return nullptr;
  return std::make_unique<JsonRows>(
      JsonRows::Options{.batched = batched(spec), .run = {}, .on_terminal = on_terminal});
}

// "job 3 left a process behind: sleep 77 (pid 123), ended"; nothing if none did.
std::string said_of(const std::vector<ProcessExecutor::LeftBehind>& all) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < kNamed; ++i) {
    const auto& one = all[i];
    text += fmt::format("{}{} left a process behind: {} (pid {}), {}", i > 0 ? "; " : "",
                        one.job ? fmt::format("job {}", number(*one.job)) : "an unknown job",
                        printable(one.command), one.pid,
                        one.ended ? "ended" : "which another user runs and cannot be ended");
  }
  if (all.size() > kNamed) text += fmt::format("; and {} more, ended", all.size() - kNamed);
  return text;
}

// --mutex: the locks of this user, beside that of the run.
class JobLocks final : public ValueLocks {
 public:
  explicit JobLocks(FileLocks& locks) : locks_(locks) {}

  Expected<bool> take(std::string_view value) override { return locks_.take("job", value); }
  void give_back(std::string_view value) override { locks_.give_back("job", value); }

 private:
  FileLocks& locks_;
};

constexpr std::size_t kMostUnread = std::size_t{1} << 20;

// A run that lasts so long gets a control group: to move there costs as much as a few jobs.
constexpr Duration kLasts = std::chrono::seconds(1);
constexpr std::uint64_t kForCgroup = 2;  // descriptors

// The rooms that a real run needs beyond its plan, in the order they are built.
class Run {
 public:
  Run(const RunSpec& spec, int slots, Startup& startup, Guard& guard, OpenedSource& opened,
      Plan& plan, Pacing& pacing, EventLoop& loop, Output& output, HeldOutput* held, Log& log,
      Scheduled& scheduled, RunFiles& files)
      : guard_(guard),
        log_(log),
        leave_orphans_(spec.failure.leave_orphans),
        scheduled_(scheduled),
        sink_(held != nullptr ? static_cast<ByteSink&>(*held) : output),
        slots_(slots),
        builder_(batch_limits(spec, plan, slots_), *plan.command, plan.key ? &*plan.key : nullptr),
        scheduler_({.slots = slots_, .buffer = spec.pool.buffer, .delay = spec.pool.delay}),
        run_id_(files.run_id()),
        rows_(rows_of(spec, opened.scheme)),
        job_description_({.batched = batched(spec), .run = run_id_}),
        results_(plan.result_path ? std::make_unique<ResultFiles>(
                                        job_description_,
                                        ResultFiles::Options{run_id_, plan.result_path->root()})
                                  : nullptr),
        spill_(spill_directory(spec.output), spec.output.spill_limit),
        collator_({.mode = mode_of(spec.output.mode),
                   .keep_order = spec.output.keep_order,
                   .single = slots_ == 1 && !pacing.retries(),
                   .tagged = plan.tag.has_value(),
                   .rows = rows_.get(),
                   .seen = plan.result_path.has_value(),
                   .hold_memory = spec.output.hold_memory,
                   .spill = spec.output.spill_limit > 0 ? &spill_ : nullptr},
                  sink_),
        waiter_(loop, *opened.source, sink_),
        executor_(
            {.capture = capture_of(spec.output),
             .stdin_from = spec.command.stdin_mode == StdinMode::tty ? ProcessExecutor::Stdin::tty
                                                                     : ProcessExecutor::Stdin::null,
             .nice = spec.command.nice,
             .startup = startup,
             .run_id = run_id_,
             .leave_orphans = spec.failure.leave_orphans,
             .warn = [&log](const std::string& text) { log.on_message(LogLevel::warn, text); },
             .share = [&guard](std::span<const int> fds) { guard.hold(fds); }},
            loop, relay_),
        job_messages_(log),
        files_(files),
        output_(output),
        terminal_(STDERR_FILENO),
        status_(terminal_, output),
        progress_mode_(progress_mode(spec, terminal_)),
        progress_lines_(spec.progress.interval, EventLoop::now(), sink_, spec.log.format),
        progress_bar_(EventLoop::now(), bar_delay(spec), status_),
        locks_(plan.mutex ? std::make_unique<JobLocks>(scheduled.locks()) : nullptr),
        mutexes_(plan.mutex
                     ? std::make_unique<Mutexes>(Mutexes::Options{.buffer = spec.pool.buffer},
                                                 *plan.mutex, *locks_)
                     : nullptr),
        engine_(engine_options(spec, opened, plan, run_id_, scheduled.deadline()),
                {*opened.source, builder_, *plan.command, scheduler_, pacing, executor_,
                 capture_of(spec.output) == ProcessExecutor::Capture::pipe ? &collator_ : nullptr,
                 sink_, waiter_, observers(log), rows_.get(), results_.get(), files.journal(),
                 files.resume(), mutexes_.get()}),
        signals_(loop, startup, {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2},
                 [this](int signal, TimePoint) { on_signal(signal); }),
        guard_watcher_(loop, guard, [this] {
          abandoned_ = true;
          engine_.on_abandoned();
        }) {
    relay_.to = &engine_;
    waiter_.serve(executor_);
    if (const auto at = scheduled.deadline()) {
      alarm_.emplace(loop, *at, [this] { engine_.on_deadline(); });
    }
  }

  // Gives the exit status.
  int run() {
    const int of_jobs = engine_.run().exit_status();
    end_orphans();
    std::string messages;
    const int status = scheduled_.finish(of_jobs, engine_.summary().not_run(), messages);
    const int of_rest = engine_.end_with(messages, status != 0);
    return status_of_closing(of_rest <= 1 ? std::max(of_rest, status) : of_rest, output_);
  }

 private:
  // Orphans come to us only if there is a guard; and then all children of ours are the run's.
  void end_orphans() {
    if (!guard_) return;
    if (leave_orphans_) return guard_.let_live();
    const Duration time = abandoned_ ? kTimeInEmergency : ProcessExecutor::kTimeForOrphans;
    const std::string text = said_of(executor_.end_what_is_left(time, [this] {
      if (cgroup_) cgroup_->leave();
      if (cgroup_) cgroup_->kill();
    }));
    leave_cgroup();
    if (text.empty() || abandoned_) return;
    log_.on_message(LogLevel::warn, text);
    sink_.flush();
  }

  // Against jobs that fork without end; a run that is short does not get to it.  False: the jobs
  // had every descriptor, so it is worth another try.
  bool enter_cgroup() {
    if (!guard_ || leave_orphans_) return true;
    if (open_files().free() < kForCgroup) return false;
    cgroup_ = Cgroup::enter();
    if (cgroup_) guard_.note_cgroup(cgroup_->directory());
    return true;
  }

  void leave_cgroup() {
    if (!cgroup_) return;
    cgroup_->leave();
    cgroup_->remove();
    guard_.note_cgroup({});
  }

  static Engine::Options engine_options(const RunSpec& spec, const OpenedSource& opened,
                                        const Plan& plan, const std::string& run_id,
                                        std::optional<time_t> deadline) {
    return {.failure = spec.failure,
            .keyed = plan.key.has_value(),
            .limited = spec.group.limited(),
            .trace = spec.output.trace,
            .tag = plan.tag,
            .tags_on_terminal = plan.tag && isatty(STDOUT_FILENO) == 1,
            .result_path = plan.result_path,
            .run_id = run_id,
            .hit_together = spec.command.stdin_mode == StdinMode::tty,
            .total = jobs_to_expect(spec, opened),
            .no_key_advice = advice_on_key(spec),
            .not_found_advice = plan.not_found_advice,
            .deadline = deadline_of(spec.failure.deadline, deadline),
            .records = opened.total,
            .advice_on_rest = advice_on_rest(spec),
            .seed = draw_seed(),
            .read_rest = RunFiles::replaces_input(spec),
            .out_of_memory = memory_ran_out};
  }

  std::vector<Observer*> observers(Log& log) {
    std::vector<Observer*> all{&log};
    if (log.wants(LogLevel::info)) all.push_back(&job_messages_);
    if (progress_mode_ == ProgressMode::line) all.push_back(&progress_lines_);
    if (progress_mode_ == ProgressMode::bar) all.push_back(&progress_bar_);
    files_.add_observers(log, all);
    all.push_back(&after_a_while_);
    if (scheduled_.metrics() != nullptr) all.push_back(scheduled_.metrics());
    return all;
  }

  void on_signal(int signal) {
    if (signal == SIGUSR1) return tell_status();
    if (signal == SIGUSR2) return engine_.finish_early();
    if (signal == SIGCONT) return guard_.go_on();
    if (signal != SIGTSTP) return engine_.on_signal(signal);
    executor_.signal_all(SIGTSTP);
    progress_bar_.hide();
    output_.flush();
    const TimePoint before = EventLoop::now();
    guard_.stop();
    engine_.stopped_for(EventLoop::now() - before);
    executor_.signal_all(SIGCONT);
  }

  // Also if all else is held back: whoever asks wants an answer.
  void tell_status() {
    if (output_.pending() < kMostUnread) output_.say(engine_.status());
    output_.flush();
  }

  Guard& guard_;
  Log& log_;
  bool leave_orphans_;
  bool abandoned_ = false;
  Scheduled& scheduled_;
  ByteSink& sink_;  // what holds output back, or output_
  int slots_;
  JobBuilder builder_;
  Scheduler scheduler_;
  std::string run_id_;
  std::unique_ptr<RowFormat> rows_;
  JsonRows job_description_;
  std::unique_ptr<ResultFiles> results_;
  SpillFiles spill_;
  Collator collator_;
  LoopWaiter waiter_;
  Relay relay_;
  ProcessExecutor executor_;
  JobMessages job_messages_;
  RunFiles& files_;
  Output& output_;
  Terminal terminal_;
  TerminalStatus status_;
  ProgressMode progress_mode_;
  ProgressLines progress_lines_;
  ProgressBar progress_bar_;
  AfterAWhile after_a_while_{EventLoop::now(), kLasts, [this] { return enter_cgroup(); }};
  std::optional<Cgroup> cgroup_;
  std::unique_ptr<JobLocks> locks_;
  std::unique_ptr<Mutexes> mutexes_;
  Engine engine_;
  SignalWatcher signals_;
  std::optional<WallAlarm> alarm_;
  GuardWatcher guard_watcher_;
};

// What else takes descriptors has those of lower numbers.
void keep_for_jobs(const DescriptorNeeds& needs, int slots) {
  const std::uint64_t all = needs.for_jobs(slots) + static_cast<unsigned>(needs.later);
  const std::uint64_t limit = open_files_limit();
  GroupFuse::keep_above(limit > all ? limit - all : 0);
}

int end_without_jobs(int status, Scheduled* scheduled) {
  if (scheduled == nullptr) return status;
  std::string messages;
  status = scheduled->finish(status, 0, messages);
  std::fputs(messages.c_str(), stderr);
  return status;
}

// Everything between the lock and the stamp.
Expected<int> run_jobs(const RunSpec& spec, Pacing& pacing, const std::string& not_found_advice,
                       Startup& startup, Scheduled* scheduled) {
  std::optional<EarlySignals> early;
  if (scheduled != nullptr) early.emplace(startup);
  auto opened = RunFiles::or_leave_empty(spec, [&] { return open_source(spec.input); });
  if (!opened) return tl::unexpected(opened.error());
  const std::string nothing = advice_on_stdin(spec.input);
  if (opened->empty) {
    const bool wanted = spec.log.level <= LogLevel::warn && !spec.cron.quiet_unless_failed;
    if (wanted && !nothing.empty()) std::fprintf(stderr, "distaff: warning: %s\n", nothing.c_str());
    const auto emptied = RunFiles::leave_empty(spec, make_run_id());
    if (!emptied) return tl::unexpected(emptied.error());
    return end_without_jobs(0, scheduled);
  }
  const std::string names = expect_a_table(spec.command, *opened);
  const auto learned = RunFiles::or_leave_empty(spec, [&]() -> Expected<void> {
    learn_names(spec, *opened);
    return {};
  });
  if (!learned) return tl::unexpected(learned.error());
  auto plan = make_plan(spec, *opened);
  const std::string odd = advice_on_header(spec.input, opened->scheme);
  if (!plan) {
    Error error = plan.error();
    if (!odd.empty()) error.message += "; " + odd;
    return tl::unexpected(error);
  }

  // Before anything is waited for, and while this process is small.
  Guard guard;
  if (!spec.output.dry_run) guard = Guard::begin(startup);
  EventLoop loop;
  Output output(loop);
  std::optional<Quiet> quiet;
  if (spec.cron.quiet_unless_failed && scheduled != nullptr) quiet.emplace(spec.output, output);
  HeldOutput* const held = quiet ? &quiet->held : nullptr;
  const auto log = Log::open(spec.log, held != nullptr ? static_cast<ByteSink&>(*held) : output);
  if (!log) return tl::unexpected(log.error());
  if (!nothing.empty()) (*log)->on_message(LogLevel::warn, nothing);
  if (!odd.empty()) (*log)->on_message(LogLevel::warn, odd);
  if (!names.empty()) (*log)->on_message(LogLevel::warn, names);
  const std::string failed_to = advice_on_failed_to(spec, *opened->source);
  if (!failed_to.empty()) (*log)->on_message(LogLevel::warn, failed_to);
  for (const std::string& warning : plan->warnings) (*log)->on_message(LogLevel::warn, warning);
  if (plan->not_found_advice.empty()) plan->not_found_advice = not_found_advice;
  RunFiles files(spec, *plan->command, plan->id, *opened, make_run_id());
  const auto ready = spec.output.dry_run ? files.look() : files.open(EventLoop::now());
  if (!ready) return tl::unexpected(ready.error());
  if (const std::string warning = files.warning(); !warning.empty()) {
    (*log)->on_message(LogLevel::warn, warning);
  }
  if (scheduled == nullptr) {
    LoopWaiter waiter(loop, *opened->source, output);
    const auto slots =
        spec.batch.even ? slots_that_fit(spec.pool.jobs, needs_of_run(spec), INT_MAX) : Slots{};
    if (!slots) return tl::unexpected(slots.error());
    JobBuilder builder(batch_limits(spec, *plan, slots->count), *plan->command,
                       plan->key ? &*plan->key : nullptr);
    return end(dry_run(*opened->source, builder, *plan->command, output, waiter, files.resume(),
                       isatty(STDOUT_FILENO) == 1)
                   .exit_status());
  }
  if (!guard) {
    (*log)->on_message(LogLevel::warn,
                       "there was no process left for the guard: should this run be killed, what "
                       "its jobs started may live on");
  }
  const DescriptorNeeds needs = needs_of_run(spec);
  const auto slots = slots_that_fit(spec.pool.jobs, needs, INT_MAX);
  if (!slots) return tl::unexpected(slots.error());
  if (!slots->warning.empty()) (*log)->on_message(LogLevel::warn, slots->warning);
  keep_for_jobs(needs, slots->count);
  Run all(spec, slots->count, startup, guard, *opened, *plan, pacing, loop, output, held, **log,
          *scheduled, files);
  early->end();
  return end(all.run());
}

}  // namespace

Expected<int> run(const RunSpec& spec, const std::string& not_found_advice, Startup& startup) {
  auto pacing = Pacing::compile(spec.group, spec.failure, draw_seed());
  if (!pacing) return tl::unexpected(pacing.error());
  if (!spec.output.spill_dir.empty()) {
    const auto usable = check_writable_directory(spec.output.spill_dir);
    if (!usable) return fail("--spill-dir " + usable.error().message);
  }
  if (spec.output.dry_run) return run_jobs(spec, *pacing, not_found_advice, startup, nullptr);
  const DescriptorNeeds needs = needs_of_run(spec);
  make_room(spec.pool.jobs, needs, startup);
  if (const auto enough = check_descriptors(needs); !enough) {
    return tl::unexpected(enough.error());
  }
  auto scheduled = Scheduled::begin(spec, startup);
  if (!scheduled) return tl::unexpected(scheduled.error());
  auto status = run_jobs(spec, *pacing, not_found_advice, startup, &*scheduled);
  if (!status) {
    std::string messages;
    status.error().status = scheduled->finish(status.error().status, 0, messages);
    std::fputs(messages.c_str(), stderr);
  }
  return status;
}

}  // namespace distaff

#pragma once

// Runs jobs as processes of this machine.
//
// Each is started by vfork in a process group of its own.  Its output comes through pipes, which
// are read when it ends, and watched by the event loop if it lives longer than a moment.  SIGCHLD,
// read from a signalfd, tells that some ended.
//
// Before each read the owner is asked how much it can take, and where to: the kernel may move it
// past us.  A pipe for which there is no room is left alone, and its job waits in write().
//
// A job is over when its process is.  A daemon that it left behind may keep the pipes open for
// ever, so what they hold by then is read, and the rest gets half a second; then we stop listening.
//
// A signal goes to a job's whole tree: to its process group, and to what has left that.  If a job
// that we are ending loses its process while others of its tree live, these get a second to follow,
// and are then killed; the job is closed only after that, so that nothing of it is left when it is
// tried again.  For that we must be the sub-reaper of what is below us; who is not loses sight of
// orphans.  What jobs that end by themselves leave behind is let be until end_what_is_left().
//
// A job whose process is killed before its program is there has not failed but is `cancelled`:
// whoever did that meant us, by our name or our process group, and nothing of the job was done.
//
// If we die, jobs are killed by the kernel, each with its process group; or, if another process
// holds their fuses too, once that is dead as well.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "exec/executor.h"
#include "exec/job_trees.h"
#include "exec/launcher.h"
#include "os/event_loop.h"
#include "os/group_fuse.h"
#include "os/signals.h"

namespace distaff {

class ProcessExecutor final : public Executor, private Watcher {
 public:
  enum class Capture { pipe, inherit, null };
  enum class Stdin {
    null,  // /dev/null, or what the job's `stdin_text` says
    tty,   // our terminal; jobs then stay in our process group
  };
  struct Options {
    Capture capture = Capture::pipe;
    Stdin stdin_from = Stdin::null;
    std::optional<int> nice;
    Startup startup;
    char* const* environment = ::environ;
    Duration grace = std::chrono::milliseconds(500);  // for pipes that stay open
    std::string run_id;                               // DISTAFF_RUN of our jobs
    bool leave_orphans = false;  // what a job left behind may live longer than we do
    std::function<void(const std::string&)> warn = [](const std::string&) {};
    // Gives what kills jobs when we die to another process, so that this holds it too.
    std::function<void(std::span<const int> fds)> share = [](std::span<const int>) {};
  };

  // A process that a job left behind.
  struct LeftBehind {
    std::optional<JobId> job;  // if known
    pid_t pid = -1;
    std::string command;
    bool ended = false;  // false: it is another user's
  };

  // Blocks SIGCHLD.  SIGPIPE must be ignored if jobs are fed text.
  ProcessExecutor(Options options, EventLoop& loop, ExecEvents& events);
  ~ProcessExecutor() override;
  ProcessExecutor(const ProcessExecutor&) = delete;
  ProcessExecutor& operator=(const ProcessExecutor&) = delete;

  // A job's id is free for its next attempt once on_closed() was called for the last one.
  StartResult start(JobId job, const Launch& launch) override;
  void signal(JobId job, int signal) override;
  void signal_all(int signal) override;
  void read_again(JobId job) override;
  void read_again() override;

  // When the run is over: ends what is below us, by TERM and what has not ended after `time` by
  // KILL.  Waits until it is done, which may take a second or two more.  Only for a process that
  // has no other children.  `strongest` is called before what still lives is killed one by one.
  static constexpr Duration kTimeForOrphans = std::chrono::milliseconds(500);
  std::vector<LeftBehind> end_what_is_left(
      Duration time = kTimeForOrphans, const std::function<void()>& strongest = [] {});

  int running() const override { return static_cast<int>(by_pid_.size()); }

  // The owner of the event loop waits no longer than this, and then calls tick().
  std::optional<TimePoint> wake_at() const override;
  void tick(TimePoint now) override;

  // Descriptors of ours that a job takes while it runs, at the least: a GroupFuse has what is left.
  static int descriptors_per_job(Capture capture, bool feeds_stdin);

 private:
  // What a job writes to one of its streams.
  struct Pipe {
    UniqueFd fd;              // our end; none: closed by all writers, or not captured
    bool watched = false;     // the event loop tells of it
    bool left_alone = false;  // nobody had room for what is in it
    bool large = false;       // it was made larger
    std::size_t owed = 0;     // of a job that is over: what was in it then and is not yet read
  };
  struct Job {
    JobId id{};
    pid_t pid = -1;  // -1: it ended, and its number may be a stranger's
    TimePoint started;
    std::array<Pipe, 2> pipes;  // stdout, stderr
    UniqueFd feed;              // write end of its stdin, while there is text left
    std::string text;           // to feed, unless it is a batch
    std::shared_ptr<const PackedTexts> batch;
    std::size_t piece = 0;           // of the batch, that is being written
    std::size_t fed = 0;             // bytes of it, or of the text, that are written
    bool wants_tty = false;          // we end it for that
    bool late = false;               // over, and its grace too: closed once it owes nothing
    std::optional<TimePoint> timer;  // running: when it is killed; ended: when we stop listening
    int told = 0;                    // the last signal by which we end it; 0: none
    std::uint64_t told_at = 0;       // when, as ProcessEntry::started has it
    bool refused = false;            // it runs as another user, and cannot be killed by us
    bool lingers = false;            // over, and others of its tree live
    TimePoint kill_at;               // when these are killed
    std::optional<bool> closing;     // kept_open, once nothing lingers
    std::optional<GroupFuse> fuse;

    bool over() const { return pid < 0; }
    bool has_pipes() const { return pipes[0].fd || pipes[1].fd; }
    bool owes() const { return pipes[0].owed > 0 || pipes[1].owed > 0; }
    Pipe& pipe(Stream stream) { return pipes[stream == Stream::out ? 0 : 1]; }
  };
  // The ends that the child gets.
  struct ChildEnds {
    UniqueFd in, out, err;
  };

  Launcher::Result launch_in(const Launch& launch, const ChildEnds& ends,
                             const std::optional<GroupFuse>& fuse);

  // These give 0 or an errno.
  int make_pipes(Job& job, ChildEnds& ends, const Launch& launch);
  int make_output_pipe(UniqueFd& ours, UniqueFd& childs);
  int make_feed(Job& job, UniqueFd& childs, const Launch& launch);
  static bool feed_batch(Job& job);
  int open_shared_files();

  std::array<int, 3> stdio(const ChildEnds& ends) const;
  bool watch(Job& job, int fd, std::uint32_t events);
  bool watch_output(Job& job);
  void unwatch(Pipe& pipe);
  void leave_alone(Pipe& pipe);
  void read_again(Job& job, TimePoint now);
  void watch_old_jobs(TimePoint now);
  void forget(Job& job);

  void on_ready(int fd, std::uint32_t events) override;
  void feed(Job& job);
  void read_some(Job& job, Stream stream, std::size_t most, bool hung_up);
  bool take(Job& job, Stream stream, const Intake& intake, bool hung_up);
  void enlarge(Pipe& pipe);
  void taken(Pipe& pipe, std::size_t bytes);
  void read_rest(Job& job);
  void note_what_is_owed(Job& job);
  void close_if_done(Job& job);

  void reap();
  void reap(pid_t child, bool before_exec);
  void stopped(Job& job, int signal);
  void ended(Job& job, Outcome outcome, const struct rusage& usage);
  void closed(Job& job, bool kept_open);
  bool send(const Job& job, int signal) const;
  void set_timer(Job& job, std::optional<TimePoint> when);
  void close_fd(UniqueFd& fd);
  void close_pipe(Pipe& pipe);

  std::optional<JobId> job_of(pid_t child) const;
  JobTrees::Trees look(const std::function<bool(JobId)>& wanted) const;
  void deliver(Job& job, int signal, const JobTrees::Trees& trees);
  void linger(Job& job, TimePoint now);
  void look_after_remains(TimePoint now);
  bool was_missed(const Job& job, const ProcessEntry& process) const;
  void end_remains(Job& job, const std::vector<ProcessEntry>& left, TimePoint now);
  void settle(Job& job);
  void give_up(Job& job);
  void take_fuse(Job& job);
  void make_fuses();
  void put_back_fuse(Job& job, bool spares);
  void keep_sight_of_group(Job& job, pid_t group);

  Options options_;
  EventLoop& loop_;
  ExecEvents& events_;
  Launcher launcher_;
  SignalWatcher child_signals_;
  UniqueFd null_in_, null_out_, tty_;
  std::unique_ptr<char[]> buffer_;
  std::uint64_t taken_ = 0;  // bytes, of all jobs
  int large_pipes_ = 0;

  std::unordered_map<JobId, Job> jobs_;     // until closed
  std::unordered_map<pid_t, Job*> by_pid_;  // those whose process runs
  // Jobs whose output is not watched yet, and from when on it is to be.
  std::deque<std::pair<TimePoint, JobId>> unwatched_;
  std::vector<Job*> by_fd_;  // of each watched pipe
  std::set<std::pair<TimePoint, JobId>> timers_;

  JobTrees trees_;
  std::vector<JobId> lingering_;
  std::optional<TimePoint> look_at_;  // when to look after them
  std::vector<GroupFuse> fuses_;      // of no job
  std::size_t made_fuses_ = 0;
  std::vector<GroupFuse> left_fuses_;  // of groups that jobs left behind
  std::set<pid_t> given_up_;
};

}  // namespace distaff

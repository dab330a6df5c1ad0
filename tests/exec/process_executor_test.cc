#include "exec/process_executor.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdlib>

#include "exec/run_jobs.h"
#include "os/process_table.h"
#include "support/temp_dir.h"
#include "support/timing.h"

namespace distaff::process_executor_test {
namespace {

using namespace std::chrono_literals;
using Start = Executor::Start;

Launch shell(std::string script) {
  Launch launch;
  launch.argv = {"sh", "-c", std::move(script)};
  return launch;
}

int count_from(const char* variable, int usual) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : usual;
}

// ---- outcomes and output

TEST(ProcessExecutor, TellsOutputOfBothStreamsAndTheEnd) {
  Jobs jobs;
  const Seen& job = jobs.run(shell("echo to out; echo to err >&2; exit 3"));
  EXPECT_EQ(job.out, "to out\n");
  EXPECT_EQ(job.err, "to err\n");
  EXPECT_EQ(job.end->outcome, Outcome::exited(3));
  EXPECT_FALSE(job.kept_open);
  EXPECT_EQ(jobs.executor.running(), 0);
  EXPECT_EQ(jobs.executor.wake_at(), std::nullopt);
}

TEST(ProcessExecutor, TellsTheSignalThatKilledAJob) {
  Jobs jobs;
  EXPECT_EQ(jobs.run(shell("kill -9 $$")).end->outcome, Outcome::signalled(SIGKILL));
}

TEST(ProcessExecutor, MeasuresWhatAJobTook) {
  Jobs jobs;
  const Usage usage =
      jobs.run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")).end->usage;
  EXPECT_GT(usage.user + usage.system, Duration(0));
  EXPECT_GE(usage.wall, Duration(0));
  EXPECT_GT(usage.max_rss_kib, 0);
}

TEST(ProcessExecutor, TheTimeAJobTookIsFromItsStartToItsEnd) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start({kChild, "wait", fifo});
  const TimePoint started = EventLoop::now();
  jobs.turn_past(started + 100ms);
  const TimePoint let_go = EventLoop::now();
  held.reset();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  // That it is not more than that, Jobs looks at.
  EXPECT_GE(jobs.seen[1].end->usage.wall, let_go - started);
}

TEST(ProcessExecutor, AllBytesArrive) {
  Jobs jobs;
  constexpr std::size_t kSize = 5'000'001;
  const std::string size = std::to_string(kSize);
  EXPECT_EQ(jobs.run({kChild, "write", "out", size}).out.size(), kSize);
  EXPECT_EQ(jobs.run({kChild, "write", "err", size}).err.size(), kSize);
  EXPECT_EQ(jobs.run({kChild, "write", "out", "65536"}).out.size(), 65536u);
}

TEST(ProcessExecutor, OutputComesWhileTheJobRuns) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start({kChild, "stubborn", fifo});
  jobs.wait_until([&] { return jobs.seen[1].out == "ready\n"; });
  EXPECT_EQ(jobs.executor.running(), 1);
  held.reset();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
}

TEST(ProcessExecutor, AJobThatClosesItsOutputStillRuns) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start(shell("exec >&- 2>&-; exec " + kChild + " wait " + fifo));
  const TimePoint soon = EventLoop::now() + 50ms;
  jobs.turn(soon);
  jobs.turn(soon);
  EXPECT_EQ(jobs.executor.running(), 1);
  held.reset();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
}

TEST(ProcessExecutor, AnEndMayStartTheNextJob) {
  Jobs jobs;
  int left = 200;
  jobs.when_ended = [&](JobId) {
    if (--left > 0) jobs.start(shell("echo x"));
  };
  jobs.start(shell("echo x"));
  jobs.wait_until([&] { return left == 0 && jobs.seen[200].closes == 1; });
  for (auto& [id, job] : jobs.seen) EXPECT_EQ(job.out, "x\n");
}

// ---- processes that stay behind

TEST(ProcessExecutor, AJobIsOverWhenItsProcessIsAndItsPipesGetAGrace) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 100ms});
  const Seen& job = jobs.run({kChild, "leave", fifo});
  EXPECT_EQ(job.out, "gone\n");
  EXPECT_EQ(job.end->outcome, Outcome::exited(0));
  EXPECT_TRUE(job.kept_open);
  EXPECT_GE(job.closed - job.over, 100ms);
}

TEST(ProcessExecutor, WhatComesDuringTheGraceCounts) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s});
  jobs.when_ended = [&](JobId) { held.reset(); };
  const Seen& job = jobs.run({kChild, "leave", fifo});
  EXPECT_EQ(job.out, "gone\nlate\n");
  EXPECT_FALSE(job.kept_open);
}

TEST(ProcessExecutor, AFloodFromAProcessLeftBehindEndsWithTheGrace) {
  Jobs jobs({.grace = 50ms});
  jobs.start({kChild, "flood"});
  const Seen& job = jobs.seen[1];
  jobs.wait_until([&] { return job.ends == 1; });
  jobs.turn_past(job.ended + 50ms);
  EXPECT_EQ(job.closes, 1) << "the first turn behind the grace is the last";
  EXPECT_TRUE(job.kept_open);
}

TEST(ProcessExecutor, NothingIsSignalledAfterAJobsEnd) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s});
  jobs.start({kChild, "leave", fifo});
  jobs.wait_until([&] { return jobs.seen[1].ends == 1; });
  jobs.executor.signal(JobId{1}, SIGKILL);
  jobs.executor.signal_all(SIGKILL);
  held.reset();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].out, "gone\nlate\n");
}

// ---- signals

TEST(ProcessExecutor, ASignalReachesTheWholeProcessGroup) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s});
  jobs.start(shell(kChild + " wait " + fifo + " & echo ready; wait; echo never"));
  jobs.wait_until([&] { return jobs.seen[1].out == "ready\n"; });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].end->outcome, Outcome::signalled(SIGTERM));
  EXPECT_FALSE(jobs.seen[1].kept_open);
}

TEST(ProcessExecutor, TellsWhetherAJobWasToldToEnd) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s});
  // Ready is said behind the fork: a child that is told before would catch it as its shell does.
  jobs.start(
      shell("trap 'exit 0' TERM; { echo ready; exec " + kChild + " wait " + fifo + "; } & wait"));
  jobs.start(shell("echo ready"));
  jobs.wait_until([&] { return jobs.seen[1].out + jobs.seen[2].out == "ready\nready\n"; });
  jobs.executor.signal_all(SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes + jobs.seen[2].closes == 2; });
  EXPECT_EQ(jobs.seen[1].end->outcome, Outcome::exited(0));
  EXPECT_TRUE(jobs.seen[1].end->told);

  // It ends before it is told, but we hear of both later.
  jobs.start(shell("exit 0"));
  waitid(P_ALL, 0, nullptr, WEXITED | WNOWAIT);
  jobs.executor.signal_all(SIGTERM);
  jobs.wait_until([&] { return jobs.seen[3].closes == 1; });
  EXPECT_EQ(jobs.seen[3].end->outcome, Outcome::exited(0));
  EXPECT_FALSE(jobs.seen[3].end->told);

  // Stopping and continuing it is not telling.
  jobs.start(shell(kChild + " wait " + fifo));
  jobs.executor.signal_all(SIGTSTP);
  jobs.executor.signal_all(SIGCONT);
  held.reset();
  jobs.wait_until([&] { return jobs.seen[4].closes == 1; });
  EXPECT_FALSE(jobs.seen[4].end->told);
}

TEST(ProcessExecutor, AStubbornJobNeedsKill) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start({kChild, "stubborn", fifo});
  jobs.start({kChild, "stubborn", fifo});
  jobs.wait_until([&] { return !jobs.seen[1].out.empty() && !jobs.seen[2].out.empty(); });
  jobs.executor.signal_all(SIGTERM);
  jobs.turn(EventLoop::now() + 20ms);
  EXPECT_EQ(jobs.executor.running(), 2);
  jobs.executor.signal_all(SIGKILL);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1 && jobs.seen[2].closes == 1; });
  EXPECT_EQ(jobs.seen[1].end->outcome, Outcome::signalled(SIGKILL));
}

TEST(ProcessExecutor, AStoppedJobCanBeEnded) {
  Jobs jobs;
  jobs.start(shell("echo ready; kill -STOP $$"));
  jobs.wait_until([&] { return !jobs.seen[1].out.empty(); });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].end->outcome, Outcome::signalled(SIGTERM));
}

TEST(ProcessExecutor, ChildrenOfOthersAreNoneOfItsBusiness) {
  Jobs jobs;
  const pid_t other = fork();
  if (other == 0) _exit(0);
  waitid(P_PID, static_cast<id_t>(other), nullptr, WEXITED | WNOWAIT);
  EXPECT_EQ(jobs.run(shell("exit 4")).end->outcome, Outcome::exited(4));
}

// ---- whole trees

// Orphans come to the test, as they come to the engine.
class SubReaper {
 public:
  SubReaper() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~SubReaper() { prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

// True once nobody below us is left, within a generous while.
bool nobody_left() {
  const TimePoint limit = EventLoop::now() + 200s;
  while (EventLoop::now() < limit) {
    if (waitpid(-1, nullptr, WNOHANG) < 0) return true;
    usleep(1000);
  }
  return false;
}

// True once so many processes below us run `command`, and no longer the shell, setsid or env that
// led to it.
bool has_started(std::ptrdiff_t count, const std::string& command) {
  return test::eventually([&] {
    const auto all = descendants([](pid_t) { return true; });
    return std::count_if(all.begin(), all.end(), [&](const Descendant& one) {
             return command_line(one.process.pid) == command;
           }) == count;
  });
}

TEST(ProcessExecutor, ASignalReachesWhatLeftTheProcessGroup) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s, .run_id = "run-1"});
  const std::string wait = kChild + " wait " + fifo;
  Launch launch =
      shell("setsid " + wait + " & (setsid " + wait + " &) ; env -i setsid " + wait + " & wait");
  launch.env = {"DISTAFF_RUN=run-1", "DISTAFF_SEQ=1"};
  jobs.start(std::move(launch));
  ASSERT_TRUE(has_started(3, wait));
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_FALSE(jobs.seen[1].kept_open);
  EXPECT_TRUE(nobody_left());
}

TEST(ProcessExecutor, AJobThatWasEndedIsClosedOnceNothingOfItIsLeft) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start(shell("setsid " + kChild + " stubborn " + fifo + " & wait"));
  jobs.wait_until([&] { return jobs.seen[1].out == "ready\n"; });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].ends == 1; });
  EXPECT_EQ(jobs.seen[1].end->outcome, Outcome::signalled(SIGTERM));
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_GE(jobs.seen[1].closed - jobs.seen[1].over, 900ms) << "it had no time to follow";
  EXPECT_FALSE(jobs.seen[1].kept_open);
  EXPECT_TRUE(nobody_left());
}

TEST(ProcessExecutor, KillDoesNotWaitForWhatLingers) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs;
  jobs.start(shell("setsid " + kChild + " stubborn " + fifo + " & wait"));
  jobs.wait_until([&] { return jobs.seen[1].out == "ready\n"; });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].ends == 1; });
  jobs.executor.signal_all(SIGKILL);
  EXPECT_TRUE(nobody_left()) << "without another turn";
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_WITHIN(jobs.seen[1].closed - jobs.seen[1].ended, 900ms);
}

TEST(ProcessExecutor, OneJobsEndIsNotAnothers) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs;
  const std::string family = "setsid " + kChild + " wait " + fifo + " & echo ready; wait; echo end";
  jobs.start(shell(family));
  jobs.start(shell(family));
  jobs.wait_until([&] { return !jobs.seen[1].out.empty() && !jobs.seen[2].out.empty(); });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.executor.running(), 1);
  held.reset();
  jobs.wait_until([&] { return jobs.seen[2].closes == 1; });
  EXPECT_EQ(jobs.seen[2].out, "ready\nend\n");
  EXPECT_TRUE(nobody_left());
}

TEST(ProcessExecutor, WhatAJobLeftBehindLivesUntilTheEndAndIsNamed) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  const std::string end = dir.fifo("end");
  UniqueFd until_started = hold(end);
  Jobs jobs({.run_id = "run-1"});
  const std::string wait = kChild + " wait " + fifo + " > " + dir / "out" + " 2>&1 & ";
  Launch launch = shell("setsid " + wait + "env -i " + wait + "env -i setsid " + wait + kChild +
                        " wait " + end);
  launch.env = {"DISTAFF_RUN=run-1", "DISTAFF_SEQ=17"};
  jobs.start(std::move(launch));
  ASSERT_TRUE(has_started(3, kChild + " wait " + fifo));
  until_started.reset();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(own_children().size(), 3u);
  const auto left = jobs.executor.end_what_is_left();
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(left[0].job, JobId{1}) << "by its process group";
  EXPECT_EQ(left[1].job, JobId{17}) << "by its environment";
  EXPECT_EQ(left[2].job, std::nullopt);
  for (const auto& one : left) {
    EXPECT_TRUE(one.ended);
    EXPECT_EQ(one.command, kChild + " wait " + fifo);
  }
  EXPECT_TRUE(nobody_left());
  EXPECT_TRUE(jobs.executor.end_what_is_left().empty());
}

TEST(ProcessExecutor, WhatIsRunToTidyUpIsNotToldToEnd) {
  const SubReaper reaper;
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  const UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 200s});
  jobs.start(shell("setsid sh -c 'trap \"sleep 0.2; echo \\$?; exit\" TERM; echo ready; " + kChild +
                   " wait " + fifo + " & wait' & wait"));
  jobs.wait_until([&] { return jobs.seen[1].out == "ready\n"; });
  jobs.executor.signal(JobId{1}, SIGTERM);
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  // It has a second.
  if (jobs.seen[1].closed - jobs.seen[1].over < 900ms) {
    EXPECT_EQ(jobs.seen[1].out, "ready\n0\n");
  }
  EXPECT_TRUE(nobody_left());
}

TEST(ProcessExecutor, JobsDieWithUsWithTheirProcessGroups) {
  const SubReaper reaper;
  const pid_t executor = fork();
  if (executor == 0) {
    Jobs jobs;
    jobs.start(shell("sleep 777 & echo ready; wait"));
    jobs.start(shell("sleep 777 & sleep 0.1; echo ready"));
    jobs.wait_until([&] { return jobs.seen[1].out + jobs.seen[2].out == "ready\nready\n"; });
    jobs.wait_until([&] { return jobs.seen[2].ends == 1; });
    kill(getpid(), SIGKILL);
  }
  EXPECT_EQ(waitpid(executor, nullptr, 0), executor);
  EXPECT_TRUE(nobody_left());
}

// ---- room for what jobs write

TEST(ProcessExecutor, WithoutRoomAJobFillsItsPipeAndWaits) {
  Jobs jobs;
  jobs.most = 0;
  jobs.start({kChild, "write", "out", "1000000"});
  const TimePoint soon = EventLoop::now() + 100ms;
  int turns = 0;
  for (; EventLoop::now() < soon; ++turns) jobs.turn(soon);
  EXPECT_LE(turns, 5) << "what is not read must not wake us";
  EXPECT_EQ(jobs.seen[1].out, "");
  EXPECT_EQ(jobs.executor.running(), 1);
  jobs.most = 1 << 20;
  jobs.executor.read_again();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].out.size(), 1'000'000u);
}

TEST(ProcessExecutor, WhatAnEndedJobLeftInItsPipeWaitsForRoom) {
  Jobs jobs({.grace = 50ms});
  jobs.most = 0;
  jobs.start(shell("echo kept"));
  jobs.wait_until([&] { return jobs.seen[1].ends == 1; });
  jobs.turn_past(jobs.seen[1].ended + 100ms);
  EXPECT_EQ(jobs.executor.wake_at(), std::nullopt);
  EXPECT_EQ(jobs.seen[1].out, "");
  EXPECT_EQ(jobs.seen[1].closes, 0) << "the grace is for what comes later, not for what is there";
  jobs.most = 1 << 20;
  jobs.executor.read_again(JobId{1});
  EXPECT_EQ(jobs.seen[1].out, "") << "read_again() does not call back";
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].out, "kept\n");
  EXPECT_FALSE(jobs.seen[1].kept_open);
}

TEST(ProcessExecutor, WhatWasThereAtTheEndIsReadAlthoughAProcessKeepsThePipeOpen) {
  const TempDir dir;
  const std::string fifo = dir.fifo("fifo");
  const UniqueFd held = hold(fifo);
  Jobs jobs({.grace = 50ms});
  jobs.most = 0;
  jobs.start({kChild, "leave", fifo});
  jobs.wait_until([&] { return jobs.seen[1].ends == 1; });
  jobs.turn_past(jobs.seen[1].ended + 100ms);
  EXPECT_EQ(jobs.seen[1].closes, 0);
  jobs.most = 3;  // it takes more than one read
  jobs.executor.read_again(JobId{1});
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].out, "gone\n");
  EXPECT_TRUE(jobs.seen[1].kept_open);
}

TEST(ProcessExecutor, RoomMayEndWithOutput) {
  Jobs jobs;
  jobs.when_output = [&](JobId) { jobs.most = 0; };
  jobs.start({kChild, "write", "out", "1000000"});
  jobs.wait_until([&] { return !jobs.seen[1].out.empty(); });
  const std::size_t first = jobs.seen[1].out.size();
  EXPECT_LE(first, 65536u);
  const TimePoint soon = EventLoop::now() + 20ms;
  int turns = 0;
  for (; EventLoop::now() < soon; ++turns) jobs.turn(soon);
  EXPECT_LE(turns, 5) << "what is not read must not wake us";
  EXPECT_EQ(jobs.seen[1].out.size(), first);
  jobs.when_output = [](JobId) {};
  jobs.most = 1 << 20;
  jobs.executor.read_again();
  jobs.wait_until([&] { return jobs.seen[1].closes == 1; });
  EXPECT_EQ(jobs.seen[1].out.size(), 1'000'000u);
}

// A file that takes what pipes hold, until it has enough.
class FileTarget final : public PipeTarget {
 public:
  explicit FileTarget(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT, 0600)) {}

  Moved take_from(int pipe, std::size_t most) override {
    if (room == 0) return {0, refuses ? Moved::Why::refused : Moved::Why::full};
    const ssize_t got =
        splice(pipe, nullptr, file_.get(), nullptr, std::min(most, room), SPLICE_F_NONBLOCK);
    if (got < 0) return {0, Moved::Why::empty};
    room -= static_cast<std::size_t>(got);
    return {static_cast<std::size_t>(got), got == 0 ? Moved::Why::ended : Moved::Why::most};
  }

  std::size_t room = std::size_t{1} << 30;
  bool refuses = false;

 private:
  UniqueFd file_;
};

TEST(ProcessExecutor, WhatMayBeMovedIsNotRead) {
  const TempDir dir;
  FileTarget file(dir / "file");
  Jobs jobs;
  jobs.target = &file;
  const Seen& seen = jobs.run(shell("head -c 1000000 /dev/zero; echo error >&2"));
  EXPECT_EQ(seen.moved, 1'000'000u);
  EXPECT_EQ(seen.out, "");
  EXPECT_EQ(seen.err, "error\n");
  EXPECT_EQ(std::filesystem::file_size(dir / "file"), 1'000'000u);
}

TEST(ProcessExecutor, ATargetThatTakesNoMoreLeavesTheRestToBeRead) {
  const TempDir dir;
  FileTarget file(dir / "file");
  file.room = 100'000;
  file.refuses = true;
  Jobs jobs;
  jobs.target = &file;
  jobs.when_room = [&] { jobs.target = file.room > 0 ? &file : nullptr; };
  const Seen& seen = jobs.run({kChild, "write", "out", "1000000"});
  EXPECT_EQ(seen.moved, 100'000u);
  EXPECT_EQ(seen.out.size(), 900'000u);
}

// ---- stdin

TEST(ProcessExecutor, StdinIsEmptyUnlessTextIsFed) {
  Jobs jobs;
  EXPECT_EQ(jobs.run(shell("cat; readlink /proc/self/fd/0")).out, "/dev/null\n");
  Launch launch = shell("cat");
  launch.stdin_text = "a record\n";
  EXPECT_EQ(jobs.run(launch).out, "a record\n");
  launch.stdin_text = "";
  EXPECT_EQ(jobs.run(launch).out, "");
}

TEST(ProcessExecutor, ALongTextIsFedWithoutBlocking) {
  Jobs jobs;
  Launch launch = shell("cat");
  launch.stdin_text = std::string(3'000'000, 'x') + "end";
  EXPECT_EQ(jobs.run(launch).out, *launch.stdin_text);
}

TEST(ProcessExecutor, ABatchIsFedPieceByPiece) {
  Jobs jobs;
  Launch launch = shell("cat");
  auto batch = std::make_shared<PackedTexts>("\n");
  launch.stdin_batch = batch;
  batch->add("short");
  EXPECT_EQ(jobs.run(launch).out, "short\n");
  for (int i = 0; i < 100'000; ++i) batch->add("line " + std::to_string(i));
  batch->add(std::string(3'000'000, 'x'));
  EXPECT_EQ(batch->pieces(), 2u);
  const std::string out = jobs.run(launch).out;
  EXPECT_TRUE(out == batch->joined()) << out.size();
  launch = shell("exec <&-; echo done");
  launch.stdin_batch = batch;
  EXPECT_EQ(jobs.run(launch).out, "done\n");
}

TEST(ProcessExecutor, AJobNeedNotReadItsText) {
  Jobs jobs;
  Launch launch = shell("exec <&-; echo done");
  launch.stdin_text = std::string(3'000'000, 'x');
  EXPECT_EQ(jobs.run(launch).out, "done\n");
  launch = shell("exit 5");
  launch.stdin_text = std::string(300'000, 'x');
  EXPECT_EQ(jobs.run(launch).end->outcome, Outcome::exited(5));
}

// ---- where else output goes

TEST(ProcessExecutor, OutputMayBeThrownAway) {
  Jobs jobs({.capture = ProcessExecutor::Capture::null});
  const Seen& job = jobs.run(shell(
      "test \"$(readlink /proc/$$/fd/1 /proc/$$/fd/2 | sort -u)\" = /dev/null && echo x; exit $?"));
  EXPECT_EQ(job.end->outcome, Outcome::exited(0));
  EXPECT_EQ(job.out, "");
}

TEST(ProcessExecutor, OutputMayBeOurs) {
  Jobs jobs({.capture = ProcessExecutor::Capture::inherit});
  const std::string ours = std::filesystem::read_symlink("/proc/self/fd/1");
  const Seen& job = jobs.run(shell("test \"$(readlink /proc/$$/fd/1)\" = '" + ours + "'"));
  EXPECT_EQ(job.end->outcome, Outcome::exited(0));
}

// ---- leaks

TEST(ProcessExecutor, ManyStartsLeakNothing) {
  const TempDir dir;
  const std::string file = dir.file("none", "", 0644);
  Jobs jobs;
  // What is made once, and for as many jobs as run at once.
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  for (int i = 0; i < 9; ++i) jobs.start({kChild, "wait", fifo});
  held.reset();
  jobs.wait_until([&] { return jobs.executor.running() == 0; });
  const std::vector<int> before = open_descriptors();
  const int many = count_from("DISTAFF_TEST_STARTS", 1000);
  for (int i = 0; i < many; ++i) {
    Launch launch;
    launch.argv = {"true"};
    if (i % 3 == 0) launch.stdin_text = "x";
    jobs.start(launch);
    if (i % 10 == 0) {
      EXPECT_EQ(jobs.start({file}).start, Start::failed);
    }
    jobs.wait_until([&] { return jobs.executor.running() < 8; });
    if (jobs.seen.size() > 1000) {
      jobs.wait_until([&] { return jobs.executor.running() == 0; });
      jobs.seen.clear();
    }
  }
  jobs.wait_until([&] { return jobs.executor.running() == 0; });
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(ProcessExecutor, JobsAtOnceDoNotHoldEachOthersPipes) {
  const TempDir dir;
  const std::string fifo = dir.fifo("f");
  UniqueFd held = hold(fifo);
  Jobs jobs;
  for (int i = 0; i < 5; ++i) jobs.start({kChild, "wait", fifo});
  const Seen& job = jobs.run({kChild, "report"});
  std::string inherited;
  for (const int fd : open_descriptors()) {
    if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) {
      inherited.append(inherited.empty() ? "" : " ").append(std::to_string(fd));
    }
  }
  EXPECT_NE(job.out.find("fds=" + inherited + "\n"), std::string::npos) << job.out;
  EXPECT_NE(job.out.find("nonblocking0=0\nnonblocking1=0\nnonblocking2=0\n"), std::string::npos);
  held.reset();
  jobs.wait_until([&] { return jobs.executor.running() == 0; });
}

}  // namespace
}  // namespace distaff::process_executor_test

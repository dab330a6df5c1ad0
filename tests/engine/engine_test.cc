#include "engine/engine.h"
#include "compose/command.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <set>

#include "collate/csv_rows.h"
#include "support/fake_world.h"

namespace distaff::engine_test {
namespace {

using namespace std::chrono_literals;
using fake::at;

// A run of `work RECORD`, where RECORD says what happens.
struct World {
  TimePoint now = at(0s);
  fake::ListSource source{now};
  fake::FakeExecutor executor{now};
  fake::FakeWaiter waiter{now, executor, source};
  fake::MemorySink sink;
  Engine::Options options;
  GroupSpec groups;
  Scheduler::Options pool{.slots = 2};
  Collator::Options output;
  ResultStore* results = nullptr;
  std::uint64_t batch = 1;
  std::vector<Observer*> observers;
  std::unique_ptr<Engine> engine;

  RunResult run() {
    std::vector<std::string> warnings;
    CommandSpec spec;
    spec.words = {"work"};
    spec.words.push_back("{}");
    const FieldScheme scheme;
    auto command = CommandTemplate::compile(
        spec, {.scheme = scheme, .several = batch != 1, .environment = nullptr}, warnings);
    EXPECT_TRUE(command) << command.error().message;
    std::optional<GroupKey> key;
    if (!groups.key.empty()) {
      key.emplace(std::move(*GroupKey::compile(groups.key, {.scheme = scheme})));
    }
    JobBuilder builder({.max_records = batch}, *command, key ? &*key : nullptr);
    Scheduler scheduler(pool);
    auto pacing = Pacing::compile(groups, options.failure);
    EXPECT_TRUE(pacing) << pacing.error().message;
    Collator collator(output, sink);
    options.keyed = key.has_value();
    options.limited = groups.limited();
    engine = std::make_unique<Engine>(
        options, Engine::Parts{source, builder, *command, scheduler, *pacing, executor, &collator,
                               sink, waiter, observers, output.rows, results});
    executor.events = engine.get();
    return engine->run();
  }

  std::vector<std::string> started() const {
    std::vector<std::string> words;
    for (const auto& start : executor.starts) words.push_back(start.word);
    return words;
  }
};

using Words = std::vector<std::string>;

TEST(Engine, RunsEveryRecordAndNeverMoreAtOnceThanSlots) {
  World world;
  for (int i = 1; i <= 100; ++i) world.source.add(std::to_string(i));
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.starts.size(), 100u);
  EXPECT_EQ(world.executor.most_running, 2);
  EXPECT_EQ(world.now, at(50s));
}

TEST(Engine, ReadsNoFurtherThanTheSlotsCanTake) {
  World world;
  world.executor.behaviours["1"].runs = 1h;
  world.executor.behaviours["2"].runs = 1h;
  for (int i = 1; i <= 100; ++i) world.source.add(std::to_string(i));
  int taken = 0;
  world.waiter.scheduled.emplace(at(30min), [&] { taken = world.source.taken; });
  world.run();
  EXPECT_EQ(taken, 2);
}

TEST(Engine, ASlowInputHoldsBackNoFinishedOutput) {
  World world;
  world.source.add("a");
  world.source.add("b", 1h);
  world.executor.behaviours["a"].out = "got a\n";
  std::string seen;
  world.waiter.scheduled.emplace(at(2s), [&] { seen = world.sink.out; });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(seen, "got a\n");
}

TEST(Engine, JobsOfOneGroupRestWhileOthersGoOn) {
  World world;
  world.groups.key = "regex:^(.)";
  world.groups.throttle = Throttle{2s, 2s};
  for (const char* record : {"a1", "a2", "b1", "b2"}) world.source.add(record);
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.started(), (Words{"a1", "b1", "a2", "b2"}));
  EXPECT_EQ(world.executor.starts[2].at, at(3s));
}

TEST(Engine, ALimitWithoutAKeyHoldsForTheWholeRun) {
  World world;
  world.groups.rate = Rate{1, 10s, 1};
  for (const char* record : {"a", "b", "c"}) world.source.add(record);
  world.run();
  EXPECT_EQ(world.executor.starts[1].at, at(10s));
  EXPECT_EQ(world.executor.starts[2].at, at(20s));
}

TEST(Engine, ADelayCountsFromTheStartAndNotFromBeforeALongRead) {
  World world;
  world.pool.delay = 100ms;
  for (const char* record : {"a", "b"}) world.source.add(record);
  world.source.when_taken = [&] {
    if (world.source.taken == 0) world.now += 1s;
  };
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.starts[0].at, at(1s));
  EXPECT_EQ(world.executor.starts[1].at, at(1100ms));
}

TEST(Engine, AnOutcomeCanPauseItsGroup) {
  World world;
  ThrottleEntry entry{.when = ThrottleEntry::When::failed};
  entry.pause = 30s;
  world.groups.key = "regex:^(.)";
  world.groups.rules = {GroupRule{.throttle = std::vector{entry}}};
  for (const char* record : {"a1", "a2", "b1", "b2"}) world.source.add(record);
  world.executor.behaviours["a1"].outcome = Outcome::exited(75);
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), (Words{"a1", "b1", "b2", "a2"}));
  EXPECT_EQ(world.executor.starts[3].at, at(31s));
}

TEST(Engine, JobsWithoutAKeyAreCountedInTheEnd) {
  World world;
  world.groups.key = "regex:^(a)";
  for (const char* record : {"a1", "x", "y"}) world.source.add(record);
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.sink.err, "distaff: 2 jobs had no key and so no limit\n");
}

TEST(Engine, FailuresAreCountedAndNamed) {
  World world;
  for (const char* record : {"a", "b", "c"}) world.source.add(record);
  world.executor.behaviours["b"].outcome = Outcome::exited(3);
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.sink.err,
            "distaff: 1 of 3 jobs failed: 1 exit 3\n"
            "  job 2  exit 3  1.0s  work b\n");
}

TEST(Engine, OnErrorStopLetsRunningJobsEndAndStartsNoMore) {
  World world;
  world.options.failure.on_error = OnError::stop;
  for (const char* record : {"a", "bad", "c", "d"}) world.source.add(record);
  world.executor.behaviours["a"].runs = 5s;
  world.executor.behaviours["bad"].outcome = Outcome::exited(1);
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), (Words{"a", "bad"}));
  EXPECT_TRUE(world.executor.signals.empty());
  EXPECT_EQ(world.now, at(5s));
}

TEST(Engine, HaltOnSuccessIsASuccess) {
  World world;
  world.options.failure.halt = HaltSpec{.now = true, .what = HaltSpec::What::success};
  for (const char* record : {"slow", "quick", "c"}) world.source.add(record);
  world.executor.behaviours["slow"].runs = 1h;
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.signals, (std::vector<std::pair<TimePoint, int>>{{at(1s), SIGTERM}}));
  EXPECT_EQ(world.sink.err, "");
}

TEST(Engine, ASignalEndsRunningJobsStepByStepAndStartsNoMore) {
  World world;
  for (const char* record : {"deaf", "b", "c"}) world.source.add(record);
  world.executor.behaviours["deaf"] = {.runs = 1h, .ignores_term = true};
  world.executor.behaviours["b"].runs = 1h;
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGINT); });
  EXPECT_EQ(world.run().exit_status(), 130);
  EXPECT_EQ(world.started(), (Words{"deaf", "b"}));
  EXPECT_EQ(world.executor.signals,
            (std::vector<std::pair<TimePoint, int>>{{at(10s), SIGTERM}, {at(15s), SIGKILL}}));
}

TEST(Engine, ASecondSignalKillsAtOnceButNotWithin100ms) {
  World world;
  world.source.add("deaf");
  world.executor.behaviours["deaf"] = {.runs = 1h, .ignores_term = true};
  for (const Duration when : {10'000ms, 10'001ms, 11'000ms}) {
    world.waiter.scheduled.emplace(at(when), [&] { world.engine->on_signal(SIGTERM); });
  }
  EXPECT_EQ(world.run().exit_status(), 143);
  EXPECT_EQ(world.executor.signals,
            (std::vector<std::pair<TimePoint, int>>{{at(10s), SIGTERM}, {at(11s), SIGKILL}}));
}

TEST(Engine, OnceNobodyWatchesOverItItAsksByTermAndSoonKills) {
  World world;
  for (const char* record : {"deaf", "b", "c"}) world.source.add(record);
  world.executor.behaviours["deaf"] = {.runs = 1h, .ignores_term = true};
  world.executor.behaviours["b"].runs = 1h;
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_abandoned(); });
  EXPECT_EQ(world.run().exit_status(), 137);
  EXPECT_EQ(world.started(), (Words{"deaf", "b"}));
  EXPECT_EQ(world.executor.signals,
            (std::vector<std::pair<TimePoint, int>>{{at(10s), SIGTERM}, {at(10300ms), SIGKILL}}));
}

// ---- what became of those that we ended

TEST(Engine, AJobThatEndsWithStatus0WhenItIsToldToEndIsCancelled) {
  for (const int status : {0, 5}) {
    World world;
    world.options.failure.ok.ranges = {{0, 0}, {5, 5}};
    world.source.add("a");
    world.executor.behaviours["a"] = {.runs = 1h, .at_term = Outcome::exited(status)};
    world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGTERM); });
    EXPECT_EQ(world.run().exit_status(), 143);
    EXPECT_NE(world.sink.err.find("1 of 1 job failed: 1 cancelled"), std::string::npos)
        << world.sink.err;
  }
}

TEST(Engine, AJobThatEndedBeforeItWasToldIsWhatItIs) {
  World world;
  world.options.failure.on_error = OnError::kill;
  for (const char* record : {"good", "bad"}) world.source.add(record);
  // Both end in the same moment; that of the first is heard of when the run is being ended.
  world.executor.behaviours["bad"] = {.runs = 10s, .outcome = Outcome::exited(3)};
  world.executor.behaviours["good"] = {.runs = 10s, .at_term = Outcome::exited(0)};
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().exit_status(), 143);
  EXPECT_EQ(world.engine->summary().failures(), 1u);
  EXPECT_NE(world.sink.err.find("1 of 2 jobs failed: 1 exit 3"), std::string::npos)
      << world.sink.err;
}

TEST(Engine, AJobThatCtrlCReachedBeforeWeToldItIsCancelled) {
  World world;
  world.options.hit_together = true;
  world.source.add("a");
  world.executor.behaviours["a"] = {.runs = 10s, .outcome = Outcome::signalled(SIGINT)};
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGINT); });
  EXPECT_EQ(world.run().exit_status(), 130);
  EXPECT_NE(world.sink.err.find("1 of 1 job failed: 1 cancelled"), std::string::npos)
      << world.sink.err;
}

TEST(EngineTime, AJobWhoseTimeIsOverWhileTheRunEndsItIsCancelled) {
  World world;
  world.options.failure.timeout.most = 10s;
  world.source.add("a");
  world.executor.behaviours["a"] = {.runs = 1h, .ignores_term = true};
  world.waiter.scheduled.emplace(at(9s), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().exit_status(), 143);
  EXPECT_EQ(world.now, at(14s));
  EXPECT_NE(world.sink.err.find("1 cancelled"), std::string::npos) << world.sink.err;
}

TEST(EngineTime, AJobThatAnswersItsTimeOutWithStatus0IsTimedOut) {
  World world;
  world.options.failure.timeout.most = 10s;
  world.source.add("a");
  world.executor.behaviours["a"] = {.runs = 1h, .at_term = Outcome::exited(0)};
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_NE(world.sink.err.find("1 timed out"), std::string::npos) << world.sink.err;
}

TEST(Engine, AShortagePutsTheJobBackUntilThereIsRoom) {
  World world;
  for (const char* record : {"a", "b", "c"}) world.source.add(record);
  world.waiter.scheduled.emplace(at(500ms), [&] { world.executor.shortages = 1; });
  world.executor.behaviours["a"].runs = 600ms;
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.started(), (Words{"a", "b", "c"}));
  EXPECT_EQ(world.executor.starts[2].at, at(700ms));
}

TEST(Engine, AShortageThatNeverEndsIsGivenUpAfter30s) {
  World world;
  world.source.add("a");
  world.executor.shortages = 1'000'000;
  const RunResult result = world.run();
  EXPECT_EQ(result.exit_status(), 3);
  EXPECT_EQ(result.error->message, "cannot start any job for 30s: no process left");
  EXPECT_EQ(world.now, at(30s));
}

TEST(Engine, AProgramThatIsNotThereEndsTheRunAtItsFirstJob) {
  World world;
  world.executor.behaviours["1"].start = {Executor::Start::failed,
                                          Outcome::not_started(ENOENT, "work: not found")};
  for (int i = 1; i <= 1000; ++i) world.source.add(std::to_string(i));
  const RunResult result = world.run();
  EXPECT_EQ(result.exit_status(), 127);
  EXPECT_EQ(result.error->message, "work: not found");
  EXPECT_TRUE(world.executor.starts.empty());
  EXPECT_EQ(world.sink.err, "distaff: work: not found\n");
}

TEST(Engine, InputThatCannotBeUnderstoodEndsTheRunAfterWhatRuns) {
  World world;
  world.source.add("a");
  world.source.fail_at_end("x.csv:2: what is this?");
  world.executor.behaviours["a"].out = "a\n";
  const RunResult result = world.run();
  EXPECT_EQ(result.exit_status(), 2);
  EXPECT_EQ(world.sink.out, "a\n");
}

TEST(Engine, AReaderThatGoesAwayStopsTheRunQuietly) {
  World world;
  for (const char* record : {"a", "b", "c", "d"}) world.source.add(record);
  world.executor.behaviours["a"].outcome = Outcome::exited(1);
  world.waiter.scheduled.emplace(at(1500ms),
                                 [&] { world.sink.state = ByteSink::Condition::reader_gone; });
  EXPECT_EQ(world.run().exit_status(), 141);
  EXPECT_EQ(world.sink.err, "");
}

TEST(Engine, WhileWhatWeHaveToSayIsNotReadNothingNewStarts) {
  World world;
  for (const char* record : {"a", "b", "c", "d"}) world.source.add(record);
  world.executor.behaviours["b"].runs = 10s;
  world.waiter.scheduled.emplace(at(500ms), [&] { world.sink.stuck = 2 << 20; });
  std::size_t starts = 0;
  world.waiter.scheduled.emplace(at(5s), [&] {
    starts = world.executor.starts.size();
    world.sink.stuck = 0;
  });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(starts, 2u);
  EXPECT_EQ(world.executor.starts.size(), 4u);
}

TEST(Engine, JobsSeeWhoTheyAre) {
  World world;
  world.options.run_id = "r1";
  world.groups.key = "regex:.*";
  world.source.add("a");
  world.run();
  EXPECT_EQ(world.executor.starts[0].env,
            (Words{"DISTAFF_SEQ=1", "DISTAFF_SLOT=1", "DISTAFF_ATTEMPT=1", "DISTAFF_RUN=r1",
                   "DISTAFF_GROUP=a"}));
}

TEST(Engine, OutputComesInInputOrderIfAsked) {
  World world;
  world.output.keep_order = true;
  for (const char* record : {"slow", "b", "c"}) {
    world.source.add(record);
    world.executor.behaviours[record].out = std::string(record) + "\n";
  }
  world.executor.behaviours["slow"].runs = 1min;
  world.run();
  EXPECT_EQ(world.sink.out, "slow\nb\nc\n");
}

// So many failures of a record, and then what it does in the end.
void fails_first(World& world, const std::string& record, int times) {
  fake::Behaviour what = world.executor.behaviours[record];
  for (int i = 0; i < times; ++i) {
    fake::Behaviour failing = what;
    failing.outcome = Outcome::exited(1);
    failing.out = "bad\n";
    failing.then =
        std::make_shared<fake::Behaviour>(i == 0 ? world.executor.behaviours[record] : what);
    what = failing;
  }
  world.executor.behaviours[record] = what;
}

// What an observer is told of attempts.
struct Attempts final : Observer {
  bool wants_attempts() const override { return true; }
  void on_attempt(const AttemptReport& report, TimePoint now) override {
    lines.push_back(report.job.records[0].text + " " + std::to_string(report.attempt) + " " +
                    describe(report.result.outcome) + (report.again_in ? " again" : "") + " " +
                    std::to_string(report.bytes[0]));
    if (report.again_in) delays.push_back(*report.again_in);
    last = now;
  }
  std::vector<std::string> lines;
  std::vector<Duration> delays;
  TimePoint last{};
};

TEST(EngineRetries, AFailedJobIsTriedAgainAfterADelayWithinItsBounds) {
  World world;
  world.options.failure.retries = 3;
  world.options.failure.retry_delay = {1s, 3s};
  Attempts attempts;
  world.observers = {&attempts};
  world.source.add("a");
  world.executor.behaviours["a"].out = "good\n";
  fails_first(world, "a", 3);
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(attempts.lines, (Words{"a 1 exit 1 again 4", "a 2 exit 1 again 4", "a 3 exit 1 again 4",
                                   "a 4 exit 0 5"}));
  const Duration bounds[] = {1s, 2s, 3s};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(attempts.delays[i], bounds[i]);
    EXPECT_EQ(world.executor.starts[i + 1].at,
              world.executor.starts[i].at + 1s + attempts.delays[i]);
  }
  EXPECT_EQ(world.executor.starts[3].env[2], "DISTAFF_ATTEMPT=4");
  EXPECT_EQ(world.sink.out, "good\n");
  EXPECT_EQ(world.sink.err, "");
}

TEST(EngineRetries, AfterTheLastTryItHasFailedAndIsCountedOnce) {
  World world;
  world.options.failure.retries = 2;
  world.options.failure.on_error = OnError::stop;
  world.source.add("a");
  world.executor.behaviours["a"] = {.out = "bad\n", .outcome = Outcome::exited(1)};
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.executor.starts.size(), 3u);
  EXPECT_EQ(world.engine->summary().failures(), 1u);
  EXPECT_EQ(world.sink.out, "bad\n");
  EXPECT_NE(world.sink.err.find(", 3 tries"), std::string::npos) << world.sink.err;
}

TEST(EngineRetries, AWaitingTryHoldsNoSlotButItsPlaceInItsGroup) {
  World world;
  world.pool.slots = 1;
  world.options.failure.retries = 1;
  world.options.failure.retry_delay = {10s, 10s};
  world.groups.key = "regex:^(.)";
  for (const char* record : {"a1", "a2", "b1", "b2"}) world.source.add(record);
  fails_first(world, "a1", 1);
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.started(), (Words{"a1", "b1", "b2", "a1", "a2"}));
  EXPECT_EQ(world.executor.starts[1].at, at(1s));
  EXPECT_EQ(world.executor.starts[3].at, at(11s));
}

TEST(EngineRetries, WhenTheRunStopsTheLastTryIsHowItEnded) {
  World world;
  world.options.failure.retries = 5;
  world.options.failure.retry_delay = {1h, 1h};
  world.source.add("a");
  world.executor.behaviours["a"] = {.out = "said\n", .outcome = Outcome::exited(3)};
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGINT); });
  EXPECT_EQ(world.run().exit_status(), 130);
  EXPECT_EQ(world.now, at(10s));
  EXPECT_EQ(world.sink.out, "said\n");
  EXPECT_NE(world.sink.err.find("1 of 1 job failed: 1 exit 3"), std::string::npos)
      << world.sink.err;
}

TEST(EngineRetries, NothingIsTriedAgainOnceTheRunStops) {
  World world;
  world.options.failure.retries = 5;
  world.source.add("a");
  world.executor.behaviours["a"] = {.runs = 1h, .outcome = Outcome::exited(3)};
  world.waiter.scheduled.emplace(at(10s), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().exit_status(), 143);
  EXPECT_EQ(world.executor.starts.size(), 1u);
}

TEST(EngineRetries, InOrderALaterJobWaitsForTheOneThatIsTriedAgain) {
  World world;
  world.output.keep_order = true;
  world.options.failure.retries = 1;
  world.options.failure.retry_delay = {10s, 10s};
  for (const char* record : {"a", "b"}) {
    world.source.add(record);
    world.executor.behaviours[record].out = std::string(record) + "\n";
  }
  fails_first(world, "a", 1);
  std::string early;
  world.waiter.scheduled.emplace(at(5s), [&] { early = world.sink.out; });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(early, "");
  EXPECT_EQ(world.sink.out, "a\nb\n");
}

TEST(EngineRetries, AShortageDoesNotCountAsATry) {
  World world;
  world.options.failure.retries = 1;
  world.source.add("a");
  fails_first(world, "a", 1);
  world.waiter.scheduled.emplace(at(500ms), [&] { world.executor.shortages = 3; });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.starts.size(), 2u);
  EXPECT_EQ(world.executor.starts[1].env[2], "DISTAFF_ATTEMPT=2");
}

TEST(EngineTime, AJobWhoseTimeIsOverIsEndedStepByStepAndTimedOut) {
  World world;
  world.options.failure.timeout.most = 10s;
  world.options.failure.term_seq = {{SIGTERM, 2s}, {SIGKILL, 0s}};
  world.source.add("a");
  world.source.add("b");
  world.executor.behaviours["a"] = {.runs = 1h, .ignores_term = true};
  world.executor.behaviours["b"].runs = 11s;
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.executor.signals,
            (std::vector<std::pair<TimePoint, int>>{
                {at(10s), SIGTERM}, {at(10s), SIGTERM}, {at(12s), SIGKILL}}));
  EXPECT_NE(world.sink.err.find("2 of 2 jobs failed: 2 timed out"), std::string::npos)
      << world.sink.err;
}

TEST(EngineTime, AtItsDeadlineTheRunEndsWhatRunsAndStartsNoMore) {
  World world;
  world.options.deadline = 10500ms;  // when nothing else happens
  for (int i = 0; i < 100; ++i) world.source.add(std::to_string(i));
  world.executor.behaviours["0"].runs = 1h;
  EXPECT_EQ(world.run().exit_status(), 124);
  EXPECT_EQ(world.now, at(10500ms));
  EXPECT_EQ(world.executor.starts.size(), 12u);
}

TEST(EngineTime, ARunThatIsDoneBeforeItsDeadlineHasNone) {
  World world;
  world.options.deadline = 10s;
  world.source.add("a");
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.now, at(1s));
}

TEST(Engine, AThousandJobsOnThrottledGroupsWithAnInterruptInTheMiddle) {
  World world;
  world.pool.slots = 40;
  world.groups.key = "regex:^(h[0-9]+)";
  world.groups.throttle = Throttle{1s, 1s};
  for (int i = 0; i < 1000; ++i) {
    world.source.add("h" + std::to_string(i % 20) + "/" + std::to_string(i));
  }
  world.waiter.scheduled.emplace(at(20500ms), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().exit_status(), 143);
  std::map<std::string, TimePoint> last;
  for (const auto& start : world.executor.starts) {
    const std::string host = start.word.substr(0, start.word.find('/'));
    if (last.contains(host)) {
      EXPECT_GE(start.at - last[host], 2s) << start.word;
    }
    last[host] = start.at;
  }
  EXPECT_EQ(world.executor.most_running, 20);
  const Summary& summary = world.engine->summary();
  EXPECT_EQ(summary.ended(), world.executor.starts.size());
  EXPECT_EQ(summary.failures(), 20u);
  EXPECT_GT(summary.not_run(), 0u);
}

// ---- rows and results

// Writes down what it is told.
class ToldStore final : public ResultStore {
 public:
  Expected<void> open(JobId job, const std::string& place) override {
    told.push_back("open " + place);
    if (place == refused) return fail("no place", status);
    open_.insert(job);
    return {};
  }
  void drop(JobId job) override { tell("drop", job); }
  void output(JobId job, Stream, std::string_view bytes) override {
    tell("output " + std::string(bytes), job);
    if (bytes == "too much") failure_ = "cannot write results";
  }
  void ended(const Job& job, const Attempt& attempt, int attempts, Slot) override {
    tell(describe(attempt.outcome) + " after " + std::to_string(attempts), job.id);
  }
  void close(JobId job) override { tell("close", job); }
  const std::string& failure() const override { return failure_; }

  std::vector<std::string> told;
  std::string refused;
  int status = 1;

 private:
  void tell(const std::string& what, JobId job) {
    if (open_.contains(job)) told.push_back(std::to_string(number(job)) + " " + what);
  }

  std::set<JobId> open_;
  std::string failure_;
};

struct WorldWithResults : World {
  WorldWithResults() {
    options.result_path = *ResultPath::compile("r/{}", {});
    results = &store;
    pool.slots = 1;
  }
  ToldStore store;
};

TEST(EngineResults, AreToldOfAJobFromBeforeItsStartToItsLastByte) {
  WorldWithResults world;
  world.source.add("a");
  world.executor.behaviours["a"] = {.out = "hi", .outcome = Outcome::exited(3)};
  world.run();
  EXPECT_EQ(world.store.told, (Words{"open r/a", "1 output hi", "1 exit 3 after 1", "1 close"}));
  EXPECT_EQ(world.sink.out, "hi");
}

TEST(EngineResults, AreDroppedWhenAShortagePutsTheJobBack) {
  WorldWithResults world;
  world.source.add("a");
  world.executor.shortages = 1;
  world.run();
  EXPECT_EQ(world.store.told,
            (Words{"open r/a", "1 drop", "open r/a", "1 exit 0 after 1", "1 close"}));
}

TEST(EngineResults, OfAJobThatCannotStartSayThat) {
  WorldWithResults world;
  world.source.add("a");
  world.executor.behaviours["a"].start = {Executor::Start::failed,
                                          Outcome::not_started(E2BIG, "too long")};
  world.run();
  EXPECT_EQ(world.store.told, (Words{"open r/a", "1 could not start after 0", "1 close"}));
}

TEST(EngineResults, WithoutAPlaceTheJobDoesNotStart) {
  WorldWithResults world;
  for (const char* record : {"a", "..", "b"}) world.source.add(record);
  world.store.refused = "r/a";
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), Words{"b"});
  EXPECT_EQ(world.engine->summary().failures(), 2u);
}

TEST(EngineResults, ThatCannotBeWrittenStopTheRun) {
  WorldWithResults nowhere;
  for (const char* record : {"a", "b"}) nowhere.source.add(record);
  nowhere.store.refused = "r/a";
  nowhere.store.status = 3;
  EXPECT_EQ(nowhere.run().exit_status(), 3);
  EXPECT_EQ(nowhere.started(), Words{});

  WorldWithResults full;
  for (const char* record : {"a", "b"}) full.source.add(record);
  full.executor.behaviours["a"].out = "too much";
  const RunResult result = full.run();
  EXPECT_EQ(result.exit_status(), 3);
  EXPECT_EQ(result.error->message, "cannot write results");
  EXPECT_EQ(full.started(), Words{"a"});
}

TEST(EngineRows, AreOneForEachJobThatEnded) {
  CsvRows rows({}, false);
  World world;
  world.output.rows = &rows;
  world.output.keep_order = true;
  world.options.failure.on_error = OnError::stop;
  world.pool.slots = 2;
  for (const char* record : {"a", "b", "c"}) world.source.add(record);
  world.executor.behaviours["a"] = {.runs = 3s, .out = "late"};
  world.executor.behaviours["b"].start = {Executor::Start::failed,
                                          Outcome::not_started(E2BIG, "too long")};
  world.run();
  EXPECT_EQ(world.sink.out, rows.header() +
                                "a,1,1,0,,3.000000,0.000000,0.000000,0,1,,,\"late\",\"\"\n"
                                "b,2,0,,,,,,,,,could not start: too long,\"\",\"\"\n");
}

// Each second, which job has been running longest.
class OldestEachSecond final : public Observer {
 public:
  void tick(const RunCounts& counts, TimePoint now, bool last) override {
    if (last || now < next_) return;
    next_ += 1s;
    seen.push_back(!counts.oldest
                       ? "nothing"
                       : counts.oldest->job->records[0].text + " since " +
                             std::to_string((counts.oldest->since - at(0s)) / 1ms) + "ms");
  }
  std::optional<TimePoint> next_tick() const override { return next_; }

  std::vector<std::string> seen;

 private:
  TimePoint next_ = at(1s);
};

TEST(Engine, TellsWhichJobHasBeenRunningLongest) {
  World world;
  OldestEachSecond oldest;
  world.observers = {&oldest};
  world.executor.behaviours["a"].runs = 2500ms;
  world.executor.behaviours["b"].runs = 1500ms;
  world.executor.behaviours["c"].runs = 2500ms;
  for (const char* const record : {"a", "b", "c"}) world.source.add(record);
  world.source.add("d", 5500ms);
  world.run();
  EXPECT_EQ(oldest.seen, (std::vector<std::string>{"a since 0ms", "a since 0ms", "c since 1500ms",
                                                   "nothing", "nothing", "d since 5500ms"}));
}

// ---- jobs that end without having run

// Which record was read last when a TERM was obeyed that came as soon as one could.
int read_before_term(World& world) {
  world.waiter.scheduled.emplace(at(0s), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().signal, SIGTERM);
  return world.source.taken;
}

void give(World& world, int records, const std::string& text) {
  for (int i = 0; i < records; ++i) world.source.add(text);
}

TEST(EngineTurns, JobsThatCannotStartLeaveTheTurnToSignals) {
  World world;
  world.executor.behaviours["x"].start = {Executor::Start::failed,
                                          Outcome::not_started(0, "not this one")};
  give(world, 5'000, "x");
  EXPECT_LE(read_before_term(world), 1001);
  EXPECT_GT(world.engine->summary().failures(), 0u);
}

TEST(EngineTurns, SoDoRecordsOfABatchThatIsNotComplete) {
  World world;
  world.batch = 1'000'000;
  give(world, 5'000, "x");
  EXPECT_LE(read_before_term(world), 1001);
}

TEST(EngineTurns, SoDoJobsWhoseResultsHaveNoPlace) {
  WorldWithResults world;
  world.store.refused = "r/x";
  give(world, 5'000, "x");
  EXPECT_LE(read_before_term(world), 1001);
}

TEST(EngineTurns, SoDoJobsThatWaitedForTheirGroupAndThenCannotStart) {
  World world;
  world.groups.throttle = Throttle{1h, 1h};
  world.executor.behaviours["x"].start = {Executor::Start::failed,
                                          Outcome::not_started(0, "not this one")};
  world.executor.behaviours["first"].runs = 1s;
  world.source.add("first");
  give(world, 5'000, "x");
  std::uint64_t failures = 0;
  world.waiter.scheduled.emplace(at(1h + 1s), [&] {
    world.waiter.scheduled.emplace(at(1h + 1s), [&] {
      failures = world.engine->summary().failures();
      world.engine->on_signal(SIGTERM);
    });
  });
  EXPECT_EQ(world.run().signal, SIGTERM);
  EXPECT_LE(failures, 1001u);
}

TEST(EngineTurns, RowsOfJobsThatCannotStartAreNotGathered) {
  CsvRows rows({}, false);
  World world;
  world.output.rows = &rows;
  world.executor.behaviours["x"].start = {Executor::Start::failed,
                                          Outcome::not_started(0, std::string(10'000, 'w'))};
  give(world, 4'000, "x");
  std::size_t most = 0;
  world.waiter.look = [&] {
    const std::size_t said = static_cast<std::size_t>(world.source.taken) * 10'000;
    most = std::max(most, said - std::min(said, world.sink.out.size()));
  };
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_GT(world.sink.out.size(), 40'000'000u);
  EXPECT_LT(most, 12'000'000u);
}

TEST(EngineTurns, JobsThatWaitForARetryAreNoMoreThanTheBuffer) {
  World world;
  world.pool.buffer = 100;
  world.options.failure.retries = 1;
  world.options.failure.retry_delay = {1h, 1h};
  world.executor.behaviours["x"] = {.runs = 1ms, .outcome = Outcome::exited(1)};
  give(world, 5'000, "x");
  int taken = 0;
  world.waiter.scheduled.emplace(at(10s), [&] {
    taken = world.source.taken;
    world.engine->on_signal(SIGTERM);
  });
  EXPECT_EQ(world.run().signal, SIGTERM);
  EXPECT_GE(taken, 100);
  EXPECT_LE(taken, 102);
}

// ---- shortage

// What was said, and at which level.
struct Messages final : Observer {
  void on_message(LogLevel level, std::string_view text) override {
    all.push_back((level == LogLevel::warn ? "warn: " : "info: ") + std::string(text));
  }
  std::vector<std::string> all;
};

TEST(EngineShortage, WithNothingOfOursRunningIsAWarningAtOnceAndOnlyOne) {
  World world;
  Messages messages;
  world.observers = {&messages};
  world.source.add("a");
  world.executor.shortages = 50;
  TimePoint told{};
  world.waiter.look = [&] {
    if (messages.all.empty()) told = world.now;
  };
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(messages.all, Words{"warn: no process left: waiting for room to start job 1"});
  EXPECT_EQ(told, TimePoint{});
  EXPECT_EQ(world.executor.starts[0].at, at(5s));
}

TEST(EngineShortage, BesideARunningJobIsNewsAndWaitsHoweverLong) {
  World world;
  Messages messages;
  world.observers = {&messages};
  for (const char* record : {"a", "b"}) world.source.add(record);
  world.executor.behaviours["a"].runs = 1h;
  world.waiter.scheduled.emplace(at(0s), [&] {});
  world.executor.shortages_after_first = 20;
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(messages.all, Words{"info: no process left: waiting for room to start job 2"});
}

TEST(EngineShortage, IsGivenUp30sAfterTheLastOfOurJobsAndNotBefore) {
  World world;
  Messages messages;
  world.observers = {&messages};
  for (const char* record : {"a", "b"}) world.source.add(record);
  world.executor.behaviours["a"].runs = 1min;
  world.executor.shortages_after_first = 1'000'000;
  const RunResult result = world.run();
  EXPECT_EQ(result.exit_status(), 3);
  EXPECT_EQ(world.now, at(90s));
  EXPECT_EQ(messages.all, (Words{"info: no process left: waiting for room to start job 2",
                                 "warn: no process left: waiting for room to start job 2"}));
}

TEST(EngineShortage, OfDescriptorsOfOurOwnIsNotWaitedForWithNothingRunning) {
  World world;
  world.source.add("a");
  world.executor.shortages = 1'000'000;
  world.executor.shortage = Outcome::not_started(EMFILE, "no descriptor");
  const RunResult result = world.run();
  EXPECT_EQ(result.exit_status(), 3);
  EXPECT_EQ(result.error->message, "cannot start any job: no descriptor");
  EXPECT_EQ(world.now, at(0s));
}

}  // namespace
}  // namespace distaff::engine_test

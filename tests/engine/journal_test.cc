// The journal's lines, --resume and what is given back, in whole runs.

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include "collate/csv_rows.h"
#include "compose/command.h"
#include "engine/engine.h"
#include "sink/held_output.h"
#include "support/fake_world.h"

namespace distaff::journal_test {
namespace {

using namespace std::chrono_literals;
using fake::at;
using Words = std::vector<std::string>;
using State = IdentityTable::State;

// Keeps lines, and what was out when each came.
class MemoryJournal final : public JobJournal, public Observer {
 public:
  explicit MemoryJournal(const fake::MemorySink& sink) : sink_(sink) {}

  bool wants_attempts() const override { return true; }
  std::string line(const AttemptReport& report) override {
    const char* how = report.again_in ? "again" : report.failed ? "failed" : "good";
    return report.job.records[0].text + " " + how + ";";
  }
  void write(std::string_view text, TimePoint) override {
    lines += text;
    out = sink_.out;
  }
  std::string_view failure() const override { return failed; }

  std::string lines, out, failed;

 private:
  const fake::MemorySink& sink_;
};

struct Leftovers final : Observer {
  void on_not_run(const Job& job) override {
    for (const Record& record : job.records) not_run += record.text;
  }
  void on_input_left() override { input_left = true; }
  void on_message(LogLevel level, std::string_view text) override {
    if (level >= LogLevel::info) messages += std::string(text) + "\n";
  }
  void tick(const RunCounts& counts, TimePoint, bool) override { last = counts; }

  bool wants_output() const override { return waits; }
  void on_output_written(JobId job) override { written += std::to_string(number(job)) + ";"; }
  std::string on_output_held(JobId job) override { return std::to_string(number(job)) + ";"; }
  void on_output_lost(std::string_view kept) override { lost += kept; }

  bool waits = true;
  std::string not_run, messages, written, lost;
  bool input_left = false;
  RunCounts last;
};

struct World {
  World() {
    std::vector<std::string> warnings;
    spec.words = {"work", "{}"};
    command.emplace(std::move(*CommandTemplate::compile(
        spec, {.several = batch != 1, .environment = nullptr}, warnings)));
    maker.emplace(spec, *command);
  }

  // An earlier run had these jobs.
  void before(const std::string& records, State state) {
    Resume writer({}, *maker);
    for (const char c : records) {
      Job job;
      job.records.emplace_back().text = std::string(1, c);
      writer.skips(job);
      resume.learn(job.identity, state, 0);
    }
  }

  RunResult run(const std::string& records) {
    for (const char c : records) source.add(std::string(1, c));
    auto pacing = Pacing::compile(groups, options.failure, 1);
    JobBuilder builder({.max_records = batch}, *command, nullptr);
    Scheduler scheduler({.slots = slots});
    ByteSink& to = held != nullptr ? static_cast<ByteSink&>(*held) : sink;
    Collator collator(output, to);
    options.limited = groups.limited();
    engine = std::make_unique<Engine>(options, Engine::Parts{source,
                                                             builder,
                                                             *command,
                                                             scheduler,
                                                             *pacing,
                                                             executor,
                                                             &collator,
                                                             to,
                                                             waiter,
                                                             {&journal, &leftovers},
                                                             output.rows,
                                                             nullptr,
                                                             &journal,
                                                             &resume});
    executor.events = engine.get();
    return engine->run();
  }

  Words started() const {
    Words words;
    for (const auto& start : executor.starts) words.push_back(start.word);
    return words;
  }

  std::uint64_t batch = 1;
  int slots = 2;
  GroupSpec groups;
  TimePoint now = at(0s);
  fake::ListSource source{now};
  fake::FakeExecutor executor{now};
  fake::FakeWaiter waiter{now, executor, source};
  fake::MemorySink sink;
  HeldOutput* held = nullptr;  // before the sink
  MemoryJournal journal{sink};
  Leftovers leftovers;
  Engine::Options options;
  Collator::Options output;
  CommandSpec spec;
  std::optional<CommandTemplate> command;
  std::optional<IdentityMaker> maker;
  Resume resume{{.skip_done = true}, *maker};
  std::unique_ptr<Engine> engine;
};

TEST(JournalOfARun, HasALineForEachTryAtAJob) {
  World world;
  world.slots = 1;
  world.options.failure.retries = 1;
  world.executor.behaviours["b"].outcome = Outcome::exited(1);
  world.executor.behaviours["c"].start = {Executor::Start::failed,
                                          Outcome::not_started(EACCES, "no")};
  world.options.failure.on_error = OnError::keep_going;
  world.run("ab");
  EXPECT_EQ(world.journal.lines, "a good;b again;b failed;");
}

TEST(JournalOfARun, HasALineOfAJobThatCouldNotStart) {
  World world;
  world.executor.behaviours["a"].start = {Executor::Start::failed,
                                          Outcome::not_started(EACCES, "no")};
  world.run("a");
  EXPECT_EQ(world.journal.lines, "a failed;");
}

TEST(JournalOfARun, WaitsUntilTheOutputOfTheJobIsOut) {
  World world;
  world.output.keep_order = true;
  world.executor.behaviours["a"].runs = 10s;
  world.executor.behaviours["a"].out = "A";
  world.executor.behaviours["b"].out = "B";
  std::string at_five, at_eleven;
  world.waiter.scheduled.emplace(at(5s), [&] { at_five = world.journal.lines; });
  world.sink.stuck = 1;  // what is written is not out
  world.waiter.scheduled.emplace(at(11s), [&] {
    at_eleven = world.journal.lines + world.leftovers.written;
    world.sink.stuck = 0;
  });
  world.run("ab");
  EXPECT_EQ(at_five, "");
  EXPECT_EQ(at_eleven, "");
  EXPECT_EQ(world.journal.lines, "a good;b good;");
  EXPECT_EQ(world.leftovers.written, "1;2;");
  EXPECT_EQ(world.journal.out, "AB");
}

TEST(JournalOfARun, DoesNotWaitForOthersIfAJobWroteNothing) {
  World world;
  world.output.keep_order = true;
  world.executor.behaviours["a"].runs = 10s;
  std::string at_five;
  world.waiter.scheduled.emplace(at(5s), [&] { at_five = world.journal.lines; });
  world.run("ab");
  EXPECT_EQ(at_five, "b good;");
  EXPECT_EQ(world.leftovers.written, "2;1;");
}

TEST(JournalOfARun, WaitsForARowEvenIfAJobWroteNothing) {
  World world;
  CsvRows rows({}, false);
  world.output.keep_order = true;
  world.output.rows = &rows;
  world.executor.behaviours["a"].runs = 10s;
  std::string at_five = "not looked";
  world.waiter.scheduled.emplace(at(5s), [&] { at_five = world.journal.lines; });
  world.run("ab");
  EXPECT_EQ(at_five, "");
  EXPECT_EQ(world.journal.lines, "a good;b good;");
}

TEST(JournalOfARun, HasNoLineOfAJobWhoseOutputCouldNotBeWritten) {
  World world;
  world.executor.behaviours["a"].out = "A";
  world.waiter.scheduled.emplace(at(500ms),
                                 [&] { world.sink.state = ByteSink::Condition::failed; });
  EXPECT_EQ(world.run("a").exit_status(), 3);
  EXPECT_EQ(world.journal.lines, "");
  EXPECT_EQ(world.leftovers.written, "");
}

TEST(JournalOfARun, HasTheSameLinesIfNobodyElseWaitsForOutput) {
  World world;
  world.leftovers.waits = false;
  world.executor.behaviours["a"].out = "A";
  world.run("ab");
  EXPECT_EQ(world.journal.lines, "a good;b good;");
  EXPECT_EQ(world.leftovers.written, "");
}

TEST(JournalOfARun, ThatCannotBeWrittenStopsTheRunAndEndsNoJob) {
  World world;
  world.executor.behaviours["a"].out = "A";
  world.executor.behaviours["a"].runs = 5s;
  world.waiter.scheduled.emplace(at(500ms), [&] { world.journal.failed = "no room"; });
  const RunResult result = world.run("abcdef");
  EXPECT_EQ(result.exit_status(), 3);
  EXPECT_EQ(result.error->message, "no room");
  EXPECT_EQ(world.started(), (Words{"a", "b"}));
  EXPECT_TRUE(world.executor.signals.empty());
  EXPECT_EQ(world.sink.out, "A");
  EXPECT_EQ(world.journal.lines, "b good;a good;");
}

TEST(ResumedRun, RunsWhatIsNotDoneAndKeepsTheNumbers) {
  World world;
  world.output.keep_order = true;
  world.before("ab", State::good);
  world.before("d", State::failed);
  for (const char* record : {"x", "c", "d"}) world.executor.behaviours[record].out = record;
  EXPECT_EQ(world.run("xabcd").exit_status(), 0);
  EXPECT_EQ(world.started(), (Words{"x", "c", "d"}));
  EXPECT_EQ(world.sink.out, "xcd");
  EXPECT_EQ(world.executor.starts[1].env[0], "DISTAFF_SEQ=4");
  EXPECT_EQ(world.leftovers.last.skipped, 2u);
  EXPECT_EQ(world.leftovers.last.done, 3u);
  EXPECT_NE(world.leftovers.messages.find("2 of the jobs were done before"), std::string::npos);
}

TEST(ResumedRun, CountsOnlyWhatItRunsTowardsTheTotal) {
  World world;
  world.options.total = 4;
  world.before("ab", State::good);
  world.run("abcd");
  EXPECT_EQ(world.leftovers.last.total, 2u);
}

TEST(ResumedRun, WithNothingLeftEndsWell) {
  World world;
  world.before("ab", State::good);
  EXPECT_EQ(world.run("ba").exit_status(), 0);
  EXPECT_TRUE(world.executor.starts.empty());
}

TEST(ResumedRun, LooksAtEventsWhileItSkipsALongInput) {
  World world;
  const std::string many(5000, 'z');
  world.before(many, State::good);
  world.run("a" + many + "b");
  EXPECT_EQ(world.started(), (Words{"a", "b"}));
  EXPECT_GE(world.waiter.waits, 5);
}

TEST(ResumedRun, SaysInTheBlockWhatWasDoneBefore) {
  World world;
  world.before("ab", State::good);
  world.executor.behaviours["c"].outcome = Outcome::exited(1);
  world.run("abc");
  EXPECT_NE(world.sink.err.find("1 of 1 job failed: 1 exit 1; 2 done before\n"), std::string::npos)
      << world.sink.err;
}

TEST(StoppedRun, TellsWhatWasReadAndNotStarted) {
  World world;
  world.groups.parallelism = 1;
  world.options.failure.on_error = OnError::stop;
  world.executor.behaviours["a"].outcome = Outcome::exited(1);
  world.before("c", State::good);
  world.run("abcd");
  EXPECT_EQ(world.leftovers.not_run, "bd");
  EXPECT_FALSE(world.leftovers.input_left);
}

TEST(StoppedRun, LosesNoRecordByLookingForTheEndOfTheInput) {
  World world;
  world.slots = 1;
  world.options.read_rest = true;
  world.waiter.scheduled.emplace(at(500ms), [&] { world.engine->finish_early(); });
  world.run("abcd");
  EXPECT_EQ(world.leftovers.not_run, "bcd");
}

TEST(StoppedRun, TellsThatThereIsMoreInputOrReadsIt) {
  for (const bool read_rest : {false, true}) {
    World world;
    world.slots = 1;
    world.options.read_rest = read_rest;
    world.options.failure.on_error = OnError::stop;
    world.executor.behaviours["a"].outcome = Outcome::exited(1);
    world.before("c", State::good);
    world.run("abcd");
    EXPECT_EQ(world.leftovers.not_run, read_rest ? "bd" : "b") << "looked at for the end";
    EXPECT_EQ(world.leftovers.input_left, !read_rest);
    const bool said =
        world.sink.err.find("the rest of the input was not read") != std::string::npos;
    EXPECT_EQ(said, !read_rest) << world.sink.err;
  }
}

TEST(StoppedRun, SaysNothingOfARestWhereThereIsNone) {
  World world;
  world.slots = 1;
  world.options.failure.on_error = OnError::stop;
  world.options.advice_on_rest = "advice";
  world.executor.behaviours["b"].outcome = Outcome::exited(1);
  world.run("ab");
  EXPECT_FALSE(world.leftovers.input_left);
  EXPECT_EQ(world.sink.err.find("not read"), std::string::npos) << world.sink.err;
  EXPECT_EQ(world.sink.err.find("advice"), std::string::npos) << world.sink.err;
}

TEST(StoppedRun, SaysHowManyRecordsAreLeftWhereThatIsKnown) {
  World world;
  world.slots = 1;
  world.options.failure.on_error = OnError::stop;
  world.options.records = 4;
  world.options.advice_on_rest = "advice";
  world.executor.behaviours["a"].outcome = Outcome::exited(1);
  world.run("abcd");
  EXPECT_EQ(world.leftovers.not_run, "") << "nothing was read to know it";
  EXPECT_NE(world.sink.err.find("; the rest of the input was not read (3 records)\n"),
            std::string::npos)
      << world.sink.err;
  EXPECT_NE(world.sink.err.find("distaff: advice\n"), std::string::npos) << world.sink.err;
}

TEST(StoppedRun, OneThatIsKilledAtItsLastRecordLeavesNone) {
  World world;
  world.options.records = 2;
  world.waiter.scheduled.emplace(at(500ms), [&] { world.engine->on_abandoned(); });
  world.run("ab");
  EXPECT_FALSE(world.leftovers.input_left);
  EXPECT_EQ(world.sink.err.find("not read"), std::string::npos) << world.sink.err;
}

TEST(StoppedRun, SaysThatInputIsLeftAlsoAtADeadlineAndASignal) {
  for (const bool by_signal : {false, true}) {
    World world;
    world.slots = 1;
    world.executor.behaviours["a"].runs = 10s;
    if (by_signal) {
      world.waiter.scheduled.emplace(at(1s), [&] { world.engine->on_signal(SIGTERM); });
    } else {
      world.options.deadline = 1s;
    }
    world.run("abc");
    EXPECT_TRUE(world.leftovers.input_left);
    EXPECT_NE(
        world.sink.err.find("1 of 1 job failed: 1 cancelled; the rest of the input was not read"),
        std::string::npos)
        << world.sink.err;
  }
}

// ---- output that is held back until it is known how the run ended

TEST(HeldRun, ItsJobsAreDoneWhenItIsKnownThatNothingHasToBeShown) {
  World world;
  HeldOutput held(world.sink, nullptr);
  world.held = &held;
  for (const char* word : {"a", "b"}) world.executor.behaviours[word].out = "text";
  world.executor.behaviours["b"].runs = 5s;
  std::string lines;
  world.waiter.scheduled.emplace(at(4s), [&] { lines = world.journal.lines; });
  EXPECT_EQ(world.run("abc").exit_status(), 0);
  EXPECT_EQ(lines, "c good;") << "it wrote nothing";
  EXPECT_EQ(world.journal.lines, "c good;a good;b good;");
  EXPECT_EQ(world.leftovers.lost, "");
  EXPECT_EQ(world.sink.out, "");
}

TEST(HeldRun, WhatIsShownIsOutBeforeItsJobsAreDone) {
  World world;
  HeldOutput held(world.sink, nullptr);
  world.held = &held;
  for (const char* word : {"a", "b"}) world.executor.behaviours[word].out = word;
  world.executor.behaviours["b"].outcome = Outcome::exited(1);
  EXPECT_EQ(world.run("ab").exit_status(), 1);
  EXPECT_EQ(world.journal.lines, "a good;b failed;");
  EXPECT_EQ(world.journal.out, "ab");
  EXPECT_EQ(world.sink.out, "ab");
}

TEST(HeldRun, WhatCannotBeShownIsNotDone) {
  for (const bool reader_gone : {false, true}) {
    World world;
    HeldOutput held(world.sink, nullptr);
    world.held = &held;
    for (const char* word : {"a", "b"}) world.executor.behaviours[word].out = word;
    world.executor.behaviours["b"].outcome = Outcome::exited(1);
    world.sink.state = ByteSink::Condition::good;
    world.executor.behaviours["b"].runs = 3s;
    world.waiter.scheduled.emplace(at(2s), [&] {
      world.sink.fails_from_now =
          reader_gone ? ByteSink::Condition::reader_gone : ByteSink::Condition::failed;
    });
    EXPECT_EQ(world.run("ab").exit_status(), reader_gone ? 128 + SIGPIPE : 3);
    EXPECT_EQ(world.journal.lines, "");
    EXPECT_EQ(world.leftovers.lost, "1;2;");
  }
}

TEST(HeldRun, ASignalWhileItIsShownLetsItBeWritten) {
  World world;
  HeldOutput held(world.sink, nullptr);
  world.held = &held;
  world.executor.behaviours["a"].out = "text";
  world.executor.behaviours["a"].outcome = Outcome::exited(1);
  world.sink.stuck = 1;  // a reader that is slow
  world.waiter.scheduled.emplace(at(3s), [&] { world.engine->on_signal(SIGTERM); });
  world.waiter.scheduled.emplace(at(5s), [&] { world.sink.stuck = 0; });
  EXPECT_EQ(world.run("a").exit_status(), 128 + SIGTERM);
  EXPECT_EQ(world.sink.out, "text");
  EXPECT_NE(world.sink.err.find("1 of 1 job failed"), std::string::npos);
  EXPECT_EQ(world.journal.lines, "a failed;");
}

}  // namespace
}  // namespace distaff::journal_test

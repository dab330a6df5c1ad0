#include "engine/status.h"
#include "compose/command.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "support/fake_world.h"

namespace distaff::status_test {
namespace {

using namespace std::chrono_literals;
using fake::at;

TEST(Status, SaysWhatRunsWhatWaitsAndWhatIsHeld) {
  Status status{.done = 5, .failed = 1, .waiting = 9, .for_retry = 2, .for_mutex = 3};
  status.for_others = 1;
  status.all_running = 22;
  status.running = {{JobId{17}, 1, 4min, "gzip 'a b'"}, {JobId{203}, 3, 400ms, "gzip x\ny"}};
  status.all_held = 3;
  status.held = {{"a.example", 3200ms, "rest"}, {"", std::nullopt, "job 4 tries first"}};
  status.note = "waiting for input";
  EXPECT_EQ(to_text(status),
            "distaff: 22 running, 9 waiting, 5 done, 1 failed; waiting for input\n"
            "  job 17  4m 0s  gzip 'a b'\n"
            "  job 203  0.4s, try 3  gzip x\\ny\n"
            "  and 20 more\n"
            "  2 of them for another try\n"
            "  3 of them for a job of the same --mutex, 1 in another run\n"
            "  group a.example: next start in 3.2s (rest)\n"
            "  all jobs: waits (job 4 tries first)\n"
            "  and 1 more group\n");
}

// A run of `work RECORD`.
struct World {
  TimePoint now = at(0s);
  fake::ListSource source{now};
  fake::FakeExecutor executor{now};
  fake::FakeWaiter waiter{now, executor, source};
  fake::MemorySink sink;
  Engine::Options options;
  GroupSpec groups;
  Scheduler::Options pool{.slots = 2};
  std::unique_ptr<Engine> engine;

  RunResult run() {
    std::vector<std::string> warnings;
    CommandSpec spec;
    spec.words = {"work", "{}"};
    const FieldScheme scheme;
    auto command = CommandTemplate::compile(
        spec, {.scheme = scheme, .several = false, .environment = nullptr}, warnings);
    std::optional<GroupKey> key;
    if (!groups.key.empty()) {
      key.emplace(std::move(*GroupKey::compile(groups.key, {.scheme = scheme})));
    }
    JobBuilder builder({}, *command, key ? &*key : nullptr);
    Scheduler scheduler(pool);
    auto pacing = Pacing::compile(groups, options.failure);
    EXPECT_TRUE(pacing) << pacing.error().message;
    Collator collator({}, sink);
    options.keyed = key.has_value();
    options.limited = groups.limited();
    engine = std::make_unique<Engine>(
        options,
        Engine::Parts{
            source, builder, *command, scheduler, *pacing, executor, &collator, sink, waiter, {}});
    executor.events = engine.get();
    return engine->run();
  }

  // What USR1 prints at this time.
  void ask(Duration when, std::string& answer) {
    waiter.scheduled.emplace(at(when), [this, &answer] { answer = engine->status(); });
  }
};

TEST(StatusOfARun, NamesTheOldestJobsFirst) {
  World world;
  for (const char* word : {"a", "b", "c"}) {
    world.executor.behaviours[word].runs = 10s;
    world.source.add(word, word[0] == 'b' ? 2s : 0s);
  }
  std::string answer;
  world.ask(5s, answer);
  world.run();
  EXPECT_EQ(answer,
            "distaff: 2 running, 0 waiting, 0 done, 0 failed\n"
            "  job 1  5.0s  work a\n"
            "  job 2  3.0s  work b\n");
}

TEST(StatusOfARun, NamesNoMoreJobsThanFitOnAScreen) {
  World world;
  world.pool.slots = 1000;
  for (int i = 1; i <= 1000; ++i) {
    world.source.add(std::to_string(i));
    world.executor.behaviours[std::to_string(i)].runs = 10s;
  }
  std::string answer;
  world.ask(5s, answer);
  world.run();
  EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 22);
  EXPECT_NE(answer.find("  and 980 more\n"), std::string::npos);
  EXPECT_NE(answer.find("  job 20  "), std::string::npos);
  EXPECT_EQ(answer.find("  job 21  "), std::string::npos);
}

TEST(StatusOfARun, SaysWhenGroupsGoOnAndWhyTheyDoNotNow) {
  World world;
  world.groups.key = "regex:^(.)";
  world.groups.rules.push_back({.match = "r", .rate = Rate{1, 20s, 1}});
  ThrottleEntry pause;
  pause.when = ThrottleEntry::When::failed;
  pause.pause = 60s;
  world.groups.rules.push_back({.match = "p", .throttle = std::vector<ThrottleEntry>{pause}});
  world.groups.throttle = Throttle{10s, 10s};
  world.pool.slots = 3;
  world.executor.behaviours["p1"].outcome = Outcome::exited(1);
  for (const char* word : {"t1", "t2", "r1", "r2", "p1", "p2"}) world.source.add(word);
  std::string answer;
  world.ask(4s, answer);
  world.run();
  EXPECT_NE(answer.find("  group t: next start in 7.0s (rest)\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("  group r: next start in 16s (rate)\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("  group p: next start in 57s (pause after an outcome)\n"),
            std::string::npos)
      << answer;
  EXPECT_LT(answer.find("group t"), answer.find("group r"));
  EXPECT_LT(answer.find("group r"), answer.find("group p"));
}

TEST(StatusOfARun, SaysThatABreakerHoldsAGroup) {
  World world;
  world.groups.key = "regex:^(.)";
  GroupRule rule{.match = ""};
  rule.breaker = BreakSpec{.failures = 2, .pause = 5min};
  world.groups.rules.push_back(rule);
  world.pool.slots = 1;
  for (const char* word : {"a1", "a2", "a3"}) {
    world.source.add(word);
    world.executor.behaviours[word].outcome = Outcome::exited(1);
  }
  std::string answer;
  world.ask(62s, answer);
  world.run();
  EXPECT_NE(answer.find("  group a: next start in 4m 0s (2 failures in a row)\n"),
            std::string::npos)
      << answer;
}

TEST(StatusOfARun, CountsJobsThatWaitForAnotherTry) {
  World world;
  world.options.failure.retries = 1;
  world.options.failure.retry_delay = {1h, 1h};
  world.executor.behaviours["a"].outcome = Outcome::exited(1);
  world.source.add("a");
  std::string answer;
  world.ask(2s, answer);
  world.run();
  EXPECT_NE(answer.find("0 running, 1 waiting"), std::string::npos) << answer;
  EXPECT_NE(answer.find("  1 of them for another try\n"), std::string::npos) << answer;
}

// ---- USR2

TEST(FinishEarly, WhatRunsEndsByItselfAndWhatWasReadCountsAsNotRun) {
  World world;
  world.groups.throttle = Throttle{1h, 1h};
  for (const char* word : {"a", "b", "c"}) world.source.add(word);
  world.executor.behaviours["a"].runs = 10s;
  std::string answer;
  world.waiter.scheduled.emplace(at(2s), [&] { world.engine->finish_early(); });
  world.ask(3s, answer);
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.executor.starts.size(), 1u);
  EXPECT_TRUE(world.executor.signals.empty());
  EXPECT_EQ(world.now, at(10s));
  EXPECT_NE(answer.find("; finishing what runs\n"), std::string::npos);
  EXPECT_NE(world.sink.err.find("0 of 1 job failed; the run was finished early"), std::string::npos)
      << world.sink.err;
}

TEST(FinishEarly, NothingWasLeftAndAllIsWell) {
  World world;
  for (const char* word : {"a", "b"}) world.source.add(word);
  world.waiter.scheduled.emplace(at(500ms), [&] { world.engine->finish_early(); });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.starts.size(), 2u);
  EXPECT_EQ(world.sink.err, "");
}

TEST(FinishEarly, InputThatWasNotReadIsSaidAndIsNoSuccess) {
  for (const Duration when : {Duration{0s}, Duration{100s}}) {
    World world;
    for (const char* word : {"a", "b"}) world.source.add(word);
    world.source.add("c", when);
    world.waiter.scheduled.emplace(at(500ms), [&] { world.engine->finish_early(); });
    EXPECT_EQ(world.run().exit_status(), 1);
    EXPECT_EQ(world.executor.starts.size(), 2u);
    EXPECT_EQ(world.now, at(1s));
    EXPECT_NE(world.sink.err.find("; the rest of the input was not read\n"), std::string::npos);
  }
}

TEST(FinishEarly, ASignalAfterItEndsTheRunAsAlways) {
  World world;
  world.source.add("a");
  world.executor.behaviours["a"].runs = 1h;
  world.waiter.scheduled.emplace(at(1s), [&] { world.engine->finish_early(); });
  world.waiter.scheduled.emplace(at(2s), [&] { world.engine->on_signal(SIGTERM); });
  EXPECT_EQ(world.run().exit_status(), 143);
  EXPECT_EQ(world.now, at(2s));
}

}  // namespace
}  // namespace distaff::status_test

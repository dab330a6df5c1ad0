#include "engine/mutexes.h"
#include "compose/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/engine.h"
#include "support/fake_world.h"

namespace distaff::mutexes_test {
namespace {

using namespace std::chrono_literals;
using fake::at;
using Words = std::vector<std::string>;

// Locks of which another run holds some.
class FakeLocks final : public ValueLocks {
 public:
  Expected<bool> take(std::string_view value) override {
    ++asked;
    if (!failure.empty()) return fail(failure);
    if (others.contains(std::string(value))) return false;
    EXPECT_TRUE(ours.insert(std::string(value)).second) << value << " was taken twice";
    return true;
  }
  void give_back(std::string_view value) override {
    EXPECT_EQ(ours.erase(std::string(value)), 1u) << value << " was not ours";
  }

  std::set<std::string> others, ours;
  std::string failure;
  int asked = 0;
};

// A run of `work RECORD`; the mutex is the record's first letter, and records that begin with a
// dash have an empty one.
struct World {
  TimePoint now = at(0s);
  fake::ListSource source{now};
  fake::FakeExecutor executor{now};
  fake::FakeWaiter waiter{now, executor, source};
  fake::MemorySink sink;
  FakeLocks locks;
  Engine::Options options;
  GroupSpec groups;
  Scheduler::Options pool{.slots = 4};
  Mutexes::Options buffer;
  Collator::Options output;
  std::string text = "{@^([^-]?)}";
  std::vector<Observer*> observers;
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
    Collator collator(output, sink);
    options.keyed = key.has_value();
    options.limited = groups.limited();
    const auto mutex = MutexTemplate::compile(text, {scheme, "{}", false});
    EXPECT_TRUE(mutex) << mutex.error().message;
    Mutexes mutexes(buffer, *mutex, locks);
    engine = std::make_unique<Engine>(
        options,
        Engine::Parts{source, builder, *command, scheduler, *pacing, executor, &collator, sink,
                      waiter, observers, nullptr, nullptr, nullptr, nullptr, &mutexes});
    executor.events = engine.get();
    const RunResult result = engine->run();
    EXPECT_EQ(locks.ours, std::set<std::string>{}) << "locks are left";
    return result;
  }

  void add(const Words& words) {
    for (const std::string& word : words) source.add(word);
  }
  Words started() const {
    Words words;
    for (const auto& start : executor.starts) words.push_back(start.word);
    return words;
  }
  TimePoint start_of(const std::string& word) const {
    const auto found = std::find_if(executor.starts.begin(), executor.starts.end(),
                                    [&](const auto& start) { return start.word == word; });
    return found == executor.starts.end() ? at(-1s) : found->at;
  }
};

TEST(MutexRun, JobsOfOneValueGoOneAfterTheOtherAndOthersPass) {
  World world;
  world.add({"x1", "x2", "y1", "x3", "z1"});
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.started(), (Words{"x1", "y1", "z1", "x2", "x3"}));
  EXPECT_EQ(world.start_of("x2"), at(1s));
  EXPECT_EQ(world.start_of("x3"), at(2s));
}

TEST(MutexRun, AJobThatWaitsHoldsNoSlot) {
  World world;
  world.pool.slots = 2;
  world.executor.behaviours["x1"].runs = 10s;
  world.add({"x1", "x2", "x3", "x4", "y1", "z1"});
  world.run();
  EXPECT_EQ(world.start_of("y1"), at(0s));
  EXPECT_EQ(world.start_of("z1"), at(1s));
  EXPECT_EQ(world.executor.most_running, 2);
}

TEST(MutexRun, AnEmptyValueIsNoMutex) {
  World world;
  world.add({"-a", "-b", "-c"});
  world.run();
  EXPECT_EQ(world.executor.most_running, 3);
  EXPECT_EQ(world.locks.asked, 0);
}

TEST(MutexRun, AMissingValueIsAJobThatCannotStart) {
  World world;
  world.text = "{@(z)}";
  world.add({"a"});
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), Words{});
  EXPECT_NE(world.sink.err.find("--mutex: "), std::string::npos);
}

TEST(MutexRun, AJobKeepsItsValueUntilItsLastTryIsOver) {
  World world;
  world.options.failure.retries = 2;
  world.options.failure.retry_delay = {10s, 10s};
  world.executor.behaviours["x1"].outcome = Outcome::exited(1);
  world.add({"x1", "x2"});
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), (Words{"x1", "x1", "x1", "x2"}));
  EXPECT_EQ(world.locks.asked, 2);
}

TEST(MutexRun, AJobThatCannotStartLetsTheNextOneGo) {
  World world;
  world.executor.behaviours["x1"].start = {Executor::Start::failed,
                                           Outcome::not_started(0, "it is too long")};
  world.add({"x1", "x2"});
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), Words{"x2"});
}

TEST(MutexRun, AShortageKeepsTheValueAndLosesNothing) {
  World world;
  world.executor.shortages = 3;
  world.add({"x1", "x2", "y1"});
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.executor.starts.size(), 3u);
  EXPECT_GE(world.start_of("x2"), world.start_of("x1") + 1s);
}

TEST(MutexRun, AnotherRunsLockIsAskedForAgainAndAgainWhileOthersGoOn) {
  World world;
  world.locks.others = {"x"};
  world.waiter.scheduled.emplace(at(10s), [&] { world.locks.others.clear(); });
  world.add({"x1", "x2", "y1", "y2"});
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.start_of("y1"), at(0s));
  EXPECT_EQ(world.start_of("y2"), at(1s));
  EXPECT_GE(world.start_of("x1"), at(10s));
  EXPECT_LE(world.start_of("x1"), at(11s));
  EXPECT_EQ(world.start_of("x2"), world.start_of("x1") + 1s);
  EXPECT_LT(world.locks.asked, 25);
}

TEST(MutexRun, WaitingForAnotherRunHoldsNoSlotAndNoPlaceInAGroup) {
  World world;
  world.pool.slots = 1;
  world.groups.key = "regex:(.)$";
  world.groups.throttle = Throttle{1s, 1s};
  world.locks.others = {"x"};
  world.waiter.scheduled.emplace(at(60s), [&] { world.locks.others.clear(); });
  world.add({"xa", "ya", "za"});
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(world.start_of("ya"), at(0s));
  EXPECT_EQ(world.start_of("za"), at(2s));
  EXPECT_GE(world.start_of("xa"), at(60s));
}

TEST(MutexRun, ALockThatCannotBeAskedForIsWhyTheJobCannotStart) {
  World world;
  world.locks.failure = "cannot keep locks in /somewhere: disk on fire";
  world.add({"x1", "-a"});
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), Words{"-a"});
  EXPECT_NE(world.sink.err.find("--mutex: cannot keep locks"), std::string::npos);
}

TEST(MutexRun, ReadsNoFurtherThanTheBufferWhileOneValueBlocksTheWay) {
  World world;
  world.buffer.buffer = 10;
  world.executor.behaviours["x0"].runs = 1h;
  for (int i = 0; i < 1000; ++i) world.source.add("x" + std::to_string(i));
  int taken = 0;
  world.waiter.scheduled.emplace(at(30min), [&] { taken = world.source.taken; });
  EXPECT_EQ(world.run().exit_status(), 0);
  EXPECT_EQ(taken, 11);
  EXPECT_EQ(world.executor.starts.size(), 1000u);
  EXPECT_EQ(world.executor.most_running, 1);
}

TEST(MutexRun, WhatWaitsWhenTheRunStopsIsCountedAsNotRun) {
  World world;
  world.locks.others = {"y"};
  world.executor.behaviours["x1"] = {.runs = 5s, .outcome = Outcome::exited(1)};
  world.options.failure.on_error = OnError::stop;
  world.add({"x1", "x2", "y1", "y2", "x3"});
  EXPECT_EQ(world.run().exit_status(), 1);
  EXPECT_EQ(world.started(), Words{"x1"});
  EXPECT_EQ(world.engine->summary().not_run(), 4u);
}

TEST(MutexRun, OrderedOutputThatIsFullDoesNotWaitForAJobThatWaits) {
  World world;
  world.output.keep_order = true;
  world.output.hold_memory = 10;
  world.pool.slots = 2;
  Words words;
  for (int i = 0; i < 30; ++i) {
    words.push_back((i % 3 == 2 ? "y" : "x") + std::to_string(i));
    world.executor.behaviours[words.back()].out = std::string(50, 'a') + words.back() + "\n";
  }
  world.add(words);
  EXPECT_EQ(world.run().exit_status(), 0);
  std::string all;
  for (const std::string& word : words) all += std::string(50, 'a') + word + "\n";
  EXPECT_EQ(world.sink.out, all);
}

// A thousand runs with everything at once: no two jobs of a value overlap, all of them end, and
// those of a value go in input order.
TEST(MutexRun, RandomRunsKeepThePromises) {
  std::uint64_t random = 20261126;
  const auto draw = [&](std::uint64_t below) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % below;
  };
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    World world;
    world.pool.slots = static_cast<int>(1 + draw(4));
    world.buffer.buffer = 1 + draw(5);
    world.output.keep_order = draw(2) == 0;
    if (draw(2) == 0) {
      world.groups.key = "regex:(.)$";
      world.groups.parallelism = static_cast<int>(1 + draw(2));
    }
    if (draw(3) == 0) world.options.failure.retries = 1;
    world.executor.shortages = static_cast<int>(draw(3));
    const char* const values[] = {"x", "y", "z", "-"};
    std::map<std::string, Words> expected;
    for (std::uint64_t i = 0, n = draw(30); i < n; ++i) {
      const std::string value = values[draw(4)];
      const std::string word = value + std::to_string(i);
      auto& what = world.executor.behaviours[word];
      what.runs = std::chrono::milliseconds(draw(3000));
      if (draw(4) == 0) what.outcome = Outcome::exited(1);
      world.source.add(word, std::chrono::milliseconds(draw(2) * i * 100));
      if (value != "-") expected[value].push_back(word);
    }
    world.locks.others = {values[draw(3)]};
    world.waiter.scheduled.emplace(at(std::chrono::seconds(draw(20))),
                                   [&] { world.locks.others.clear(); });
    world.run();
    std::map<std::string, Words> seen;
    std::map<std::string, TimePoint> busy;
    for (const auto& start : world.executor.starts) {
      const std::string value = start.word.substr(0, 1);
      if (value == "-") continue;
      EXPECT_GE(start.at, busy[value]) << start.word << " overlaps";
      busy[value] = start.at + world.executor.behaviours[start.word].runs;
      if (seen[value].empty() || seen[value].back() != start.word)
        seen[value].push_back(start.word);
    }
    EXPECT_EQ(seen, expected);
  }
}

TEST(MutexTemplate, IsNoSlotAndNoBareFieldName) {
  const FieldScheme table{FieldScheme::Kind::named, {"server", "db"}, {}};
  EXPECT_FALSE(MutexTemplate::compile("{%}", {table, "{}", false}));
  const auto bare = MutexTemplate::compile("server", {table, "{}", false});
  ASSERT_FALSE(bare);
  EXPECT_NE(bare.error().message.find("write {server}"), std::string::npos);
  EXPECT_TRUE(MutexTemplate::compile("{server}", {table, "{}", false}));
  EXPECT_TRUE(MutexTemplate::compile("the database", {table, "{}", false}));
}

}  // namespace
}  // namespace distaff::mutexes_test

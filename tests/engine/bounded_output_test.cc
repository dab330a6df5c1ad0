// Output that is held back within bounds, by whole runs: random ones against a model of what must
// come out, and the stories that the bounds are made for.
//
//   DISTAFF_PROPERTY_COUNT=100000 engine_test --gtest_filter='BoundedOutput.*'
//   DISTAFF_PROPERTY_SEED=4711 engine_test --gtest_filter='BoundedOutput.Every*'   # that one

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/bounded_world.h"

namespace distaff::bounded_output_test {
namespace {

using namespace std::chrono_literals;
using fake::BoundedWorld;
using fake::Script;
using fake::text_of;
using Mode = Collator::Mode;

// ---- drawing

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  std::size_t below(std::size_t end) { return end <= 1 ? 0 : next() % end; }
  std::size_t from_to(std::size_t least, std::size_t most) {
    return least + below(most - least + 1);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  Duration up_to(Duration most) {
    return Duration(static_cast<Duration::rep>(below(static_cast<std::size_t>(most.count()) + 1)));
  }

 private:
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : draw_(seed) {
    draw_output();
    draw_retries();
    draw_jobs();
    draw_sink();
    draw_groups();
    draw_stop();
    world.choose = [this](std::size_t n) { return draw_.below(n); };
    world.all_at_once = [this] { return !draw_.one_in(3); };
  }

  BoundedWorld world;
  bool head_rests = false;  // while jobs of other groups take all slots and room

 private:
  void draw_output() {
    auto& output = world.output;
    head_rests = draw_.one_in(5);
    output.mode = draw_.one_in(3) ? Mode::line : Mode::group;
    if (draw_.one_in(60)) output.mode = Mode::none;
    output.keep_order = draw_.one_in(2);
    world.pool.slots = static_cast<int>(draw_.from_to(1, 6));
    output.single = world.pool.slots == 1;
    output.tagged = draw_.one_in(4);
    output.seen = draw_.one_in(5);
    output.hold_memory = draw_.of<std::size_t>({0, 1, 100, 1000, 3000, 64 << 10, 64 << 20});
    world.with_spill = draw_.one_in(2);
    world.spill.limit = draw_.of<std::size_t>({0, 1, 50, 500, 5000, 1 << 20});
    world.spill.file_size = draw_.of<std::size_t>({7, 100, 1000, 100'000});
    world.spill.moves = !draw_.one_in(3);
    if (draw_.one_in(3)) world.spill.disk_full = [this] { return draw_.one_in(10); };
    if (!head_rests) return;
    if (output.mode == Mode::none) output.mode = Mode::group;
    output.keep_order = true;
    output.hold_memory = draw_.of<std::size_t>({0, 1, 100, 1000});
    world.spill.limit = std::min<std::size_t>(world.spill.limit, 500);
  }

  void draw_retries() {
    if (!draw_.one_in(3)) return;
    auto& failure = world.options.failure;
    failure.retries = static_cast<int>(draw_.from_to(1, 3));
    const Duration least = draw_.up_to(20ms) + 1ns;
    failure.retry_delay = {least, least + draw_.up_to(80ms)};
    world.output.single = false;  // as in a real run
  }

  void draw_jobs() {
    world.executor.options.capacity = draw_.of<std::size_t>({1, 3, 20, 64, 200});
    world.executor.options.read = draw_.of<std::size_t>({5, 64, 1000, 64 << 10});
    most_ = draw_.of<std::size_t>({5, 40, 40, 300});
    if (draw_.one_in(100)) {
      most_ = 60'000;
      world.executor.options.capacity = 64 << 10;
      // Five bytes at once would make half a minute of it under sanitizers.
      world.executor.options.read = std::max<std::size_t>(world.executor.options.read, 1000);
      world.spill.file_size = std::max<std::size_t>(world.spill.file_size, 10'000);
    }
    newlines_ = draw_.of<std::size_t>({2, 10, 100});
    slowness_ = draw_.of<Duration>({0ms, 1ms, 5ms, 60ms});
    if (head_rests) return draw_resting_head();
    const std::size_t jobs = draw_.one_in(10) ? 60 : draw_.from_to(1, 16);
    for (std::size_t i = 1; i <= jobs; ++i) {
      arrives_ += draw_.one_in(8) ? draw_.up_to(30ms) : 0ms;
      add_job(draw_.of({'a', 'b', 'c', 'x'}), any_script(i));
    }
  }

  // The second job is the head after the first, but rests; meanwhile jobs of another group write
  // more than can be held, in every slot.
  void draw_resting_head() {
    add_job('h', any_script(1));
    add_job('h', any_script(2));
    const std::size_t bound = world.output.hold_memory + world.spill.limit + 600;
    for (int i = 0; i < world.pool.slots + 1; ++i) {
      const std::size_t job = world.records.size() + 1;
      Script script;
      const Stream stream = draw_.of({Stream::out, Stream::err});
      script.writes = {{0ms, stream, bound + draw_.below(300)}};
      add_job('x', with_text(job, std::move(script)));
    }
    const std::size_t more = draw_.below(6);
    for (std::size_t i = 0; i < more; ++i) {
      add_job(draw_.of({'h', 'x'}), any_script(world.records.size() + 1));
    }
  }

  void add_job(char group, Script script) {
    world.job(group + std::to_string(world.records.size() + 1), std::move(script), arrives_);
  }

  Script any_script(std::size_t job) {
    Script script;
    const std::size_t writes = draw_.below(6);
    const std::size_t loud = draw_.one_in(8) ? 5 : 1;
    for (std::size_t i = 0; i < writes; ++i) {
      script.writes.push_back({draw_.up_to(slowness_), draw_.one_in(3) ? Stream::err : Stream::out,
                               draw_.from_to(1, most_) * loud});
    }
    script.last = draw_.up_to(slowness_);
    if (draw_.one_in(10)) script.outcome = Outcome::exited(1);
    if (draw_.one_in(30)) script.outcome = Outcome::signalled(9);
    const bool retries = world.options.failure.retries > 0;
    if (retries && draw_.one_in(3)) script.fails = static_cast<int>(draw_.from_to(1, 4));
    script.ignores_term = draw_.one_in(10);
    if (draw_.one_in(25)) script.shortages = static_cast<int>(draw_.from_to(1, 3));
    if (!head_rests && draw_.one_in(30)) {
      script.start = {Executor::Start::failed, Outcome::not_started(2, "no such program")};
    }
    if (draw_.one_in(15)) {
      script.left_behind = draw_.up_to(900ms) + 1ns;
      if (!retries) script.leaves = draw_.below(most_);
    }
    return with_text(job, std::move(script));
  }

  Script with_text(std::size_t job, Script script) {
    std::array<std::size_t, 2> sizes{script.leaves, 0};
    for (const auto& write : script.writes)
      sizes[static_cast<std::size_t>(write.stream)] += write.bytes;
    for (const Stream stream : {Stream::out, Stream::err}) {
      const auto s = static_cast<std::size_t>(stream);
      script.text[s] =
          text_of(job, stream, sizes[s], [&](std::size_t) { return draw_.one_in(newlines_); });
      if (world.options.failure.retries > 0) end_line(script, stream);
    }
    return script;
  }

  // So that nothing has to be added between two attempts.
  static void end_line(Script& script, Stream stream) {
    std::string& text = script.text[static_cast<std::size_t>(stream)];
    if (text.empty() || text.back() == '\n') return;
    text += '\n';
    for (auto write = script.writes.rbegin(); write != script.writes.rend(); ++write) {
      if (write->stream != stream) continue;
      ++write->bytes;
      return;
    }
  }

  void draw_sink() {
    auto& sink = world.sink;
    sink.one = draw_.one_in(4);
    sink.parts = draw_.one_in(2);
    sink.moves = draw_.one_in(2);
    sink.refuses = draw_.one_in(4);
    if (draw_.one_in(3)) return;
    for (auto& reader : sink.readers) {
      if (draw_.one_in(3)) continue;
      reader.capacity = draw_.of<std::size_t>({1, 30, 100, 1000});
      reader.takes = draw_.of<std::size_t>({1, 30, 1000});
      if (most_ > 1000) reader.capacity = reader.takes = 10'000;
      reader.every = draw_.up_to(draw_.of<Duration>({10us, 100us, 1ms}));
      const std::size_t seldom = draw_.of<std::size_t>({20, 100, 1000});
      const Duration stall = draw_.of<Duration>({5ms, 50ms, 150ms, 400ms});
      reader.rest = [this, seldom, stall] { return draw_.one_in(seldom) ? stall : 0ms; };
    }
  }

  void draw_groups() {
    auto& groups = world.groups;
    if (head_rests) {
      groups.key = "regex:^([a-z])";
      GroupRule head;
      head.match = "h";
      ThrottleEntry rest;
      rest.throttle = Throttle{200ms, 400ms};
      head.throttle = {rest};
      groups.rules = {head};
      groups.parallelism = 100;
      return;
    }
    if (draw_.one_in(2)) groups.key = "regex:^([a-z])";
    const std::size_t limits = draw_.below(5);
    if (limits == 0) groups.parallelism = static_cast<int>(draw_.from_to(1, 2));
    if (limits == 1) groups.throttle = Throttle{draw_.up_to(20ms), 20ms};
    if (limits == 2) groups.rate = Rate{1, 10ms, static_cast<double>(draw_.from_to(1, 3))};
    if (draw_.one_in(8)) world.pool.delay = draw_.up_to(10ms);
    if (draw_.one_in(4)) world.pool.buffer = draw_.from_to(1, 5);
  }

  void draw_stop() {
    auto& failure = world.options.failure;
    if (draw_.one_in(8)) failure.on_error = draw_.of({OnError::stop, OnError::kill});
    if (draw_.one_in(12)) {
      failure.halt = HaltSpec{draw_.one_in(2), HaltSpec::What::done, draw_.from_to(1, 8), false};
    }
    if (!draw_.one_in(7)) return;
    const TimePoint when{draw_.up_to(draw_.of<Duration>({1ms, 20ms, 300ms}))};
    const bool alone = draw_.one_in(3);  // nobody reads any more
    world.scheduled.emplace(when, [this, alone] {
      world.sink.away = alone;
      world.signal(SIGTERM);
    });
    if (!draw_.one_in(4)) return;
    world.scheduled.emplace(when + draw_.up_to(300ms), [this] { world.signal(SIGTERM); });
  }

  Draw draw_;
  std::size_t most_ = 40;  // of a write
  std::size_t newlines_ = 10;
  Duration slowness_{0};
  Duration arrives_{0};
};

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* const value = std::getenv(variable);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

TEST(BoundedOutput, EveryByteComesOutOnceAndEveryBoundHoldsInRandomRuns) {
  const bool repeated = std::getenv("DISTAFF_PROPERTY_SEED") != nullptr;
  const std::uint64_t first = number_of("DISTAFF_PROPERTY_SEED", std::random_device{}());
  const std::uint64_t count = number_of("DISTAFF_PROPERTY_COUNT", repeated ? 1 : 300);
  BoundedWorld::Counts all;
  std::uint64_t head_rests = 0;
  for (std::uint64_t i = 0; i < count && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message() << "DISTAFF_PROPERTY_SEED=" << first + i);
    RandomRun run(first + i);
    run.world.run();
    const auto& counts = run.world.counts;
    head_rests += run.head_rests;
    all.beyond_slots += counts.beyond_slots;
    all.all_paused += counts.all_paused;
    all.full += counts.full;
    all.spilled += counts.spilled;
    all.signalled += counts.signalled;
    all.loose += counts.loose;
    all.retried += counts.retried;
    all.mixed += counts.mixed > 0;
  }
  std::printf(
      "first seed %llu: %llu runs, %d full, %d spilled, %d signalled; beyond the slots %d, "
      "of these with all of them paused %d; stderr inside stdout in %d; retries %d, jobs whose "
      "attempts could not be held %d\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(count), all.full,
      all.spilled, all.signalled, all.beyond_slots, all.all_paused, all.mixed, all.retried,
      all.loose);
  if (count < 100) return;
  // The cases that are meant did happen.
  EXPECT_GT(head_rests, count / 10);
  EXPECT_GT(all.all_paused, static_cast<int>(count / 20));
  EXPECT_GT(all.full, static_cast<int>(count / 6));
  EXPECT_GT(all.spilled, static_cast<int>(count / 10));
  EXPECT_GT(all.mixed, 0);
  EXPECT_GT(all.retried, static_cast<int>(count / 4));
  EXPECT_GT(all.loose, 0);
}

// ---- stories

// Writes `bytes` at once, then ends; each line has ten bytes.
Script writes(std::size_t job, Stream stream, std::size_t bytes, Duration runs = 0ms) {
  Script script;
  if (bytes > 0) script.writes = {{0ms, stream, bytes}};
  script.last = runs;
  script.text[static_cast<std::size_t>(stream)] =
      text_of(job, stream, bytes, [](std::size_t i) { return i % 10 == 9; });
  return script;
}

// Three slots; jobs of host h rest for 2 s, others not at all.
struct RestingHosts : BoundedWorld {
  RestingHosts() {
    pool.slots = 3;
    groups.key = "regex:^([a-z])";
    groups.parallelism = 100;
    GroupRule rule;
    rule.match = "h";
    rule.throttle.emplace().emplace_back().throttle = Throttle{2s, 2s};
    groups.rules = {rule};
  }
};

TEST(BoundedOutput, AHeadThatRestedStartsBeyondTheSlotsThatPausedJobsHold) {
  RestingHosts world;
  world.output.keep_order = true;
  world.output.hold_memory = 1000;
  world.job("h1", writes(1, Stream::out, 50));
  world.job("h2", writes(2, Stream::out, 5000));
  for (std::size_t i = 3; i <= 6; ++i) {
    world.job("x" + std::to_string(i), writes(i, Stream::out, 5000));
  }
  int paused = 0;
  int started = 0;
  world.scheduled.emplace(TimePoint{1s}, [&] {
    paused = world.executor.paused();
    started = static_cast<int>(world.started.size());
  });
  ASSERT_TRUE(world.run());
  EXPECT_EQ(paused, 3);   // every slot is held
  EXPECT_EQ(started, 4);  // and nothing else started
  EXPECT_EQ(world.counts.all_paused, 1);
  ASSERT_GT(world.started.size(), 4u);
  EXPECT_EQ(world.started[4], JobId{2});
  EXPECT_LT(world.now, TimePoint{2100ms});
}

TEST(BoundedOutput, WithoutOrderTheOldestOfManyPausedJobsFlows) {
  BoundedWorld world;
  world.pool.slots = 4;
  world.output.hold_memory = 0;
  for (std::size_t i = 1; i <= 8; ++i) {
    world.job("x" + std::to_string(i), writes(i, Stream::out, 3000, 1ms));
  }
  std::vector<JobId> turns;
  for (int i = 1; i < 100; ++i) {
    world.scheduled.emplace(TimePoint{1ms * i}, [&] {
      if (world.collator().full()) turns.push_back(world.collator().turn());
    });
  }
  ASSERT_TRUE(world.run());
  ASSERT_FALSE(turns.empty());
  EXPECT_EQ(turns.front(), JobId{1});
  EXPECT_TRUE(std::is_sorted(turns.begin(), turns.end()));
  EXPECT_EQ(world.sink.text.size(), 8u * 3000u);
}

TEST(BoundedOutput, StderrOfTheHeadFlowsWhileNothingMoreCanBeHeld) {
  BoundedWorld world;
  world.pool.slots = 2;
  world.output.keep_order = true;
  world.output.hold_memory = 200;
  Script loud = writes(1, Stream::err, 5000);
  loud.writes.push_back({0ms, Stream::out, 100});
  loud.text[0] = text_of(1, Stream::out, 100, [](std::size_t) { return false; });
  world.job("a1", loud);
  world.job("a2", writes(2, Stream::out, 5000));
  ASSERT_TRUE(world.run());
  EXPECT_GT(world.counts.mixed, 0);  // some of it stands before the end of stdout
  EXPECT_EQ(world.sink.text.size(), 10'100u);
}

TEST(BoundedOutput, AReaderThatStallsHoldsUpNoJobWithinTheBounds) {
  BoundedWorld world;
  world.pool.slots = 1;
  world.output.single = true;
  world.output.hold_memory = 100'000;
  world.sink.readers[0] = {.capacity = 100, .takes = 100, .every = 10s, .rest = {}};
  for (std::size_t i = 1; i <= 5; ++i) {
    world.job("x" + std::to_string(i), writes(i, Stream::out, 300, 10ms));
  }
  std::size_t started = 0;
  world.scheduled.emplace(TimePoint{300ms}, [&] { started = world.started.size(); });
  ASSERT_TRUE(world.run());
  EXPECT_EQ(started, 5u);
}

TEST(BoundedOutput, WhatJobsHadWrittenBeforeASignalIsWrittenWhenTheirPipesWereLeftAlone) {
  BoundedWorld world;
  world.pool.slots = 3;
  world.output.keep_order = true;
  world.output.hold_memory = 10;
  world.job("a1", writes(1, Stream::out, 20, 10s));
  world.job("a2", writes(2, Stream::out, 1000));
  world.job("a3", writes(3, Stream::err, 1000));
  world.job("a4", writes(4, Stream::out, 10));
  world.scheduled.emplace(TimePoint{1s}, [&] { world.signal(SIGTERM); });
  ASSERT_TRUE(world.run());
  EXPECT_EQ(world.result.signal, SIGTERM);
  // 20 of the first; of the others one pipe each, and what was held.
  EXPECT_GE(world.sink.text.size(), 20u + 2 * world.executor.options.capacity);
  EXPECT_LT(world.now, TimePoint{2s});
}

TEST(BoundedOutput, ASignalEndsTheRunThoughNobodyReadsAndPipesAreLeftAlone) {
  for (const bool ordered : {false, true}) {
    BoundedWorld world;
    world.pool.slots = 3;
    world.output.keep_order = ordered;
    world.output.hold_memory = 10;
    world.sink.readers[0].capacity = 100;
    world.sink.away = true;
    for (std::size_t i = 1; i <= 3; ++i) {
      world.job("x" + std::to_string(i), writes(i, Stream::out, 1000));
    }
    world.scheduled.emplace(TimePoint{1s}, [&] { world.signal(SIGTERM); });
    ASSERT_TRUE(world.run());
    EXPECT_LT(world.now, TimePoint{7s});
  }
}

TEST(BoundedOutput, AJobThatWillNotStartAsTheRunStopsKeepsNobodyWaiting) {
  RestingHosts world;
  world.pool.slots = 2;
  world.output.keep_order = true;
  world.output.hold_memory = 100;
  world.options.failure.on_error = OnError::stop;
  Script fails = writes(1, Stream::out, 50);
  fails.outcome = Outcome::exited(1);
  world.job("h1", fails);
  world.job("h2", writes(2, Stream::out, 50));
  world.job("x3", writes(3, Stream::out, 5000));
  ASSERT_TRUE(world.run());
  EXPECT_EQ(world.sink.text.size(), 5050u);
}

TEST(BoundedOutput, AShortageThatIsOverKeepsNobodyBusyWhileTheBoundsAreReached) {
  BoundedWorld world;
  world.pool.slots = 2;
  world.output.keep_order = true;
  world.output.hold_memory = 1;
  world.job("a1", writes(1, Stream::out, 10, 1s));
  Script late = writes(2, Stream::out, 500);
  late.shortages = 1;
  world.job("a2", late);
  world.job("a3", writes(3, Stream::out, 500));
  ASSERT_TRUE(world.run());
  EXPECT_EQ(world.sink.text.size(), 1010u);
}

}  // namespace
}  // namespace distaff::bounded_output_test

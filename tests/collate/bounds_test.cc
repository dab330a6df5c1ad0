// What is held back, and what happens when no more can be.

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "collate/collator.h"
#include "collate/held_bytes.h"
#include "support/fake_spill.h"

namespace distaff::bounds_test {
namespace {

using Mode = Collator::Mode;

constexpr JobId a{1};
constexpr JobId b{2};
constexpr JobId c{3};

constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

// A sink whose reader may stop reading.
class SlowSink final : public ByteSink {
 public:
  void write(Stream stream, std::string_view bytes) override {
    (stream == out ? text : errors) += bytes;
  }
  bool blocked(Stream) const override { return full; }

  std::string text, errors;
  bool full = false;
};

// Reports what a job wrote as an executor would: only as much as there is room for.  How much that
// was.
std::size_t offer(Collator& collator, JobId job, Stream stream, std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const Intake intake = collator.room(job, stream);
    if (intake.most == 0) break;
    const std::string_view part = bytes.substr(taken, intake.most);
    collator.output(job, stream, part);
    taken += part.size();
  }
  return taken;
}

TEST(Bounds, MemoryIsUsedUpToTheLimitAndNotBeyond) {
  SlowSink sink;
  Collator collator({.keep_order = true, .hold_memory = 100'000}, sink);
  collator.open(a);
  collator.open(b);
  const std::string bytes(1'000'000, 'b');
  const std::size_t taken = offer(collator, b, out, bytes);
  EXPECT_GT(taken, 80'000u);
  EXPECT_LE(collator.memory(), 100'000u + ExtentPool::kChunk);
  EXPECT_TRUE(collator.full());
  EXPECT_EQ(collator.turn(), a);
}

TEST(Bounds, WhatFindsNoRoomInMemoryIsSpilled) {
  SlowSink sink;
  FakeSpill spill(10'000'000);
  Collator collator({.keep_order = true, .hold_memory = 1000, .spill = &spill}, sink);
  collator.open(a);
  collator.open(b);
  std::string bytes;
  for (int i = 0; bytes.size() < 1'000'000; ++i) bytes += std::to_string(i) + "\n";
  EXPECT_EQ(offer(collator, b, out, bytes), bytes.size());
  EXPECT_FALSE(collator.full());
  EXPECT_GT(spill.used(), 900'000u);
  EXPECT_LT(collator.memory(), 70'000u);
  EXPECT_EQ(collator.held(), bytes.size());

  collator.close(b);
  collator.close(a);
  while (collator.pump()) {
  }
  EXPECT_TRUE(sink.text == bytes);
  EXPECT_EQ(spill.used(), 0u);
  EXPECT_EQ(collator.memory(), 0u);
}

TEST(Bounds, LoudJobsLeaveMemoryToQuietOnes) {
  SlowSink sink;
  FakeSpill spill(100'000'000);
  Collator collator({.keep_order = true, .hold_memory = 1 << 20, .spill = &spill}, sink);
  collator.open(a);
  collator.open(b);
  collator.open(c);
  offer(collator, b, out, std::string(5'000'000, 'b'));
  EXPECT_LT(collator.memory(), std::size_t{1 << 20} / 4);
  const std::size_t spilled = spill.used();
  offer(collator, c, out, "a few bytes");
  EXPECT_EQ(spill.used(), spilled);
}

TEST(Bounds, InInputOrderTheOldestFlowsWhenNothingMoreCanBeHeld) {
  SlowSink sink;
  Collator collator({.keep_order = true, .hold_memory = 10}, sink);
  collator.open(a);
  collator.open(b);
  const std::size_t held = offer(collator, b, out, std::string(100, 'b'));
  EXPECT_GE(held, 10u);
  EXPECT_LT(held, 100u);
  EXPECT_TRUE(collator.full());

  EXPECT_EQ(offer(collator, a, out, "from a"), 6u);
  EXPECT_EQ(sink.text, "from a");
  EXPECT_EQ(offer(collator, a, err, "its error"), 9u) << "else it would wait for ever";
  EXPECT_EQ(sink.errors, "its error");
  EXPECT_FALSE(collator.take_again().all) << "nothing has changed for b";

  collator.close(a);
  collator.pump();
  EXPECT_TRUE(collator.take_again().all);
  EXPECT_EQ(offer(collator, b, out, "more"), 4u);
  EXPECT_EQ(sink.text, "from a" + std::string(held, 'b') + "more");
}

TEST(Bounds, StderrOfTheLiveJobIsHeldWhileThereIsRoom) {
  SlowSink sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a);
  offer(collator, a, err, "error");
  offer(collator, a, out, "output");
  collator.pump();
  EXPECT_EQ(sink.text, "output");
  EXPECT_EQ(sink.errors, "");
}

TEST(Bounds, GroupedTheOldestThatRunsGetsTheTurnAndKeepsItUntilItEnds) {
  SlowSink sink;
  Collator collator({.hold_memory = 300}, sink);
  collator.open(b);
  collator.open(a);
  collator.open(c);
  offer(collator, b, out, std::string(1000, 'b'));
  EXPECT_EQ(offer(collator, a, out, "a1 "), 0u);
  EXPECT_TRUE(collator.full());
  EXPECT_EQ(sink.text, "");

  collator.pump();
  EXPECT_EQ(collator.turn(), a);
  EXPECT_EQ(collator.take_again().job, a);
  EXPECT_EQ(offer(collator, a, out, "a1 "), 3u);
  EXPECT_EQ(sink.text, "a1 ");

  collator.close(b);
  collator.pump();
  EXPECT_EQ(sink.text, "a1 ") << "b waits behind the job that has the turn";
  offer(collator, a, out, "a2 ");
  collator.close(a);
  collator.pump();
  EXPECT_EQ(sink.text.substr(0, 7), "a1 a2 b");
  EXPECT_FALSE(collator.full());
}

TEST(Bounds, FinishedJobsAreWrittenBeforeAnyoneGetsTheTurn) {
  SlowSink sink;
  Collator collator({.hold_memory = 300}, sink);
  collator.open(a);
  collator.open(b);
  offer(collator, b, out, std::string(1000, 'b'));
  EXPECT_TRUE(collator.full());
  sink.full = true;
  collator.close(b);
  collator.pump();
  EXPECT_EQ(collator.turn(), JobId{0});
  sink.full = false;
  collator.pump();
  EXPECT_EQ(collator.turn(), JobId{0});
  EXPECT_EQ(sink.text[0], 'b');
}

TEST(Bounds, ALineLongerThanTheBoundsFlowsAndIsNotTorn) {
  SlowSink sink;
  Collator collator({.mode = Mode::line, .hold_memory = 100}, sink);
  collator.open(a);
  collator.open(b);
  offer(collator, a, out, std::string(150, 'a'));
  EXPECT_EQ(offer(collator, b, out, "b's line\n"), 0u) << "no room";
  collator.pump();
  EXPECT_EQ(collator.turn(), a);
  EXPECT_EQ(sink.text.substr(0, 3), "aaa");
  EXPECT_TRUE(collator.take_again().all);
  offer(collator, b, out, "b's line\n");
  collator.pump();
  EXPECT_EQ(sink.text.find('b'), std::string::npos) << "inside a's line";
  offer(collator, a, out, "end\n");
  collator.pump();
  EXPECT_TRUE(sink.text.ends_with("aaend\nb's line\n")) << sink.text;
}

TEST(Bounds, TheLiveJobWaitsForASlowReaderButNotForOneThatStands) {
  SlowSink sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a);
  offer(collator, a, out, "1 ");
  sink.full = true;
  EXPECT_EQ(offer(collator, a, out, "2 "), 0u);
  EXPECT_FALSE(collator.full());
  EXPECT_EQ(collator.take_again().job, std::nullopt);

  collator.set_stalled(true);
  EXPECT_EQ(collator.take_again().job, a);
  EXPECT_EQ(offer(collator, a, out, "2 "), 2u);
  EXPECT_EQ(sink.text, "1 ");

  sink.full = false;
  collator.set_stalled(false);
  collator.pump();
  EXPECT_EQ(sink.text, "1 2 ");
}

TEST(Bounds, AFullDiskIsLikeALimitThatIsReached) {
  SlowSink sink;
  FakeSpill spill(1'000'000);
  Collator collator({.keep_order = true, .hold_memory = 10, .spill = &spill}, sink);
  collator.open(a);
  collator.open(b);
  offer(collator, b, out, std::string(500, 'b'));
  spill.disk_full = true;
  EXPECT_EQ(offer(collator, b, out, "b"), 0u);
  EXPECT_TRUE(collator.full());
  EXPECT_EQ(offer(collator, a, out, "a"), 1u);
  EXPECT_EQ(sink.text, "a");
}

TEST(Bounds, BookkeepingOfWhatIsSpilledIsBoundedToo) {
  SlowSink sink;
  FakeSpill spill(100'000'000);
  Collator collator({.keep_order = true, .hold_memory = 1 << 20, .spill = &spill}, sink);
  collator.open(a);
  std::uint64_t job = 2;
  for (; job < 1'000'000 && !collator.full(); ++job) {
    collator.open(JobId{job});
    if (offer(collator, JobId{job}, out, "x") == 1) collator.close(JobId{job});
  }
  EXPECT_TRUE(collator.full());
  EXPECT_GT(job, 2000u);
  EXPECT_LT(collator.memory(), std::size_t{4} << 20);
}

TEST(Bounds, ManyFinishedJobsThatWroteNothingTakeNothing) {
  SlowSink sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a);
  for (std::uint64_t job = 2; job < 10'000; ++job) {
    collator.open(JobId{job});
    collator.close(JobId{job});
  }
  EXPECT_EQ(collator.memory(), 0u);
  collator.close(a);
  collator.pump();
  EXPECT_TRUE(collator.idle());
}

TEST(Bounds, WhatCannotBeReadBackIsSaid) {
  SlowSink sink;
  FakeSpill spill(1'000'000);
  Collator collator({.hold_memory = 0, .spill = &spill}, sink);
  collator.open(a);
  offer(collator, a, out, "spilled");
  EXPECT_EQ(collator.failure(), "");
  spill.broken = true;
  collator.close(a);
  collator.pump();
  EXPECT_NE(collator.failure(), "");
}

TEST(Bounds, PumpingStopsAfterItsShareSoThatOtherThingsGoOn) {
  SlowSink sink;
  Collator collator({}, sink);
  collator.open(a);
  offer(collator, a, out, std::string(3'000'000, 'a'));
  collator.close(a);
  EXPECT_TRUE(collator.pump(1 << 20));
  EXPECT_LT(sink.text.size(), 1'200'000u);
  EXPECT_TRUE(collator.pump(1 << 20));
  EXPECT_FALSE(collator.pump(1 << 22));
  EXPECT_EQ(sink.text.size(), 3'000'000u);
}

TEST(Bounds, AJobMayEndWhenAllItsLinesAreJustWritten) {
  SlowSink sink;
  Collator collator({.mode = Mode::line}, sink);
  collator.open(a);
  collator.open(b);
  sink.full = true;
  offer(collator, a, out, "12345678\n");
  offer(collator, a, err, "12345678\n");
  offer(collator, b, out, "b\n");
  sink.full = false;
  collator.pump(9);
  collator.pump(9);
  collator.close(a);
  collator.close(b);
  while (collator.pump()) {
  }
  EXPECT_TRUE(collator.idle());
  EXPECT_EQ(sink.text, "12345678\nb\n");
}

// ---- rows

// "[HEAD out=… err=…]", with a mark for what is no UTF-8.
class PlainRows final : public RowFormat {
 public:
  std::string header() const override { return "header\n"; }
  std::string head(const Job&, const Attempt&, int, Slot) override { return {}; }
  void before(Stream stream, bool text, std::string& row) override {
    row += stream == out ? " out=" : " err=";
    if (!text) row += "!";
  }
  void encode(std::string_view bytes, std::string& row) override { row += bytes; }
  void after(Stream, std::string& row) override { row += ";"; }
  void tail(std::string& row) override { row += "]\n"; }
};

TEST(Bounds, RowsAreWrittenWholeEachInItsTurn) {
  SlowSink sink;
  PlainRows rows;
  Collator collator({.keep_order = true, .rows = &rows}, sink);
  collator.open(a);
  collator.open(b);
  offer(collator, b, out, "b");
  offer(collator, a, err, "caf\xc3");
  collator.close(b, "[2");
  collator.close(c, "[3");  // never started
  collator.pump();
  EXPECT_EQ(sink.text, "header\n");
  offer(collator, a, err, "\xa9");
  offer(collator, a, out, "\xff");
  collator.close(a, "[1");
  collator.pump();
  EXPECT_EQ(sink.text,
            "header\n[1 out=!\xff; err=caf\xc3\xa9;]\n[2 out=b; err=;]\n[3 out=; err=;]\n");
}

TEST(Bounds, ARowThatFitsNowhereIsHeldBeyondTheBoundsByTheJobThatHasTheTurn) {
  SlowSink sink;
  PlainRows rows;
  Collator collator({.rows = &rows, .hold_memory = 100}, sink);
  collator.open(a);
  collator.open(b);
  offer(collator, b, out, std::string(200, 'b'));
  EXPECT_EQ(offer(collator, a, out, "a"), 0u);
  collator.pump();
  EXPECT_EQ(collator.turn(), a);
  EXPECT_EQ(offer(collator, a, out, std::string(200'000, 'a')), 200'000u);
  EXPECT_EQ(offer(collator, b, out, "b"), 0u);
  collator.close(a, "[1");
  collator.pump();
  EXPECT_EQ(sink.text, "header\n[1 out=" + std::string(200'000, 'a') + "; err=;]\n");
  EXPECT_TRUE(collator.take_again().all);
}

TEST(Bounds, WhatIsKnownOfJobsThatAreOverCountsToo) {
  SlowSink sink;
  PlainRows rows;
  Collator collator({.keep_order = true, .rows = &rows, .hold_memory = 100'000}, sink);
  collator.open(a);
  std::uint64_t job = 2;
  for (; job < 10'000 && !collator.full(); ++job) {
    collator.close(JobId{job}, std::string(1000, '['));  // never started
  }
  EXPECT_LT(job, 100u);
  EXPECT_EQ(collator.turn(), a);
  collator.close(a, "[1");
  collator.pump();
  EXPECT_FALSE(collator.full());
  EXPECT_TRUE(collator.idle());
}

// ---- many jobs whose output is not read

// CPU time, so that a busy machine makes no difference.
double seconds_of(const std::function<void()>& act) {
  timespec begin{}, end{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  act();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  return static_cast<double>(end.tv_sec - begin.tv_sec) +
         static_cast<double>(end.tv_nsec - begin.tv_nsec) / 1e9;
}

// Sixteen times as many take sixteen times as long, and not the square of that.
void expect_linear(const std::function<void(std::uint64_t)>& act) {
  constexpr std::uint64_t kFew = 1000;
  double few = 1e9;
  for (int i = 0; i < 3; ++i) few = std::min(few, seconds_of([&] { act(kFew); }));
  const double many = seconds_of([&] { act(16 * kFew); });
  EXPECT_LT(many / few, 64) << few << " s, " << many << " s";
}

TEST(Bounds, TheEndOfManyRowsIsLinear) {
  expect_linear([](std::uint64_t jobs) {
    SlowSink sink;
    sink.full = true;
    PlainRows rows;
    Collator collator({.rows = &rows}, sink);
    for (std::uint64_t job = 1; job <= jobs; ++job) collator.close(JobId{job}, "[");
    collator.end();
    sink.full = false;
    while (collator.pump()) {
    }
    EXPECT_TRUE(collator.idle());
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(sink.text.begin(), sink.text.end(), '[')),
              jobs);
  });
}

TEST(Bounds, SoAreManyLines) {
  expect_linear([](std::uint64_t jobs) {
    SlowSink sink;
    sink.full = true;
    Collator collator({.mode = Mode::line}, sink);
    for (std::uint64_t job = 1; job <= jobs; ++job) {
      collator.open(JobId{job});
      collator.output(JobId{job}, out, "line\n");
      collator.close(JobId{job});
    }
    sink.full = false;
    while (collator.pump()) {
    }
    EXPECT_TRUE(collator.idle());
    EXPECT_EQ(sink.text.size(), 5 * jobs);
  });
}

}  // namespace
}  // namespace distaff::bounds_test

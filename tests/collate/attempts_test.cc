// Jobs that are tried again: only the last attempt's output counts.

#include <gtest/gtest.h>

#include <string>

#include "collate/collator.h"
#include "collate/memory_streams.h"

namespace distaff::attempts_test {
namespace {

using Mode = Collator::Mode;

constexpr JobId a{1};
constexpr JobId b{2};

constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

constexpr bool kAnother = true;

void close(Collator& collator, JobId job) {
  collator.close(job);
  collator.pump();
}

TEST(Attempts, OnlyTheLastOneIsWritten) {
  MemoryStreams sink;
  Collator collator({}, sink);
  collator.open(a, {}, kAnother);
  collator.output(a, out, "bad\n");
  collator.output(a, err, "oh\n");
  collator.try_again(a);
  collator.open(a);
  EXPECT_EQ(collator.held(), 0u);
  collator.output(a, out, "good\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "good\n");
  EXPECT_EQ(sink.err, "");
}

TEST(Attempts, NoneIsLiveAsLongAsAnotherMayFollow) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a, {}, kAnother);
  collator.output(a, out, "bad\n");
  collator.pump();
  EXPECT_EQ(sink.out, "");
  collator.try_again(a);
  collator.open(a);
  collator.output(a, out, "good ");
  EXPECT_EQ(sink.out, "good ");
  collator.output(a, out, "end\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "good end\n");
}

TEST(Attempts, InOrderLaterJobsWaitForTheOneThatIsTriedAgain) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a, {}, kAnother);
  collator.open(b);
  collator.output(b, out, "b\n");
  close(collator, b);
  collator.try_again(a);
  collator.pump();
  EXPECT_EQ(sink.out, "");
  collator.open(a);
  collator.output(a, out, "a\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "a\nb\n");
}

TEST(Attempts, WhatTheLastOneWroteIsWrittenIfNoOtherFollowsAfterAll) {
  MemoryStreams sink;
  Collator collator({}, sink);
  collator.open(a, {}, kAnother);
  collator.output(a, out, "said\n");
  collator.try_again(a);
  collator.end();
  while (collator.pump()) {
  }
  EXPECT_EQ(sink.out, "said\n");
}

TEST(Attempts, ByLinesEachIsWrittenAndItsLastLineIsCompleted) {
  MemoryStreams sink;
  Collator collator({.mode = Mode::line}, sink);
  collator.open(a, {}, kAnother);
  collator.output(a, out, "one\ntw");
  collator.try_again(a);
  collator.open(a);
  collator.output(a, out, "three\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "one\ntw\nthree\n");
}

TEST(Attempts, ThatCannotBeHeldAreWrittenAsTheyComeAndAWarningSaysSo) {
  MemoryStreams sink;
  Collator collator({.hold_memory = 0}, sink);
  collator.open(a, {}, kAnother);
  EXPECT_EQ(collator.room(a, out).most, 0u);
  EXPECT_TRUE(collator.full());
  collator.pump();
  EXPECT_EQ(collator.turn(), a);
  EXPECT_NE(collator.take_warning().find("job 1: there is no room"), std::string::npos);
  EXPECT_EQ(collator.take_warning(), "");
  EXPECT_GT(collator.room(a, out).most, 0u);
  collator.output(a, out, "bad\n");
  EXPECT_EQ(sink.out, "bad\n");
  collator.try_again(a);
  collator.pump();
  EXPECT_EQ(collator.turn(), JobId{0});  // until its next attempt others go on
  collator.open(a);
  EXPECT_FALSE(collator.full());
  collator.output(a, out, "good\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "bad\ngood\n");
}

TEST(Attempts, WhatWaitsForItsNextAttemptMakesRoomIfNobodyElseCan) {
  MemoryStreams sink;
  Collator collator({.hold_memory = 4096}, sink);
  collator.open(a, {}, kAnother);
  const std::string bytes(collator.room(a, out).most, 'x');
  collator.output(a, out, bytes);
  collator.try_again(a);
  collator.open(b, {}, kAnother);
  while (collator.room(b, out).most > 0) {
    collator.output(b, out, std::string(collator.room(b, out).most, 'y'));
  }
  collator.try_again(b);
  ASSERT_TRUE(collator.full());
  while (collator.pump()) {
  }
  EXPECT_FALSE(collator.full());
  EXPECT_EQ(sink.out.substr(0, bytes.size()), bytes);
  EXPECT_NE(collator.take_warning().find("job 1"), std::string::npos);
}

}  // namespace
}  // namespace distaff::attempts_test

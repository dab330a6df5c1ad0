#include "collate/collator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "collate/memory_streams.h"

namespace distaff::collator_test {
namespace {

using Mode = Collator::Mode;

constexpr JobId a{1};
constexpr JobId b{2};
constexpr JobId c{3};
constexpr JobId d{4};

constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

void close(Collator& collator, JobId job) {
  collator.close(job);
  collator.pump();
}

void flush(Collator& collator) {
  collator.end();
  while (collator.pump()) {
  }
}

TEST(Collator, WritesAGroupedJobUnbrokenWhenItCloses) {
  MemoryStreams sink;
  Collator collator({}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(a, out, "a1\n");
  collator.output(b, out, "b1\n");
  collator.output(a, err, "oh a\n");
  collator.output(b, out, "b2");
  EXPECT_EQ(sink.out, "");
  EXPECT_EQ(collator.held(), 13u);

  close(collator, b);
  EXPECT_EQ(sink.out, "b1\nb2");
  close(collator, a);
  EXPECT_EQ(sink.out, "b1\nb2a1\n");
  EXPECT_EQ(sink.err, "oh a\n");
  EXPECT_EQ(collator.held(), 0u);
}

TEST(Collator, GivesANoteBackWhenTheJobsBlockWasGivenToTheSink) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  for (const JobId job : {a, b, c}) collator.open(job);
  collator.output(b, out, "b\n");
  const std::size_t before = collator.memory();
  collator.close(b, {}, "note b");
  EXPECT_GE(collator.memory(), before + 6);
  collator.close(c, {}, "note c");
  collator.pump();
  EXPECT_EQ(collator.take_notes(), (std::vector<std::string>{"note c"}));  // it wrote nothing
  collator.output(a, out, "a\n");
  collator.close(a, {}, "note a");
  collator.pump();
  EXPECT_EQ(collator.take_notes(), (std::vector<std::string>{"note a", "note b"}));
  EXPECT_EQ(sink.out, "a\nb\n");
  EXPECT_TRUE(collator.take_notes().empty());
}

TEST(Collator, GivesNotesBackInEveryMode) {
  for (const auto& options :
       {Collator::Options{}, Collator::Options{.mode = Mode::line},
        Collator::Options{.mode = Mode::none}, Collator::Options{.single = true},
        Collator::Options{.keep_order = true, .tagged = true}}) {
    MemoryStreams sink;
    Collator collator(options, sink);
    collator.open(a);
    collator.output(a, out, "text");
    collator.close(a, {}, "note a");
    collator.close(b, {}, "note b");
    while (collator.pump()) {
    }
    EXPECT_EQ(collator.take_notes().size(), 2u);
  }
}

TEST(Collator, WritesStdoutBeforeStderrOfABlock) {
  MemoryStreams sink(true);
  Collator collator({}, sink);
  collator.open(a);
  collator.output(a, err, "error\n");
  collator.output(a, out, "output\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "output\nerror\n");
}

TEST(Collator, LetsTheOldestJobFlowInInputOrder) {
  MemoryStreams sink(true);
  Collator collator({.keep_order = true}, sink);
  collator.open(b);
  collator.open(a);
  collator.output(b, out, "b1 ");
  collator.output(b, err, "b's error ");
  EXPECT_EQ(sink.out, "");

  collator.output(a, out, "a1 ");
  collator.output(a, err, "a's error ");
  EXPECT_EQ(sink.out, "a1 ");
  collator.output(a, out, "a2 ");
  EXPECT_EQ(sink.out, "a1 a2 ");

  close(collator, a);
  EXPECT_EQ(sink.out, "a1 a2 a's error b1 ");
  collator.output(b, out, "b2 ");
  EXPECT_EQ(sink.out, "a1 a2 a's error b1 b2 ");
  close(collator, b);
  EXPECT_EQ(sink.out, "a1 a2 a's error b1 b2 b's error ");
}

TEST(Collator, HoldsFinishedJobsBehindAHoleInInputOrder) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  for (const JobId job : {b, d}) {
    collator.open(job);
    collator.output(job, out, job == b ? "b " : "d ");
    close(collator, job);
  }
  EXPECT_EQ(sink.out, "");

  close(collator, a);  // it never started
  EXPECT_EQ(sink.out, "b ");
  collator.open(c);
  collator.output(c, out, "c ");
  EXPECT_EQ(sink.out, "b c ");
  close(collator, c);
  EXPECT_EQ(sink.out, "b c d ");
}

TEST(Collator, RemembersAnyNumberOfSilentJobsBehindASlowOneCheaply) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a);
  const JobId last{400'001};
  for (std::uint64_t job = 2; job < number(last); job += 2) close(collator, JobId{job + 1});
  for (std::uint64_t job = 2; job < number(last); job += 2) close(collator, JobId{job});
  collator.open(JobId{number(last) + 1});
  collator.output(JobId{number(last) + 1}, out, "end");
  EXPECT_EQ(sink.out, "");
  close(collator, a);
  EXPECT_EQ(sink.out, "end");
}

TEST(Collator, PassesEverythingThroughWithOneSlot) {
  MemoryStreams sink(true);
  Collator collator({.single = true}, sink);
  collator.open(b);
  collator.output(b, err, "start ");
  collator.output(b, out, "middle ");
  collator.output(b, err, "end ");
  EXPECT_EQ(sink.out, "start middle end ");
  EXPECT_EQ(collator.held(), 0u);
  close(collator, b);
}

TEST(Collator, WithOneSlotFinishesAJobWhosePipeStayedOpenBeforeTheNext) {
  MemoryStreams sink;
  Collator collator({.single = true}, sink);
  collator.open(b);
  collator.output(b, out, "b1 ");
  collator.open(a);
  collator.output(a, out, "a1 ");
  collator.open(c);
  collator.output(c, out, "c1 ");
  close(collator, a);
  EXPECT_EQ(sink.out, "b1 ");
  close(collator, b);
  EXPECT_EQ(sink.out, "b1 a1 c1 ");
  close(collator, d);  // it never started, so it has no turn
  collator.output(c, out, "c2");
  EXPECT_EQ(sink.out, "b1 a1 c1 c2");
}

TEST(Collator, WithOneSlotAndInputOrderBothStreamsOfTheOldestAreLive) {
  MemoryStreams sink(true);
  Collator collator({.keep_order = true, .single = true}, sink);
  collator.open(b);
  collator.output(b, err, "early ");
  EXPECT_EQ(sink.out, "");
  close(collator, a);
  EXPECT_EQ(sink.out, "early ");
  collator.output(b, err, "late ");
  EXPECT_EQ(sink.out, "early late ");
}

TEST(Collator, PassesWholeLinesInLineMode) {
  MemoryStreams sink;
  Collator collator({.mode = Mode::line}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(a, out, "one ");
  collator.output(b, out, "first\nsec");
  collator.output(a, out, "line\n");
  EXPECT_EQ(sink.out, "first\none line\n");
  EXPECT_EQ(collator.held(), 3u);
  collator.output(b, out, "ond\n");
  EXPECT_EQ(sink.out, "first\none line\nsecond\n");
}

TEST(Collator, CompletesAnOpenLineOnlyIfAnotherFollows) {
  MemoryStreams sink;
  Collator collator({.mode = Mode::line}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(a, out, "no newline");
  collator.output(b, out, "nor here");
  collator.output(b, err, "elsewhere");
  close(collator, a);
  EXPECT_EQ(sink.out, "no newline");
  close(collator, b);
  EXPECT_EQ(sink.out, "no newline\nnor here");
  EXPECT_EQ(sink.err, "elsewhere");
}

TEST(Collator, CompletesAnOpenLineBeforeTheOtherStreamIfBothAreOneFile) {
  MemoryStreams sink(true);
  Collator collator({.mode = Mode::line}, sink);
  collator.open(a);
  collator.output(a, out, "output");
  collator.output(a, err, "error");
  close(collator, a);
  EXPECT_EQ(sink.out, "output\nerror");
}

TEST(Collator, AddsNothingInGroupModeWithoutTags) {
  MemoryStreams sink(true);
  Collator collator({}, sink);
  for (const JobId job : {a, b}) {
    collator.open(job);
    collator.output(job, out, "x");
    collator.output(job, err, "y");
    close(collator, job);
  }
  EXPECT_EQ(sink.out, "xyxy");
}

TEST(Collator, LetsTheOldestJobFlowByLinesInLineModeWithInputOrder) {
  MemoryStreams sink(true);
  Collator collator({.mode = Mode::line, .keep_order = true}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(b, out, "b1\nb2\nb3");
  collator.output(b, err, "b!");
  collator.output(a, err, "a!\n");
  collator.output(a, out, "a1\na");
  EXPECT_EQ(sink.out, "a!\na1\n");
  collator.output(a, out, "2\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "a!\na1\na2\nb1\nb2\n");
  collator.output(b, out, "\n");
  EXPECT_EQ(sink.out, "a!\na1\na2\nb1\nb2\nb3\n");
  close(collator, b);
  EXPECT_EQ(sink.out, "a!\na1\na2\nb1\nb2\nb3\nb!");
}

TEST(Collator, TagsEachLine) {
  MemoryStreams sink;
  Collator collator({.tagged = true}, sink);
  collator.open(a, "A");
  collator.output(a, out, "1\n\n");
  collator.output(a, out, "2");
  collator.output(a, err, "bad\n");
  close(collator, a);
  EXPECT_EQ(sink.out, "A\t1\nA\t\nA\t2");
  EXPECT_EQ(sink.err, "A\tbad\n");

  collator.open(b, "B");
  close(collator, b);
  EXPECT_EQ(sink.out, "A\t1\nA\t\nA\t2");

  collator.open(c, "C");
  collator.output(c, out, "3\n");
  close(collator, c);
  EXPECT_EQ(sink.out, "A\t1\nA\t\nA\t2\nC\t3\n");
}

TEST(Collator, GoesOnWithATaggedLineThatIsLive) {
  MemoryStreams sink;
  Collator collator({.keep_order = true, .tagged = true}, sink);
  collator.open(a, "A");
  collator.output(a, out, "on");
  EXPECT_EQ(sink.out, "A\ton");
  collator.output(a, out, "e\ntwo\n");
  EXPECT_EQ(sink.out, "A\tone\nA\ttwo\n");
}

TEST(Collator, TagsWholeLinesWithOneSlot) {
  MemoryStreams sink(true);
  Collator collator({.single = true, .tagged = true}, sink);
  collator.open(a, "A");
  collator.output(a, out, "...");
  collator.output(a, err, "warning\n");
  EXPECT_EQ(sink.out, "A\twarning\n");
  collator.output(a, out, "done\n");
  EXPECT_EQ(sink.out, "A\twarning\nA\t...done\n");
}

TEST(Collator, ThrowsEverythingAwayInModeNone) {
  MemoryStreams sink;
  Collator collator({.mode = Mode::none, .keep_order = true}, sink);
  collator.open(b);
  collator.output(b, out, "x\n");
  close(collator, b);
  flush(collator);
  EXPECT_EQ(sink.writes, 0);
  EXPECT_EQ(collator.held(), 0u);
}

TEST(Collator, WritesWhatIsHeldInOrderWhenTheRunEndsEarly) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  for (const JobId job : {d, c, b}) collator.open(job);
  collator.output(d, out, "d ");
  collator.output(b, out, "b ");
  collator.output(c, err, "c! ");
  close(collator, d);
  flush(collator);
  EXPECT_EQ(sink.out, "b d ");
  EXPECT_EQ(sink.err, "c! ");
  EXPECT_EQ(collator.held(), 0u);
}

TEST(Collator, SaysWhenABlockIsOver) {
  MemoryStreams sink;
  Collator collator({.keep_order = true}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(a, err, "prompt: ");
  close(collator, b);
  EXPECT_EQ(sink.settled, 0);
  close(collator, a);
  EXPECT_EQ(sink.settled, 1) << "b has written nothing, so there is nothing to be over";
}

TEST(Collator, KeepsAnyByteAndAnyLengthOfALine) {
  std::string all;
  for (int i = 0; i < 600'000; ++i) all += static_cast<char>(i % 251 == 10 ? 0 : i % 251);
  for (const Mode mode : {Mode::group, Mode::line}) {
    MemoryStreams sink;
    Collator collator({.mode = mode}, sink);
    collator.open(a);
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t size = std::min<std::size_t>(at / 3 + 1, all.size() - at);
      collator.output(a, out, std::string_view(all).substr(at, size));
      at += size;
    }
    EXPECT_EQ(collator.held(), all.size());
    close(collator, a);
    EXPECT_TRUE(sink.out == all);
    EXPECT_EQ(collator.held(), 0u);
  }
}

}  // namespace
}  // namespace distaff::collator_test

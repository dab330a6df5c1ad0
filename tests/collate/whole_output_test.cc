// Output of which only what is whole counts: of a job that breaks off nothing is written, and
// nothing is glued to what came of it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collate/collator.h"
#include "collate/memory_streams.h"
#include "support/fake_spill.h"

namespace distaff::whole_output_test {
namespace {

constexpr JobId a{1};
constexpr JobId b{2};
constexpr JobId c{3};

constexpr Stream out = Stream::out;

void finish(Collator& collator, JobId job) {
  collator.close(job, {}, "note " + std::to_string(number(job)));
  collator.pump();
}

void flush(Collator& collator) {
  collator.end();
  while (collator.pump()) {
  }
  EXPECT_TRUE(collator.idle());
  EXPECT_EQ(collator.held(), 0u);
}

TEST(WholeOutput, NothingIsWrittenBeforeAJobsEnd) {
  for (const bool keep_order : {false, true}) {
    MemoryStreams sink;
    Collator collator({.keep_order = keep_order, .whole_only = true}, sink);
    collator.open(a);
    collator.output(a, out, "a");
    collator.pump();
    EXPECT_EQ(sink.out, "");
    finish(collator, a);
    EXPECT_EQ(sink.out, "a");
  }
}

TEST(WholeOutput, OfOneThatBreaksOffNothingIsWritten) {
  for (const bool keep_order : {false, true}) {
    MemoryStreams sink;
    Collator collator({.keep_order = keep_order, .whole_only = true}, sink);
    for (const JobId job : {a, b, c}) collator.open(job);
    collator.output(a, out, "half of a");
    collator.output(b, out, "b\n");
    collator.output(c, out, "half of c");
    finish(collator, b);
    collator.drop(c);
    finish(collator, c);
    collator.drop(a);
    finish(collator, a);
    EXPECT_EQ(sink.out, "b\n");
    EXPECT_EQ(collator.take_notes().size(), 3u);
    EXPECT_EQ(collator.failure(), "");
    flush(collator);
  }
}

TEST(WholeOutput, OfAnAttemptThatBreaksOffNothingIsLeftWhateverFollows) {
  for (const bool another_comes : {false, true}) {
    MemoryStreams sink;
    Collator collator({.keep_order = true, .whole_only = true}, sink);
    collator.open(a, {}, true);
    collator.output(a, out, "half");
    collator.drop(a);
    collator.try_again(a);
    EXPECT_EQ(collator.held(), 0u);
    if (another_comes) {
      collator.open(a);
      collator.output(a, out, "whole");
    }
    finish(collator, a);
    EXPECT_EQ(sink.out, another_comes ? "whole" : "");
  }
}

TEST(WholeOutput, WhatStillRunsWhenAllEndsIsNotWritten) {
  MemoryStreams sink;
  Collator collator({.whole_only = true}, sink);
  collator.open(a);
  collator.open(b);
  collator.output(a, out, "half of a");
  collator.output(b, out, "b");
  collator.close(b);
  flush(collator);
  EXPECT_EQ(sink.out, "b");
}

TEST(WholeOutput, WithoutTheOptionNothingIsDropped) {
  MemoryStreams sink;
  Collator collator({}, sink);
  collator.open(a);
  collator.output(a, out, "said");
  collator.drop(a);
  finish(collator, a);
  EXPECT_EQ(sink.out, "said");
}

TEST(WholeOutput, WhatIsDroppedGivesItsPlaceInTheSpillFileBack) {
  MemoryStreams sink;
  FakeSpill spill(1 << 20);
  Collator collator({.whole_only = true, .hold_memory = 0, .spill = &spill}, sink);
  collator.open(a);
  collator.output(a, out, std::string(100'000, 'x'));
  EXPECT_EQ(spill.used(), 100'000u);
  collator.drop(a);
  finish(collator, a);
  EXPECT_EQ(spill.used(), 0u);
  EXPECT_EQ(sink.out, "");
}

// As far as room goes; then the oldest is written as it comes.
class Loosened : public testing::Test {
 protected:
  Loosened() {
    for (const JobId job : {a, b}) collator.open(job);
    collator.output(b, out, "b");
    finish(collator, b);
    while (collator.room(a, out).most > 0 && !collator.full()) {
      const std::string bytes(collator.room(a, out).most, 'a');
      collator.output(a, out, bytes);
      given += bytes.size();
    }
    EXPECT_TRUE(collator.full() && given > 0);
    while (collator.pump()) {
    }
    EXPECT_NE(collator.take_warning().find("if it breaks off the run ends"), std::string::npos);
  }

  MemoryStreams sink;
  Collator collator{{.keep_order = true, .whole_only = true, .hold_memory = 8192}, sink};
  std::size_t given = 0;
};

TEST_F(Loosened, OneThatComesWholeIsWrittenAsItComesAndTheOthersBehindIt) {
  EXPECT_EQ(sink.out, std::string(given, 'a'));
  collator.output(a, out, "a");
  finish(collator, a);
  EXPECT_EQ(sink.out.substr(0, given + 2), std::string(given + 1, 'a') + "b");
  EXPECT_EQ(collator.take_notes(), (std::vector<std::string>{"note 1", "note 2"}));
  EXPECT_EQ(collator.failure(), "");
}

TEST_F(Loosened, NothingIsWrittenBehindOneThatBreaksOffAndNothingOfThatIsDone) {
  collator.drop(a);
  EXPECT_NE(collator.failure().find("job 1 broke off"), std::string::npos);
  finish(collator, a);
  collator.open(c);
  EXPECT_GT(collator.room(c, out).most, 0u);
  collator.output(c, out, "c");
  finish(collator, c);
  flush(collator);
  EXPECT_EQ(sink.out, std::string(given, 'a'));
  EXPECT_TRUE(collator.take_notes().empty());
}

}  // namespace
}  // namespace distaff::whole_output_test

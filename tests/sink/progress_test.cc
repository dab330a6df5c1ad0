#include "sink/progress.h"

#include <gtest/gtest.h>

#include <utility>

#include "sink/said_lines.h"

namespace distaff::progress_test {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1h};
TimePoint at(Duration since_start) { return start + since_start; }

RunCounts done(std::uint64_t count) { return {.started = count + 2, .done = count, .running = 2}; }

TEST(ProgressLines, TellHowTheRunStandsInEachInterval) {
  SaidLines sink;
  ProgressLines progress(30s, start, sink);
  EXPECT_EQ(progress.next_tick(), at(30s));
  progress.tick({.records = 300,
                 .started = 112,
                 .done = 108,
                 .failed = 2,
                 .retries = 1,
                 .waiting = 188,
                 .resting_groups = 3,
                 .running = 4,
                 .total = 300},
                at(30s), false);
  EXPECT_EQ(sink.take(),
            "distaff: progress: 108 done in 30s (3.6/s), 108 of 300 in all, 4 running, "
            "188 waiting, 3 groups resting, 2 failed, 1 retry, 53s left\n");

  progress.tick({.started = 124, .done = 120, .resting_groups = 1, .running = 4}, at(60s), false);
  EXPECT_EQ(sink.take(),
            "distaff: progress: 12 done in 30s (0.4/s), 120 in all, 4 running, 0 waiting, "
            "1 group resting, 0 failed, 0 retries\n");
}

TEST(ProgressLines, CoverTheLastPartialInterval) {
  SaidLines sink;
  ProgressLines progress(500ms, start, sink);
  progress.tick(done(2), at(500ms), false);
  progress.tick(done(6), at(1s), false);
  EXPECT_NE(sink.take(), "");
  progress.tick({.started = 8, .done = 8, .total = 8}, at(1200ms), true);
  EXPECT_EQ(sink.take(),
            "distaff: progress: 2 done in 0.2s (10/s), 8 of 8 in all, 0 running, 0 waiting, "
            "0 groups resting, 0 failed, 0 retries\n");
}

TEST(ProgressLines, GiveOneLineForARunShorterThanAnInterval) {
  SaidLines sink;
  ProgressLines progress(2s, start, sink);
  progress.tick({.started = 1, .done = 1}, at(100ms), true);
  EXPECT_EQ(sink.take().rfind("distaff: progress: 1 done in 0.1s (10/s), 1 in all", 0), 0u);
}

TEST(ProgressLines, CountZeroWhenNothingEnded) {
  SaidLines sink;
  ProgressLines progress(1s, start, sink);
  progress.tick(done(0), at(1s), false);
  EXPECT_EQ(sink.take().rfind("distaff: progress: 0 done in 1.0s (0.0/s), 0 in all", 0), 0u);
}

TEST(ProgressLines, SayNothingBeforeTheFirstJobOrWithoutAny) {
  SaidLines sink;
  ProgressLines progress(1s, start, sink);
  progress.tick({}, at(1s), false);
  EXPECT_EQ(progress.next_tick(), at(2s));
  progress.tick({}, at(1500ms), true);
  EXPECT_EQ(sink.take(), "");
}

TEST(ProgressLines, DoNotRepeatThemselvesAtTheEnd) {
  SaidLines sink;
  ProgressLines progress(1s, start, sink);
  progress.tick({.started = 3, .done = 3}, at(1s), false);
  EXPECT_NE(sink.take(), "");
  progress.tick({.started = 3, .done = 3}, at(1s), true);
  EXPECT_EQ(sink.take(), "");
}

TEST(ProgressLines, DoNotDriftWhenTicksAreLate) {
  SaidLines sink;
  ProgressLines progress(1s, start, sink);
  progress.tick(done(1), at(1300ms), false);
  EXPECT_EQ(progress.next_tick(), at(2s));
  progress.tick(done(2), at(2100ms), false);
  EXPECT_EQ(progress.next_tick(), at(3s));
}

TEST(ProgressLines, AreNotMadeUpForAfterALongSleep) {
  SaidLines sink;
  ProgressLines progress(1s, start, sink);
  progress.tick(done(5), at(3600500ms), false);
  EXPECT_EQ(sink.take().rfind("distaff: progress: 5 done in 60m 1s", 0), 0u);
  EXPECT_EQ(progress.next_tick(), at(3601s));
}

TEST(ProgressLines, AreOffWithAnIntervalOfZero) {
  SaidLines sink;
  ProgressLines progress(0s, start, sink);
  EXPECT_EQ(progress.next_tick(), std::nullopt);
  progress.tick(done(1), at(1s), true);
  EXPECT_EQ(sink.take(), "");
}

TEST(ProgressLines, AreObjectsIfTheLogIs) {
  SaidLines sink;
  ProgressLines progress(30s, start, sink, LogFormat::json, [] { return "now"; });
  progress.tick({.records = 300,
                 .started = 112,
                 .done = 108,
                 .failed = 2,
                 .retries = 1,
                 .waiting = 188,
                 .resting_groups = 3,
                 .running = 4,
                 .total = 300},
                at(30s), false);
  EXPECT_EQ(sink.take(),
            R"({"time":"now","level":"info","message":"progress","interval_s":30.000,)"
            R"("interval_done":108,"rate":3.600,"done":108,"total":300,"running":4,"waiting":188,)"
            R"("resting_groups":3,"failed":2,"retries":1,"left_s":53.333})"
            "\n");
  progress.tick({.started = 109, .done = 109}, at(40s), true);
  EXPECT_EQ(sink.take(), R"({"time":"now","level":"info","message":"progress","interval_s":10.000,)"
                         R"("interval_done":1,"rate":0.100,"done":109,"running":0,"waiting":0,)"
                         R"("resting_groups":0,"failed":0,"retries":0})"
                         "\n");
}

}  // namespace
}  // namespace distaff::progress_test

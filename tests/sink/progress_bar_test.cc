#include "sink/progress_bar.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sink/status_lines.h"

namespace distaff::progress_bar_test {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1h};
TimePoint at(Duration since_start) { return start + since_start; }

class ProgressBarTest : public testing::Test {
 protected:
  // As the engine does in each of its turns.
  void turn(ProgressBar& bar, Duration when) {
    const auto next = bar.next_tick();
    if (next && *next <= at(when)) bar.tick(counts, at(when), false);
  }

  // From here on, with nothing happening, until then: how often the engine is woken.
  int wake_ups(ProgressBar& bar, Duration from, Duration until) {
    int count = 0;
    for (TimePoint now = at(from); bar.next_tick() && *bar.next_tick() < at(until); ++count) {
      now = std::max(now, *bar.next_tick());
      bar.tick(counts, now, false);
    }
    return count;
  }

  void job_ends(ProgressBar& bar, Duration when) {
    ++counts.done;
    bar.on_end(job, {.outcome = Outcome::exited(0)}, false, "", at(when));
  }

  Job job;
  RunCounts counts{.started = 2, .running = 2};
  FakeStatusLine line;
};

TEST_F(ProgressBarTest, ComesAfterItsDelay) {
  ProgressBar bar(start, 1s, line);
  EXPECT_EQ(bar.next_tick(), at(1s));
  turn(bar, 999ms);
  EXPECT_EQ(line.shown, "");
  turn(bar, 1s);
  EXPECT_EQ(line.shown, "0 done  0.0/s  2 running  0 failed");
}

TEST_F(ProgressBarTest, ComesAtOnceWithoutOne) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  EXPECT_NE(line.shown, "");
}

TEST_F(ProgressBarTest, WaitsForTheFirstJob) {
  counts = {};
  ProgressBar bar(start, 1s, line);
  turn(bar, 1s);
  EXPECT_EQ(line.shown, "");
  counts = {.started = 1, .running = 1};
  bar.on_start(job, 1, at(1200ms));
  turn(bar, 1200ms);
  EXPECT_NE(line.shown, "");
}

TEST_F(ProgressBarTest, IsDrawnOnceASecondWhenNothingHappens) {
  ProgressBar bar(start, 1s, line);
  EXPECT_EQ(wake_ups(bar, 0s, 11s), 10);
  EXPECT_EQ(line.drawn, 10);
}

TEST_F(ProgressBarTest, IsDrawnTenTimesASecondHoweverManyJobsEnd) {
  ProgressBar bar(start, 1s, line);
  for (Duration now = 0s; now < 3s; now += 1ms) {
    job_ends(bar, now);
    line.write_over();
    turn(bar, now);
  }
  EXPECT_EQ(line.drawn, 20);
}

TEST_F(ProgressBarTest, TellsOfAChangeWithinATenthOfASecond) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  EXPECT_EQ(bar.next_tick(), at(1s));
  job_ends(bar, 20ms);
  EXPECT_EQ(bar.next_tick(), at(100ms));
  turn(bar, 100ms);
  EXPECT_EQ(line.shown, "1 done  10/s  2 running  0 failed");
  EXPECT_EQ(bar.next_tick(), at(1100ms));
}

TEST_F(ProgressBarTest, ComesBackAfterOutputTookItsPlace) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  line.write_over();
  EXPECT_EQ(bar.next_tick(), at(100ms));
  turn(bar, 100ms);
  EXPECT_NE(line.shown, "");
}

TEST_F(ProgressBarTest, IsNotDrawnWhileAJobHasALineOpen) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  line.write_over();
  line.free = false;
  EXPECT_EQ(wake_ups(bar, 0s, 5s), 4) << "nor looked at more often";
  job_ends(bar, 4500ms);
  EXPECT_EQ(bar.next_tick(), at(5s));
  EXPECT_EQ(line.drawn, 1);

  line.free = true;
  turn(bar, 4600ms);
  EXPECT_EQ(line.drawn, 2);
}

TEST_F(ProgressBarTest, FollowsTheWidthOfTheTerminal) {
  counts.total = 300;
  ProgressBar bar(start, 0s, line);
  turn(bar, 1s);
  EXPECT_EQ(line.shown, "0/300 [             ] 0%  0.0/s  2 running  0 failed");
  line.width = 20;
  turn(bar, 2s);
  EXPECT_EQ(line.shown, "0/300 0%  2 running");
}

TEST_F(ProgressBarTest, IsNotDrawnWhereThereIsNoRoomOrWeAreInTheBackground) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  line.width = 0;
  turn(bar, 1s);
  EXPECT_EQ(line.shown, "");
  EXPECT_EQ(wake_ups(bar, 1s, 6s), 4) << "no more often than once a second";
  line.width = 80;
  turn(bar, 7s);
  EXPECT_NE(line.shown, "");
}

TEST_F(ProgressBarTest, IsErasedAtTheEndForGood) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  bar.tick(counts, at(10ms), true);
  EXPECT_EQ(line.shown, "");
  EXPECT_EQ(bar.next_tick(), std::nullopt);
  bar.tick(counts, at(2s), false);
  EXPECT_EQ(line.shown, "");
}

TEST_F(ProgressBarTest, HidesForOthersAndComesBack) {
  ProgressBar bar(start, 0s, line);
  turn(bar, 0s);
  bar.hide();
  EXPECT_EQ(line.shown, "");
  turn(bar, 3600s);
  EXPECT_NE(line.shown, "");
}

}  // namespace
}  // namespace distaff::progress_bar_test

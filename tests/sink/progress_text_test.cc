#include "sink/progress_text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/columns.h"

namespace distaff::progress_text_test {
namespace {

using namespace std::chrono_literals;

const TimePoint now{1h};

Job job_of(std::string record) {
  Job job;
  job.records.emplace_back().text = std::move(record);
  return job;
}

class BarText : public testing::Test {
 protected:
  // With a job of this record that has been running for so long.
  std::string with(std::string record, Duration age, std::size_t columns) {
    const Job job = job_of(std::move(record));
    counts.oldest = RunningJob{&job, now - age};
    return bar_text(counts, 33s, now, columns);
  }

  RunCounts counts{.started = 124, .done = 120, .failed = 2, .running = 4, .total = 300};
};

TEST_F(BarText, ShowsAllWhereThereIsRoom) {
  EXPECT_EQ(with("a.log", 12s, 119),
            "120/300 [#######            ] 40%  3.6/s  4 running  2 failed  ETA 50s  "
            "oldest 12s: a.log");
}

TEST_F(BarText, LeavesOutWhatMattersLessWhereThereIsNot) {
  EXPECT_EQ(with("2026-11-21.log.gz", 12s, 79),
            "120/300 [##   ] 40%  3.6/s  4 running  2 failed  ETA 50s  12s: 2026-11-21.lo...");
  EXPECT_EQ(with("2026-11-21.log.gz", 12s, 60),
            "120/300 40%  4 running  2 failed  ETA 50s  12s: 2026-11-2...");
  EXPECT_EQ(with("2026-11-21.log.gz", 12s, 50),
            "120/300 [##   ] 40%  4 running  2 failed  ETA 50s");
  EXPECT_EQ(with("a.log", 12s, 45), "120/300 40%  4 running  2 failed  ETA 50s");
  EXPECT_EQ(with("a.log", 12s, 30), "120/300 40% 2 failed ETA 50s");
  EXPECT_EQ(with("a.log", 12s, 19), "120/300 40% ETA 50s");
  EXPECT_EQ(with("a.log", 12s, 12), "120/300 40%");
  EXPECT_EQ(with("a.log", 12s, 9), "120/30...");
  EXPECT_EQ(with("a.log", 12s, 1), "1");
}

TEST_F(BarText, KeepsNoRoomForFailuresThatWereNone) {
  counts.failed = 0;
  EXPECT_NE(with("a.log", 12s, 119).find("0 failed"), std::string::npos);
  EXPECT_EQ(with("2026-11-21.log.gz", 12s, 70),
            "120/300 [####       ] 40%  3.6/s  4 running  ETA 50s  12s: 2026-11-...");
}

TEST_F(BarText, CountsOnlyWhereTheTotalIsNotKnown) {
  counts.total.reset();
  EXPECT_EQ(with("a.log", 2s, 79), "120 done  3.6/s  4 running  2 failed  oldest 2.0s: a.log");
  EXPECT_EQ(with("http://j:pw@h/?key=x", 2s, 90),
            "120 done  3.6/s  4 running  2 failed  oldest 2.0s: http://j:***@h/?key=***");
}

TEST_F(BarText, HasNoTimeLeftBeforeTheFirstJobIsDone) {
  counts = {.started = 1, .running = 1, .total = 2};
  EXPECT_EQ(with("a", 2s, 79),
            "0/2 [             ] 0%  0.0/s  1 running  0 failed  oldest 2.0s: a");
}

TEST_F(BarText, IsFullWithTheLastJobOnly) {
  counts = {.started = 1000, .done = 999, .running = 1, .total = 1000};
  EXPECT_EQ(bar_text(counts, 10s, now, 60).find("999/1000 [######### ] 99%"), 0u);
  counts.done = 1000;
  EXPECT_EQ(bar_text(counts, 10s, now, 60).find("1000/1000 [##########] 100%"), 0u);
}

TEST_F(BarText, BelievesTheJobsMoreThanTheTotal) {
  counts.total = 100;
  EXPECT_EQ(bar_text(counts, 10s, now, 60).find("120/120 [##########] 100%"), 0u);
  counts = {.total = 0};
  EXPECT_EQ(bar_text(counts, 10s, now, 60).find("0/0 [##########] 100%"), 0u);
}

TEST_F(BarText, NamesABatchByItsFirstRecord) {
  Job job = job_of("a");
  job.records.resize(3);
  counts.oldest = RunningJob{&job, now - 2s};
  EXPECT_NE(bar_text(counts, 33s, now, 119).find("2.0s: a and 2 more"), std::string::npos);
}

TEST_F(BarText, ShowsControlCharactersAndBrokenBytesAsText) {
  EXPECT_NE(with("a\r\n\x1b[2J\x9b\xff", 2s, 119).find("2.0s: a\\r\\n\\x1b[2J\\x9b\\xff"),
            std::string::npos);
}

TEST_F(BarText, NeverHasMoreColumnsThanThereAre) {
  std::string megabyte;
  while (megabyte.size() < 1'000'000) megabyte += "日本🙂\n\xf0\x9f";
  for (const std::string& record :
       {std::string("a"), std::string(500, 'x'), std::string("ä日本語ö"),
        std::string("日本語日本語日本語日本語日本語"), megabyte}) {
    for (std::size_t columns = 1; columns < 250; ++columns) {
      const std::string text = with(record, 12s, columns);
      EXPECT_LE(columns_of(text), columns) << text;
      for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
    }
  }
}

TEST(ProgressText, RatesAndTimes) {
  EXPECT_EQ(rate_text(0, 0s), "0.0");
  EXPECT_EQ(rate_text(12, 30s), "0.4");
  EXPECT_EQ(rate_text(995, 100s), "10");
  EXPECT_EQ(rate_text(15'000, 10s), "1500");
  EXPECT_EQ(time_left({.done = 10, .total = 40}, 10s), 30s);
  EXPECT_EQ(time_left({.done = 40, .total = 40}, 10s), 0s);
  EXPECT_EQ(time_left({.done = 0, .total = 40}, 10s), std::nullopt);
  EXPECT_EQ(time_left({.done = 10}, 10s), std::nullopt);
  EXPECT_EQ(time_left({.done = 10, .total = 5}, 10s), std::nullopt);
}

}  // namespace
}  // namespace distaff::progress_text_test

#include <gtest/gtest.h>

#include "engine/halt_watch.h"
#include "engine/summary.h"
#include "engine/term_sequence.h"

namespace distaff::end_of_run_test {
namespace {

using namespace std::chrono_literals;
using Verdict = HaltWatch::Verdict;

TimePoint at(Duration time) { return TimePoint{time}; }

TEST(TermSequence, SendsEachSignalWhenItsTimeHasCome) {
  TermSequence sequence({{SIGTERM, 5s}, {SIGKILL, 0s}});
  EXPECT_FALSE(sequence.due(at(0s)));
  sequence.begin(at(10s));
  EXPECT_EQ(sequence.due(at(10s)), SIGTERM);
  EXPECT_FALSE(sequence.due(at(14999ms)));
  EXPECT_EQ(sequence.wake_at(), at(15s));
  EXPECT_EQ(sequence.due(at(15s)), SIGKILL);
  EXPECT_FALSE(sequence.due(at(99s)));
  EXPECT_FALSE(sequence.wake_at());
}

TEST(TermSequence, CanBeCutShort) {
  TermSequence sequence({{SIGINT, 5s}, {SIGTERM, 5s}, {SIGKILL, 0s}});
  sequence.begin(at(0s));
  EXPECT_EQ(sequence.due(at(0s)), SIGINT);
  sequence.kill_now(at(1s));
  EXPECT_EQ(sequence.due(at(1s)), SIGKILL);
  EXPECT_FALSE(sequence.due(at(9s)));
}

TEST(TermSequence, HurriesInAnEmergency) {
  TermSequence fresh({{SIGINT, 5s}, {SIGKILL, 0s}});
  fresh.hurry(at(1s));
  EXPECT_EQ(fresh.due(at(1s)), SIGTERM);
  EXPECT_EQ(fresh.wake_at(), at(1300ms));
  EXPECT_EQ(fresh.due(at(1300ms)), SIGKILL);
  EXPECT_FALSE(fresh.wake_at());

  TermSequence begun({{SIGINT, 5s}, {SIGTERM, 5s}, {SIGKILL, 0s}});
  begun.begin(at(0s));
  EXPECT_EQ(begun.due(at(0s)), SIGINT);
  begun.hurry(at(1s));
  EXPECT_FALSE(begun.due(at(1299ms))) << "it was asked before";
  EXPECT_EQ(begun.due(at(1300ms)), SIGKILL);
  begun.hurry(at(2s));
  EXPECT_FALSE(begun.due(at(9s))) << "nothing is left to be done";

  TermSequence nearly({{SIGTERM, 5s}, {SIGKILL, 0s}});
  nearly.begin(at(0s));
  EXPECT_EQ(nearly.due(at(0s)), SIGTERM);
  nearly.hurry(at(4900ms));
  EXPECT_EQ(nearly.due(at(5s)), SIGKILL) << "not later than it would have been";
}

TEST(HaltWatch, OnErrorActsAtTheFirstFailure) {
  EXPECT_EQ(HaltWatch(OnError::keep_going, {}).end(true), Verdict::go_on);
  EXPECT_EQ(HaltWatch(OnError::ignore, {}).end(true), Verdict::go_on);
  EXPECT_EQ(HaltWatch(OnError::stop, {}).end(true), Verdict::stop);
  EXPECT_EQ(HaltWatch(OnError::kill, {}).end(true), Verdict::kill);
  EXPECT_EQ(HaltWatch(OnError::kill, {}).end(false), Verdict::go_on);
}

TEST(HaltWatch, HaltCountsWhatItIsToldTo) {
  HaltWatch failures(OnError::keep_going, HaltSpec{.now = true, .count = 2});
  EXPECT_EQ(failures.end(true), Verdict::go_on);
  EXPECT_EQ(failures.end(false), Verdict::go_on);
  EXPECT_EQ(failures.end(true), Verdict::kill);
  EXPECT_FALSE(failures.stopped_as_asked());

  HaltWatch success(OnError::keep_going, HaltSpec{.what = HaltSpec::What::success});
  EXPECT_EQ(success.end(true), Verdict::go_on);
  EXPECT_EQ(success.end(false), Verdict::stop);
  EXPECT_TRUE(success.stopped_as_asked());
}

TEST(HaltWatch, APercentageWaitsForThreeJobs) {
  HaltWatch half(OnError::keep_going, HaltSpec{.count = 50, .percent = true});
  EXPECT_EQ(half.end(true), Verdict::go_on);
  EXPECT_EQ(half.end(false), Verdict::go_on);
  EXPECT_EQ(half.end(false), Verdict::go_on);  // 1 of 3
  EXPECT_EQ(half.end(true), Verdict::stop);    // 2 of 4
}

TEST(Summary, TheBlockCountsByOutcomeAndNamesTheFirstByNumber) {
  Summary summary(false);
  for (int i = 0; i < 997; ++i) summary.succeeded();
  const auto fail = [&](std::uint64_t job, Outcome outcome, Duration wall, const char* command) {
    summary.failed(outcome);
    ASSERT_TRUE(summary.names(JobId{job}));
    Attempt attempt{outcome, {}};
    attempt.usage.wall = wall;
    summary.name(JobId{job}, attempt, command);
  };
  fail(998, {Outcome::Kind::timed_out, 0, {}}, 60s, "gzip -9 huge");
  fail(17, Outcome::exited(1), 400ms, "gzip -9 'a b.txt'");
  fail(203, Outcome::not_started(0, "no field 3"), 0s, "");
  EXPECT_EQ(summary.block(),
            "distaff: 3 of 1000 jobs failed: 1 could not start, 1 exit 1, 1 timed out\n"
            "  job 17   exit 1           0.4s  gzip -9 'a b.txt'\n"
            "  job 203  could not start  0ms   no field 3\n"
            "  job 998  timed out        60s   gzip -9 huge\n");
}

TEST(Summary, NamesTwentyAndSaysHowManyMore) {
  Summary summary(false);
  for (std::uint64_t job = 30; job > 0; --job) {
    summary.failed(Outcome::exited(2));
    if (summary.names(JobId{job})) summary.name(JobId{job}, {Outcome::exited(2), {}}, "false");
  }
  const std::string block = summary.block();
  EXPECT_NE(block.find("  job 1 "), std::string::npos);
  EXPECT_NE(block.find("  job 20 "), std::string::npos);
  EXPECT_EQ(block.find("  job 21 "), std::string::npos);
  EXPECT_NE(block.find("  and 10 more\n"), std::string::npos);
}

TEST(Summary, SaysNothingWhenAllWentWellOrFailuresAreIgnored) {
  Summary good(false);
  good.succeeded();
  EXPECT_EQ(good.block(), "");
  Summary ignoring(true);
  ignoring.failed(Outcome::exited(1));
  EXPECT_FALSE(ignoring.names(JobId{1}));
  EXPECT_EQ(ignoring.block(), "");
}

TEST(RunResult, TheFirstThatAppliesIsTheStatus) {
  RunResult result;
  EXPECT_EQ(result.exit_status(), 0);
  result.some_failed = true;
  EXPECT_EQ(result.exit_status(), 1);
  result.error = Error{"disk full", 3};
  EXPECT_EQ(result.exit_status(), 3);
  result.signal = SIGTERM;
  EXPECT_EQ(result.exit_status(), 143);
  result.program_status = 127;
  EXPECT_EQ(result.exit_status(), 127);
  result.error = Error{"a.csv:3: …", 2};
  EXPECT_EQ(result.exit_status(), 2);
}

}  // namespace
}  // namespace distaff::end_of_run_test

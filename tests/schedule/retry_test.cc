#include "schedule/retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace distaff::retry_test {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;

TEST(Retry, WithoutAWordAnyFailureOfAProgramThatRan) {
  const RetryOn any;
  EXPECT_TRUE(worth_another_try(any, Outcome::exited(1)));
  EXPECT_TRUE(worth_another_try(any, Outcome::exited(0)));  // with --ok 1 that is one
  EXPECT_TRUE(worth_another_try(any, Outcome::signalled(9)));
  EXPECT_TRUE(worth_another_try(any, {Kind::timed_out, 0, {}}));
  EXPECT_FALSE(worth_another_try(any, Outcome::not_started(ENOENT, "not found")));
  EXPECT_FALSE(worth_another_try(any, {Kind::wants_tty, 0, {}}));
  EXPECT_FALSE(worth_another_try(any, Outcome::cancelled()));
}

TEST(Retry, OnlyWhatIsListed) {
  const RetryOn some{{{{75, 75}, {100, 110}}}, false, false, true};
  EXPECT_TRUE(worth_another_try(some, Outcome::exited(75)));
  EXPECT_TRUE(worth_another_try(some, Outcome::exited(110)));
  EXPECT_FALSE(worth_another_try(some, Outcome::exited(1)));
  EXPECT_FALSE(worth_another_try(some, Outcome::signalled(9)));
  EXPECT_FALSE(worth_another_try(some, {Kind::timed_out, 0, {}}));
  EXPECT_TRUE(worth_another_try(some, Outcome::not_started(ENOENT, "not found")));
  // Something about the job itself, which will be the same again.
  EXPECT_FALSE(worth_another_try(some, Outcome::not_started(0, "no field 3")));
}

TEST(RetryDelay, StaysWithinABoundThatDoublesUpToItsMost) {
  const RetryDelay delay{1s, 10s};
  const Duration bounds[] = {1s, 2s, 4s, 8s, 10s, 10s, 10s};
  std::uint64_t random = 1;
  for (int round = 0; round < 1000; ++round) {
    for (int attempt = 1; attempt <= 7; ++attempt) {
      const Duration wait = delay_after(delay, attempt, random);
      EXPECT_GE(wait, 0s);
      EXPECT_LE(wait, bounds[attempt - 1]);
    }
  }
}

TEST(RetryDelay, IsDrawnFromAllOfIt) {
  std::uint64_t random = 1;
  Duration least = 1h, most = 0s;
  for (int round = 0; round < 1000; ++round) {
    const Duration wait = delay_after({1s, 1min}, 3, random);
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_LT(least, 100ms);
  EXPECT_GT(most, 3900ms);
}

TEST(RetryDelay, IsAlwaysTheSameWithoutAMost) {
  std::uint64_t random = 1;
  for (const int attempt : {1, 2, 9}) EXPECT_EQ(delay_after({5s, 5s}, attempt, random), 5s);
}

TEST(RetryDelay, DoesNotRunOverAfterAThousandTries) {
  std::uint64_t random = 1;
  EXPECT_LE(delay_after({1s, 10'000 * 24h}, 1000, random), 10'000 * 24h);
}

}  // namespace
}  // namespace distaff::retry_test

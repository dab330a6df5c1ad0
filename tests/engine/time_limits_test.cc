#include "engine/time_limits.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_world.h"

namespace distaff::time_limits_test {
namespace {

using namespace std::chrono_literals;
using fake::at;

constexpr JobId a{1}, b{2};
constexpr Duration kNoIdle{0};

std::vector<JobId> over(TimeLimits& limits, TimePoint now) {
  std::vector<JobId> jobs;
  for (const auto& each : limits.take_over(now)) jobs.push_back(each.job);
  return jobs;
}

using Jobs = std::vector<JobId>;

TEST(TimeLimits, NameAJobOnceWhenItsTimeIsOver) {
  TimeLimits limits(kNoIdle);
  limits.started(a, {.most = 10s}, at(0s));
  limits.started(b, {.most = 10s}, at(5s));
  EXPECT_EQ(limits.wake_at(), at(10s));
  EXPECT_EQ(over(limits, at(9999ms)), Jobs{});
  EXPECT_EQ(over(limits, at(10s)), Jobs{a});
  EXPECT_EQ(over(limits, at(11s)), Jobs{});
  limits.ended(b);
  EXPECT_EQ(limits.wake_at(), std::nullopt);
}

TEST(TimeLimits, AJobIsIdleFromItsLastOutputOn) {
  TimeLimits limits(10s);
  limits.started(a, {}, at(0s));
  limits.wrote(a, at(7s));
  EXPECT_EQ(over(limits, at(10s)), Jobs{});
  EXPECT_EQ(limits.wake_at(), at(17s));
  limits.wrote(a, at(16s));
  EXPECT_EQ(over(limits, at(17s)), Jobs{});
  const auto named = limits.take_over(at(26s));
  ASSERT_EQ(named.size(), 1u);
  EXPECT_TRUE(named[0].idle);
  EXPECT_EQ(named[0].limit, 10s);
}

TEST(TimeLimits, AJobWhoseOutputIsNotTakenIsNotIdle) {
  TimeLimits limits(10s);
  limits.started(a, {}, at(0s));
  limits.left_alone(a, true);
  EXPECT_EQ(over(limits, at(10s)), Jobs{});
  EXPECT_EQ(over(limits, at(20s)), Jobs{});
  limits.wrote(a, at(25s));
  EXPECT_EQ(over(limits, at(34s)), Jobs{});
  EXPECT_EQ(over(limits, at(35s)), Jobs{a});
}

TEST(TimeLimits, APercentageBitesOnlyAfterEnoughJobs) {
  TimeLimits limits(kNoIdle);
  limits.started(a, {.percent = 200}, at(0s));
  for (std::size_t i = 1; i < TimeLimits::kEnough; ++i) limits.went_well(1s);
  EXPECT_EQ(limits.wake_at(), std::nullopt);
  EXPECT_EQ(over(limits, at(1h)), Jobs{});
  limits.went_well(1s);
  EXPECT_EQ(over(limits, at(1h)), Jobs{a});
}

TEST(TimeLimits, APercentageFollowsTheMedian) {
  TimeLimits limits(kNoIdle);
  limits.started(a, {.percent = 200}, at(0s));
  for (int i = 0; i < 10; ++i) limits.went_well(1s);
  for (int i = 0; i < 30; ++i) limits.went_well(5s);
  EXPECT_EQ(over(limits, at(2s)), Jobs{});
  EXPECT_EQ(limits.wake_at(), at(10s));
  EXPECT_EQ(over(limits, at(10s)), Jobs{a});
}

TEST(TimeLimits, TheTimeInWhichAllWereStoppedDoesNotCount) {
  TimeLimits limits(20s);
  limits.started(a, {.most = 10s}, at(0s));
  limits.stopped_for(1h);
  EXPECT_EQ(over(limits, at(1h)), Jobs{});
  EXPECT_EQ(over(limits, at(1h + 10s)), Jobs{a});
}

TEST(MedianTime, IsTheMiddleOfTheLastOnes) {
  MedianTime median;
  std::vector<Duration> all;
  std::uint64_t random = 12345;
  for (std::size_t i = 0; i < 3 * MedianTime::kSample; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const Duration value((random >> 40) % 1000);
    median.add(value);
    all.push_back(value);
    std::vector<Duration> last(all.end() - std::min(all.size(), MedianTime::kSample), all.end());
    const auto middle = last.begin() + (last.size() - 1) / 2;
    std::nth_element(last.begin(), middle, last.end());
    ASSERT_EQ(median.get(), *middle) << i;
  }
}

}  // namespace
}  // namespace distaff::time_limits_test

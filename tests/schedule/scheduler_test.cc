#include "schedule/scheduler.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "support/simulation.h"
#include "support/timing.h"

namespace distaff::scheduler_test {
namespace {

using namespace std::chrono_literals;
using testing::at;

using Jobs = std::vector<JobId>;
constexpr JobId a1{1}, a2{2}, a3{3}, b1{11}, b2{12}, c1{21}, free1{31}, free2{32};

Jobs pick_all(Scheduler& scheduler, TimePoint now) {
  Jobs jobs;
  while (const auto job = scheduler.pick(now)) jobs.push_back(*job);
  return jobs;
}

TEST(Scheduler, LetsAGroupRestAfterEachJobWhileOthersGoOn) {
  Scheduler scheduler({.slots = 2});
  const GroupId a = scheduler.add_group({.throttle = {2s, 2s}});
  const GroupId b = scheduler.add_group({});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(b1, b);

  EXPECT_EQ(pick_all(scheduler, at(0s)), (Jobs{a1, b1}));

  scheduler.end(a1, at(5s));
  EXPECT_EQ(pick_all(scheduler, at(5s)), Jobs{});
  EXPECT_EQ(scheduler.resting_groups(at(5s)), 1u);
  EXPECT_EQ(scheduler.wake_at(at(5s)), at(7s));
  EXPECT_EQ(pick_all(scheduler, at(7s) - 1ns), Jobs{});
  EXPECT_EQ(scheduler.resting_groups(at(7s)), 0u);
  EXPECT_EQ(pick_all(scheduler, at(7s)), Jobs{a2});
}

TEST(Scheduler, SaysWhichGroupsAreHeldUntilWhenAndWhy) {
  Scheduler scheduler({.slots = 9});
  const GroupId rests = scheduler.add_group({.throttle = {5s, 5s}});
  const GroupId paused = scheduler.add_group({});
  const GroupId rated = scheduler.add_group({.rate = Rate{1, 2s, 1}});
  scheduler.add(a1, rests);
  scheduler.add(b1, paused);
  scheduler.add(c1, rated);
  EXPECT_EQ(pick_all(scheduler, at(0s)).size(), 3u);
  EXPECT_TRUE(scheduler.held_groups(at(0s), 9).empty());
  for (const JobId job : {a1, b1, c1}) scheduler.end(job, at(1s));
  scheduler.pause(paused, at(9s));
  scheduler.add(a2, rests);
  scheduler.add(b2, paused);
  scheduler.add(free1, rated);

  using Why = Scheduler::Held::Why;
  const auto held = scheduler.held_groups(at(1s), 9);
  ASSERT_EQ(held.size(), 3u);
  EXPECT_EQ(held[0].group, rated);
  EXPECT_EQ(held[0].until, at(2s));
  EXPECT_EQ(held[0].why, Why::rate);
  EXPECT_EQ(held[1].group, rests);
  EXPECT_EQ(held[1].until, at(6s));
  EXPECT_EQ(held[1].why, Why::rest);
  EXPECT_EQ(held[2].group, paused);
  EXPECT_EQ(held[2].until, at(9s));
  EXPECT_EQ(held[2].why, Why::pause);
  EXPECT_EQ(scheduler.held_groups(at(1s), 1).size(), 1u);
  EXPECT_EQ(scheduler.held_groups(at(7s), 9).size(), 1u);
}

TEST(Scheduler, TakesTheJobAddedFirstAmongGroupsAndJobsWithoutAGroup) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({});
  const GroupId b = scheduler.add_group({});
  scheduler.add(free2, std::nullopt);
  scheduler.add(b1, b);
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(free1, std::nullopt);
  scheduler.add(b2, b);

  EXPECT_EQ(pick_all(scheduler, at(0s)), (Jobs{free2, b1, a1, free1}));
  scheduler.end(a1, at(1s));
  scheduler.end(b1, at(1s));
  EXPECT_EQ(pick_all(scheduler, at(1s)), (Jobs{a2, b2}));
}

TEST(Scheduler, GivesTheOldestOfManyGroupsReleasedAtDifferentTimes) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({});
  const GroupId b = scheduler.add_group({});
  const GroupId c = scheduler.add_group({});
  scheduler.add(a1, a);
  scheduler.add(b1, b);
  scheduler.add(c1, c);
  scheduler.pause(a, at(3s));
  scheduler.pause(b, at(2s));
  scheduler.pause(c, at(1s));

  EXPECT_EQ(scheduler.wake_at(at(0s)), at(1s));
  EXPECT_EQ(scheduler.resting_groups(at(2s)), 1u);
  EXPECT_EQ(pick_all(scheduler, at(2s)), (Jobs{b1, c1}));
  EXPECT_EQ(pick_all(scheduler, at(3s)), Jobs{a1});
}

TEST(Scheduler, OneJobMayGoBeyondTheSlotsButNotBeyondItsGroup) {
  Scheduler scheduler({.slots = 2, .delay = 100ms});
  const GroupId a = scheduler.add_group({.throttle = {2s, 2s}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(free1, std::nullopt);
  scheduler.add(free2, std::nullopt);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  EXPECT_EQ(scheduler.wake_at_this(a2, at(0s)), std::nullopt) << "its group is at its parallelism";
  scheduler.end(a1, at(50ms));
  EXPECT_EQ(pick_all(scheduler, at(100ms)), Jobs{free1});
  EXPECT_EQ(pick_all(scheduler, at(200ms)), Jobs{free2});

  EXPECT_EQ(scheduler.pick(at(3s)), std::nullopt) << "no slot";
  EXPECT_EQ(scheduler.wake_at_this(a2, at(1s)), at(2050ms));
  EXPECT_FALSE(scheduler.pick_this(a2, at(2s)));
  EXPECT_TRUE(scheduler.pick_this(a2, at(2050ms)));
  EXPECT_EQ(scheduler.running(), 3);
  EXPECT_FALSE(scheduler.pick_this(a2, at(3s))) << "it runs already";
  scheduler.add(b1, std::nullopt);
  scheduler.end(free1, at(3s));
  EXPECT_EQ(pick_all(scheduler, at(3s)), Jobs{}) << "two run in two slots";
  scheduler.end(free2, at(3s));
  EXPECT_EQ(pick_all(scheduler, at(3s)), Jobs{b1});
}

TEST(Scheduler, OnlyTheFirstOfAGroupMayGoBeyondTheSlots) {
  Scheduler scheduler({.slots = 1});
  const GroupId a = scheduler.add_group({.parallelism = 5});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, a);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  EXPECT_FALSE(scheduler.pick_this(a3, at(0s)));
  EXPECT_TRUE(scheduler.pick_this(a2, at(0s)));
  EXPECT_TRUE(scheduler.pick_this(a3, at(0s)));
}

TEST(Scheduler, AJobThatWaitsForItsRetryMayGoBeyondTheSlots) {
  Scheduler scheduler({.slots = 1});
  const GroupId a = scheduler.add_group({});
  scheduler.add(a1, a);
  scheduler.add(free1, std::nullopt);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  scheduler.retry(a1, at(5s));
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{free1});
  EXPECT_EQ(scheduler.wake_at_this(a1, at(1s)), at(5s));
  EXPECT_TRUE(scheduler.pick_this(a1, at(5s)));
  EXPECT_EQ(scheduler.waiting(), 0u);
}

TEST(Scheduler, StartsAtARateAfterTheFirstBurst) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({.parallelism = std::nullopt, .rate = Rate{3, 1s, 2}});
  for (std::uint64_t job = 1; job <= 4; ++job) scheduler.add(JobId{job}, a);

  EXPECT_EQ(pick_all(scheduler, at(10s)), (Jobs{JobId{1}, JobId{2}}));
  EXPECT_EQ(scheduler.wake_at(at(10s)), at(10s) + 333333334ns);  // a third, and never early
  EXPECT_EQ(pick_all(scheduler, at(10s) + 333333333ns), Jobs{});
  EXPECT_EQ(pick_all(scheduler, at(10s) + 333333334ns), Jobs{JobId{3}});
  EXPECT_EQ(scheduler.wake_at(at(10500ms)), at(10s) + 666666667ns);  // the rounding does not add up
}

TEST(Scheduler, APauseCanBeTakenBackAndHaveNoEnd) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({.parallelism = 3});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  scheduler.set_pause(a, TimePoint::max());
  EXPECT_EQ(scheduler.pick(at(1h)), std::nullopt);
  EXPECT_EQ(scheduler.wake_at(at(1h)), std::nullopt);
  scheduler.set_pause(a, TimePoint::min());
  EXPECT_EQ(scheduler.pick(at(1h)), a2);
}

TEST(Scheduler, PausesAGroupAtAnyParallelismUntilTheLatestMoment) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({.parallelism = 3});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  scheduler.pause(a, at(5s));
  scheduler.pause(a, at(2s));
  EXPECT_EQ(scheduler.pick(at(4s)), std::nullopt);
  scheduler.end(a1, at(4s));
  EXPECT_EQ(scheduler.wake_at(at(4s)), at(5s));
  EXPECT_EQ(scheduler.pick(at(5s)), a2);
}

TEST(Scheduler, RestsAsTheEndSaysInsteadOfTheThrottle) {
  Scheduler scheduler({.slots = 1});
  const GroupId a = scheduler.add_group({.throttle = {2s, 2s}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(a3, a);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  scheduler.end(a1, at(0s), 7s);
  EXPECT_EQ(scheduler.wake_at(at(0s)), at(7s));
  EXPECT_EQ(scheduler.pick(at(7s)), a2);
  scheduler.end(a2, at(8s), 0s);
  EXPECT_EQ(scheduler.pick(at(8s)), a3);
}

TEST(Scheduler, KeepsThePlaceOfARetryInItsGroupButNotItsSlot) {
  Scheduler scheduler({.slots = 1});
  const GroupId a = scheduler.add_group({.throttle = {1s, 1s}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(free1, std::nullopt);
  scheduler.add(free2, std::nullopt);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);

  scheduler.retry(a1, at(5s));
  EXPECT_EQ(scheduler.running(), 0);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{free1});
  EXPECT_EQ(scheduler.wake_at(at(0s)), std::nullopt);  // no slot
  scheduler.end(free1, at(6s));

  EXPECT_EQ(pick_all(scheduler, at(6s)), Jobs{a1});  // before free2
  scheduler.end(a1, at(7s));
  EXPECT_EQ(pick_all(scheduler, at(7s)), Jobs{free2});
  scheduler.end(free2, at(7s));
  EXPECT_EQ(scheduler.wake_at(at(7s)), at(8s));
  EXPECT_EQ(pick_all(scheduler, at(8s)), Jobs{a2});
}

TEST(Scheduler, AJobGoesOnInAnotherGroupAtThePlaceOfItsAge) {
  Scheduler scheduler({.slots = 4});
  const GroupId a = scheduler.add_group({.parallelism = 1, .throttle = Throttle{2s, 2s}});
  const GroupId b = scheduler.add_group({.parallelism = 1});
  scheduler.add(JobId{1}, b);
  scheduler.add(JobId{2}, a);
  scheduler.add(JobId{3}, b);
  scheduler.add(JobId{4}, a);
  EXPECT_EQ(scheduler.pick(at(0s)), JobId{1});
  EXPECT_EQ(scheduler.pick(at(0s)), JobId{2});
  scheduler.go_on(JobId{2}, b, at(1s));
  EXPECT_EQ(scheduler.running(), 1);
  EXPECT_EQ(scheduler.pick(at(1s)), std::nullopt);  // a rests, b has its one
  scheduler.end(JobId{1}, at(1s));
  EXPECT_EQ(scheduler.pick(at(1s)), JobId{2});  // before job 3, which came later
  EXPECT_EQ(scheduler.pick(at(1s)), std::nullopt);
  EXPECT_EQ(scheduler.pick(at(3s)), JobId{4});
  scheduler.end(JobId{2}, at(3s));
  EXPECT_EQ(scheduler.pick(at(3s)), JobId{3});
}

TEST(Scheduler, AJobThatGoesOnInItsGroupIsTheNextAfterTheRest) {
  Scheduler scheduler({.slots = 4});
  const GroupId a = scheduler.add_group({.parallelism = 1, .throttle = Throttle{2s, 2s}});
  scheduler.add(JobId{1}, a);
  scheduler.add(JobId{2}, a);
  EXPECT_EQ(scheduler.pick(at(0s)), JobId{1});
  scheduler.go_on(JobId{1}, a, at(1s));
  EXPECT_EQ(scheduler.wake_at(at(1s)), at(3s));
  EXPECT_EQ(scheduler.pick(at(3s)), JobId{1});
  scheduler.go_on(JobId{1}, a, at(3s), 10s);
  EXPECT_EQ(scheduler.wake_at(at(3s)), at(13s));
}

TEST(Scheduler, HoldsBackRetriesOfAPausedGroupAndCountsThemInItsRate) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({.parallelism = 4, .rate = Rate{1, 1s, 1}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  scheduler.retry(a1, at(500ms));
  EXPECT_EQ(scheduler.wake_at(at(0s)), at(1s));
  EXPECT_EQ(pick_all(scheduler, at(1s)), Jobs{a1});
  scheduler.retry(a1, at(2s));
  scheduler.pause(a, at(9s));
  EXPECT_EQ(scheduler.wake_at(at(2s)), at(9s));
  EXPECT_EQ(pick_all(scheduler, at(9s)), Jobs{a1});
  EXPECT_EQ(pick_all(scheduler, at(10s)), Jobs{a2});
}

TEST(Scheduler, PutsAJobBackAsIfItHadNotBeenPicked) {
  Scheduler scheduler({.slots = 9, .delay = 1s});
  const GroupId a = scheduler.add_group({.parallelism = 2, .rate = Rate{1, 1h, 2}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  scheduler.add(a3, a);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  scheduler.put_back(a1);
  EXPECT_EQ(scheduler.running(), 0);
  EXPECT_EQ(scheduler.waiting(), 3u);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  EXPECT_EQ(pick_all(scheduler, at(1s)), Jobs{a2});
  scheduler.put_back(a2);
  scheduler.put_back(a1);  // the older one goes first again
  EXPECT_EQ(pick_all(scheduler, at(2s)), Jobs{a1});
  EXPECT_EQ(pick_all(scheduler, at(3s)), Jobs{a2});
}

TEST(Scheduler, KeepsADelayBetweenAnyTwoStarts) {
  Scheduler scheduler({.slots = 9, .delay = 100ms});
  const GroupId a = scheduler.add_group({});
  scheduler.add(free1, std::nullopt);
  scheduler.add(a1, a);
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{free1});
  EXPECT_EQ(scheduler.wake_at(at(0s)), at(100ms));
  EXPECT_EQ(pick_all(scheduler, at(100ms)), Jobs{a1});
}

TEST(Scheduler, ReadsNothingAheadWithoutLimits) {
  Scheduler scheduler({.slots = 2, .delay = 1s});
  EXPECT_TRUE(scheduler.wants_more(at(0s)));
  scheduler.add(free1, std::nullopt);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));
  scheduler.add(free2, std::nullopt);
  EXPECT_FALSE(scheduler.wants_more(at(0s)));
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{free1});
  EXPECT_FALSE(scheduler.wants_more(at(0s)));  // free2 waits for the delay only
}

TEST(Scheduler, WantsMoreWhileNoWaitingJobMayTakeAFreeSlot) {
  Scheduler scheduler({.slots = 3});
  const GroupId a = scheduler.add_group({.parallelism = 2});
  const GroupId b = scheduler.add_group({});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, a);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));  // two of a
  scheduler.pause(b, at(5s));
  scheduler.add(b1, b);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));
  EXPECT_FALSE(scheduler.wants_more(at(5s)));  // and now b
  scheduler.pause(a, at(9s));
  EXPECT_TRUE(scheduler.wants_more(at(5s)));
}

TEST(Scheduler, CountsTokensAndDueRetriesBeforeItWantsMore) {
  Scheduler scheduler({.slots = 2});
  const GroupId a = scheduler.add_group({.parallelism = std::nullopt, .rate = Rate{1, 1s, 1}});
  scheduler.add(a1, a);
  scheduler.add(a2, a);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));  // one token
  EXPECT_EQ(pick_all(scheduler, at(0s)), Jobs{a1});
  scheduler.add(free1, std::nullopt);
  EXPECT_FALSE(scheduler.wants_more(at(0s)));
  scheduler.drop(free1);
  EXPECT_TRUE(scheduler.wants_more(at(999ms)));
  EXPECT_FALSE(scheduler.wants_more(at(1s)));
  scheduler.retry(a1, at(1s));
  EXPECT_TRUE(scheduler.wants_more(at(1s)));  // one token for both
}

TEST(Scheduler, NoticesTheTokenThatComesAfterAStartFromAFullBucket) {
  Scheduler scheduler({.slots = 3});
  const GroupId a = scheduler.add_group({.parallelism = std::nullopt, .rate = Rate{1, 1s, 2}});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, a);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));  // two tokens, three slots
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  EXPECT_TRUE(scheduler.wants_more(at(0s)));
  EXPECT_FALSE(scheduler.wants_more(at(1s)));  // a2 and a3 may take the two free slots
}

TEST(Scheduler, BoundsWhatWaitsByRecordsAndBytesButAlwaysTakesOne) {
  Scheduler scheduler({.slots = 0, .buffer = 5, .buffer_bytes = 100});
  scheduler.add(JobId{1}, std::nullopt, 1, 1000);
  EXPECT_FALSE(scheduler.has_room());
  scheduler.drop(JobId{1});
  scheduler.add(JobId{2}, std::nullopt, 4, 10);
  EXPECT_TRUE(scheduler.has_room());
  scheduler.add(JobId{3}, std::nullopt, 4, 10);
  EXPECT_FALSE(scheduler.has_room());
  EXPECT_EQ(scheduler.waiting(), 2u);
  EXPECT_EQ(scheduler.waiting_records(), 8u);
  EXPECT_FALSE(scheduler.wants_more(at(0s)));
}

// A batch that waits is one job, however many records it has.
TEST(Scheduler, BoundsTheBytesThatWaitForARetry) {
  Scheduler scheduler({.slots = 9, .buffer = 50, .buffer_bytes = 100});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, std::nullopt, 10, 40);
  EXPECT_EQ(pick_all(scheduler, at(0s)), (Jobs{a1, a2, a3}));
  scheduler.retry(a1, at(5s));
  scheduler.retry(a2, at(6s));
  EXPECT_TRUE(scheduler.has_room());
  scheduler.retry(a3, at(7s));
  EXPECT_FALSE(scheduler.has_room());
  EXPECT_FALSE(scheduler.wants_more(at(1s)));
  scheduler.drop(a2);
  EXPECT_TRUE(scheduler.has_room());
  scheduler.add(b1, std::nullopt, 1, 70);
  EXPECT_TRUE(scheduler.has_room());  // those that wait for a start have a bound of their own
  EXPECT_EQ(pick_all(scheduler, at(5s)), (Jobs{a1, b1}));
  scheduler.put_back(a1);
  EXPECT_TRUE(scheduler.has_room());
  scheduler.retry(b1, at(9s));
  EXPECT_FALSE(scheduler.has_room());
  EXPECT_EQ(scheduler.pick(at(5s)), a1);
  EXPECT_FALSE(scheduler.has_room());
  EXPECT_EQ(scheduler.pick(at(7s)), a3);
  EXPECT_TRUE(scheduler.has_room());
}

TEST(Scheduler, OneJobThatWaitsForARetryAlwaysFits) {
  Scheduler scheduler({.slots = 2, .buffer_bytes = 100});
  scheduler.add(a1, std::nullopt, 1, 1000);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  scheduler.retry(a1, at(60s));
  EXPECT_TRUE(scheduler.wants_more(at(1s)));
}

TEST(Scheduler, ChangesItsSlotsWhileJobsRun) {
  Scheduler scheduler({.slots = 2});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, std::nullopt);
  EXPECT_EQ(pick_all(scheduler, at(0s)), (Jobs{a1, a2}));
  scheduler.set_slots(1);
  scheduler.end(a1, at(1s));
  EXPECT_EQ(pick_all(scheduler, at(1s)), Jobs{});
  scheduler.set_slots(2);
  EXPECT_EQ(pick_all(scheduler, at(1s)), Jobs{a3});
}

TEST(Scheduler, DropsWaitingJobsAndThoseThatWaitForARetry) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({.throttle = {1s, 1s}});
  for (const JobId job : {a1, a2, a3}) scheduler.add(job, a);
  EXPECT_EQ(scheduler.pick(at(0s)), a1);
  scheduler.drop(a2);
  scheduler.retry(a1, at(5s));
  scheduler.drop(a1);  // its last attempt ended before 5 s: the rest counts from there
  EXPECT_EQ(scheduler.waiting(), 1u);
  EXPECT_EQ(scheduler.wake_at(at(1s)), at(6s));
  EXPECT_EQ(scheduler.pick(at(6s)), a3);
}

TEST(Scheduler, DrainsWhatWaitsOldestFirst) {
  Scheduler scheduler({.slots = 2});
  const GroupId a = scheduler.add_group({});
  const GroupId b = scheduler.add_group({});
  for (const JobId job : {a1, a2}) scheduler.add(job, a);
  scheduler.add(free1, std::nullopt);
  scheduler.add(b1, b);
  EXPECT_EQ(pick_all(scheduler, at(0s)), (Jobs{a1, free1}));
  scheduler.retry(a1, at(9s));
  EXPECT_EQ(scheduler.drain(), (Jobs{a1, a2, b1}));
  EXPECT_EQ(scheduler.waiting(), 0u);
  EXPECT_EQ(scheduler.running(), 1);
  scheduler.end(free1, at(1s));
  EXPECT_EQ(scheduler.wake_at(at(1s)), std::nullopt);
}

TEST(Scheduler, ForgetsAGroupOnceItIsRestedAndItsBucketFull) {
  Scheduler scheduler({.slots = 9});
  const GroupId resting = scheduler.add_group({.throttle = {2s, 2s}});
  const GroupId rated = scheduler.add_group({.rate = Rate{1, 3s, 2}});
  scheduler.add(a1, resting);
  scheduler.add(b1, rated);
  pick_all(scheduler, at(0s));
  EXPECT_TRUE(scheduler.take_forgotten(at(1h)).empty());
  scheduler.end(a1, at(0s));
  scheduler.end(b1, at(0s));
  EXPECT_TRUE(scheduler.take_forgotten(at(2s) - 1ns).empty());
  EXPECT_EQ(scheduler.take_forgotten(at(2s)), std::vector{resting});
  EXPECT_TRUE(scheduler.take_forgotten(at(3s) - 1ns).empty());
  EXPECT_EQ(scheduler.take_forgotten(at(3s)), std::vector{rated});
  EXPECT_EQ(scheduler.add_group({}), rated);  // the handle is used again
}

TEST(Scheduler, KeepsAGroupThatGotAJobBeforeItWasForgotten) {
  Scheduler scheduler({.slots = 9});
  const GroupId a = scheduler.add_group({});
  scheduler.add(a1, a);
  EXPECT_TRUE(scheduler.take_forgotten(at(0s)).empty());
  scheduler.drop(a1);
  EXPECT_EQ(scheduler.take_forgotten(at(0s)), std::vector{a});
}

TEST(Scheduler, AMillionKeysPassingThroughLeaveTheMemoryOfThoseAlive) {
  Scheduler scheduler({.slots = 8});
  std::size_t handles = 0;
  std::size_t early = 0;
  for (std::uint64_t job = 1; job <= (test::kSanitized ? 20000u : 1000000u); ++job) {
    const TimePoint now = at(job * 1us);
    const GroupId group = scheduler.add_group({.throttle = {50us, 50us}});  // fifty rest at once
    handles = std::max<std::size_t>(handles, number(group));
    scheduler.add(JobId{job}, group);
    scheduler.end(*scheduler.pick(now), now);
    scheduler.take_forgotten(now);
    if (job == 1000) early = mallinfo2().uordblks;
  }
  EXPECT_LE(handles, 52u);
  EXPECT_LE(mallinfo2().uordblks, early + 4096);
}

}  // namespace
}  // namespace distaff::scheduler_test

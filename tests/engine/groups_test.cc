#include "engine/groups.h"

#include <gtest/gtest.h>

#include "support/fake_world.h"

namespace distaff::groups_test {
namespace {

using namespace std::chrono_literals;
using fake::at;

const Outcome kGood = Outcome::exited(0);
const Outcome kBad = Outcome::exited(1);

// Jobs of one group that breaks after three failures in a row.
struct Broken {
  Broken() {
    GroupRule rule;
    rule.parallelism = 4;
    rule.breaker = BreakSpec{3, 60s};
    spec.rules = {rule};
    pacing.emplace(std::move(*Pacing::compile(spec)));
    groups.emplace(Groups::Options{.keyed = true}, scheduler, *pacing);
  }

  void add(std::uint64_t number) {
    jobs[number].id = JobId{number};
    jobs[number].key = "h";
    scheduler.add(JobId{number}, groups->of(jobs[number]));
  }
  std::vector<std::uint64_t> start(TimePoint now) {
    std::vector<std::uint64_t> started;
    while (const auto id = scheduler.pick(now)) {
      groups->starts(jobs[number(*id)], now);
      started.push_back(number(*id));
    }
    return started;
  }
  void end(std::uint64_t number, const Outcome& outcome, TimePoint now) {
    const auto rest = groups->ended(jobs[number], {outcome, {}}, outcome != kGood, now);
    scheduler.end(JobId{number}, now, rest);
  }

  GroupSpec spec;
  Scheduler scheduler{{.slots = 8}};
  std::optional<Pacing> pacing;
  std::optional<Groups> groups;
  std::map<std::uint64_t, Job> jobs;
};

using Started = std::vector<std::uint64_t>;
using Lines = std::vector<std::string>;

TEST(Breaker, PausesAGroupAfterFailuresInARowAndLetsOneJobTry) {
  Broken world;
  for (std::uint64_t job = 1; job <= 9; ++job) world.add(job);
  EXPECT_EQ(world.start(at(0s)), (Started{1, 2, 3, 4}));
  for (const std::uint64_t job : {1, 2, 3}) world.end(job, kBad, at(1s));
  EXPECT_EQ(world.groups->take_messages(),
            Lines{"group h: 3 failures in a row; nothing of it starts for 60s"});
  EXPECT_EQ(world.start(at(60s)), Started{});
  // One that ran all the while says nothing of how it is now.
  world.end(4, kGood, at(60s));
  EXPECT_EQ(world.start(at(61s)), Started{5});
  EXPECT_EQ(world.groups->why_paused(GroupId{1}), "job 5 tries first");
  EXPECT_EQ(world.start(at(1h)), Started{});
  world.end(5, kGood, at(1h));
  EXPECT_EQ(world.start(at(1h)), (Started{6, 7, 8, 9}));
}

TEST(Breaker, PausesAnewWhenTheOneFailsToo) {
  Broken world;
  for (std::uint64_t job = 1; job <= 5; ++job) world.add(job);
  world.start(at(0s));
  for (const std::uint64_t job : {1, 2, 3}) world.end(job, kBad, at(1s));
  world.end(4, kBad, at(2s));
  EXPECT_EQ(world.start(at(61s)), Started{5});
  world.end(5, kBad, at(62s));
  world.add(6);
  EXPECT_EQ(world.start(at(121s)), Started{});
  EXPECT_EQ(world.start(at(122s)), Started{6});
  EXPECT_EQ(world.groups->take_messages().back(),
            "group h: job 5 failed too; nothing of it starts for another 60s");
}

TEST(Breaker, ASuccessBetweenThemIsNoRow) {
  Broken world;
  for (std::uint64_t job = 1; job <= 8; ++job) world.add(job);
  world.start(at(0s));
  world.end(1, kBad, at(1s));
  world.end(2, kBad, at(1s));
  world.end(3, kGood, at(1s));
  world.end(4, kBad, at(1s));
  EXPECT_EQ(world.start(at(1s)), (Started{5, 6, 7, 8}));
  EXPECT_TRUE(world.groups->take_messages().empty());
}

TEST(Breaker, AJobThatWasPutBackLeavesTheTryToTheNext) {
  Broken world;
  for (std::uint64_t job = 1; job <= 5; ++job) world.add(job);
  world.start(at(0s));
  for (const std::uint64_t job : {1, 2, 3, 4}) world.end(job, kBad, at(1s));
  EXPECT_EQ(world.start(at(61s)), Started{5});
  world.groups->put_back(world.jobs[5]);
  world.scheduler.put_back(JobId{5});
  EXPECT_EQ(world.start(at(62s)), Started{5});
}

TEST(Breaker, ATryThatIsTriedAgainIsTheSameOne) {
  Broken world;
  for (std::uint64_t job = 1; job <= 6; ++job) world.add(job);
  world.start(at(0s));
  for (const std::uint64_t job : {1, 2, 3, 4}) world.end(job, kBad, at(1s));
  EXPECT_EQ(world.start(at(61s)), Started{5});
  world.groups->ended(world.jobs[5], {kBad, {}}, true, at(61s));
  world.scheduler.retry(JobId{5}, at(62s));
  EXPECT_EQ(world.start(at(70s)), Started{});
  EXPECT_EQ(world.start(at(121s)), Started{5});
  EXPECT_EQ(world.start(at(125s)), Started{});
  world.end(5, kGood, at(130s));
  EXPECT_EQ(world.start(at(130s)), Started{6});
}

}  // namespace
}  // namespace distaff::groups_test

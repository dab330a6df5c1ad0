#include "schedule/pacing.h"

#include <gtest/gtest.h>

namespace distaff::pacing_test {
namespace {

using namespace std::chrono_literals;

ThrottleEntry rest(Duration least, Duration most, ThrottleEntry::When when = {}) {
  ThrottleEntry entry;
  entry.when = when;
  entry.throttle = {least, most};
  return entry;
}

ThrottleEntry pause(Duration time, ThrottleEntry::When when) {
  ThrottleEntry entry;
  entry.when = when;
  entry.pause = time;
  return entry;
}

ThrottleEntry on_exit(int first, int last, ThrottleEntry entry) {
  entry.when = ThrottleEntry::When::exit;
  entry.statuses.ranges = {{first, last}};
  return entry;
}

GroupRule rule(std::string match) {
  GroupRule made;
  made.match = std::move(match);
  return made;
}

Pacing compiled(const GroupSpec& spec) {
  auto pacing = Pacing::compile(spec);
  EXPECT_TRUE(pacing) << pacing.error().message;
  return std::move(*pacing);
}

std::string error_of(const GroupSpec& spec) {
  const auto pacing = Pacing::compile(spec);
  return pacing ? "no error" : pacing.error().message;
}

constexpr auto kFailed = ThrottleEntry::When::failed;
constexpr auto kAlways = ThrottleEntry::When::always;

TEST(Pacing, RunsOneJobOfAGroupAtOnceUnlessOnlyARateIsGiven) {
  GroupSpec spec;
  EXPECT_EQ(compiled(spec).limits_for("a"), GroupLimits{});
  spec.rate = Rate{10, 1s, 2};
  EXPECT_EQ(compiled(spec).limits_for("a"),
            (GroupLimits{.parallelism = std::nullopt, .rate = spec.rate}));
  spec.parallelism = 4;
  EXPECT_EQ(compiled(spec).limits_for("a"), (GroupLimits{.parallelism = 4, .rate = spec.rate}));
  spec.parallelism.reset();
  spec.throttle = {1s, 3s};
  EXPECT_EQ(compiled(spec).limits_for("a"),
            (GroupLimits{.parallelism = 1, .throttle = {1s, 3s}, .rate = spec.rate}));
}

TEST(Pacing, TakesTheFirstRuleThatMatchesAndTheRestFromTheCommandLine) {
  GroupSpec spec;
  spec.parallelism = 2;
  spec.rate = Rate{1, 1s, 1};
  spec.rules = {rule("(^|\\.)lemonde\\.fr$"), rule("^api\\."), rule("")};
  spec.rules[0].throttle = {rest(10s, 10s)};
  spec.rules[1].parallelism = 8;
  spec.rules[1].rate = Rate{100, 60s, 1};
  spec.rules[2].parallelism = 3;
  const Pacing pacing = compiled(spec);
  EXPECT_EQ(pacing.limits_for("api.lemonde.fr"),
            (GroupLimits{.parallelism = 1, .throttle = {10s, 10s}, .rate = spec.rate}));
  EXPECT_EQ(pacing.limits_for("api.example.org"),
            (GroupLimits{.parallelism = 8, .rate = spec.rules[1].rate}));
  EXPECT_EQ(pacing.limits_for("notlemonde.fr"), (GroupLimits{.parallelism = 3, .rate = spec.rate}));
}

TEST(Pacing, TakesTheCommandLineWhereNoRuleMatches) {
  GroupSpec spec;
  spec.throttle = {2s, 2s};
  spec.rules = {rule("^a$")};
  spec.rules[0].throttle = {rest(0s, 0s)};
  const Pacing pacing = compiled(spec);
  EXPECT_EQ(pacing.limits_for("b"), (GroupLimits{.throttle = {2s, 2s}}));
  EXPECT_EQ(pacing.limits_for("a"), GroupLimits{});  // no rest was written
}

TEST(Pacing, LetsTheNearerOfThrottleAndParallelismWin) {
  GroupSpec spec;
  spec.throttle = {2s, 2s};
  spec.rules = {rule("^wide$"), rule("^one$")};
  spec.rules[0].parallelism = 4;
  spec.rules[1].parallelism = 1;
  EXPECT_EQ(compiled(spec).limits_for("wide"), GroupLimits{.parallelism = 4});
  EXPECT_EQ(compiled(spec).limits_for("one"), (GroupLimits{.throttle = {2s, 2s}}));

  spec.throttle.reset();
  spec.parallelism = 4;
  spec.rules = {rule("^slow$")};
  spec.rules[0].throttle = {rest(1s, 1s)};
  EXPECT_EQ(compiled(spec).limits_for("slow"), (GroupLimits{.throttle = {1s, 1s}}));
}

TEST(Pacing, TH11_RefusesAThrottleAndAParallelismWrittenAtOneLevel) {
  GroupSpec spec;
  spec.throttle = {1s, 1s};
  spec.parallelism = 4;
  EXPECT_EQ(error_of(spec),
            "--throttle 1s and --parallelism 4: a group with a throttle runs one job at a time; "
            "drop one of them");
  spec.parallelism = 1;
  EXPECT_EQ(error_of(spec), "no error");

  spec.rules = {rule(""), rule("x"), rule("y")};
  spec.rules[2].parallelism = 8;
  spec.rules[2].throttle = {pause(1s, kFailed), rest(2s, 4s)};
  EXPECT_EQ(error_of(spec),
            "rules[2]: throttle 2s..4s and parallelism 8: a group with a throttle runs one job at "
            "a time; drop one of them");
  spec.rules[2].throttle = {pause(1s, kFailed)};  // a pause goes with any parallelism
  EXPECT_EQ(error_of(spec), "no error");
}

TEST(Pacing, NamesTheRuleAndTheFaultOfARegularExpression) {
  GroupSpec spec;
  spec.rules = {rule("a"), rule("(b")};
  EXPECT_EQ(error_of(spec),
            "rules[1].match \"(b\": missing ): (b; give a regular expression as RE2 reads them");
  spec.rules = {rule("a")};
  spec.rules[0].parallelism = 0;
  EXPECT_EQ(error_of(spec), "rules[0].parallelism 0: give 1 or more");
}

TEST(Pacing, GivesThePolicyOfTheFirstRuleThatMatchesAndTheRestFromTheCommandLine) {
  GroupRule rule;
  rule.match = "^a";
  rule.retries = 5;
  rule.breaker = BreakSpec{10, 5s};
  GroupSpec spec;
  spec.rules = {rule};
  FailureSpec failure;
  failure.retries = 1;
  failure.ok = {{{0, 1}}};
  failure.timeout.most = 7s;
  const auto pacing = Pacing::compile(spec, failure);
  ASSERT_TRUE(pacing);
  const Policy& ours = pacing->policy_for("ab");
  EXPECT_EQ(ours.retries, 5);
  EXPECT_EQ(ours.ok, failure.ok);
  EXPECT_EQ(ours.timeout, failure.timeout);
  EXPECT_EQ(ours.breaker, rule.breaker);
  EXPECT_EQ(pacing->policy_for("b").retries, 1);
  EXPECT_FALSE(pacing->policy_for("b").breaker);
  EXPECT_EQ(pacing->policy().retries, 1);
  EXPECT_TRUE(pacing->has_policies());
  EXPECT_FALSE(Pacing::compile({}, {})->has_policies());
  EXPECT_TRUE(pacing->retries());
  EXPECT_FALSE(Pacing::compile({}, {})->retries());
}

TEST(Pacing, LeavesAPlainThrottleToTheLimits) {
  GroupSpec spec;
  spec.rules = {rule("")};
  spec.rules[0].throttle = {rest(2s, 4s)};
  Pacing pacing = compiled(spec);
  EXPECT_FALSE(pacing.by_outcome("a"));
  EXPECT_EQ(pacing.after("a", {Outcome::exited(1), {}}, true).rest, std::nullopt);
}

TEST(Pacing, RestsByTheFirstEntryThatAppliesToTheOutcome) {
  GroupSpec spec;
  spec.rules = {rule("^a$"), rule("")};
  ThrottleEntry http = rest(9s, 9s);
  http.when = ThrottleEntry::When::http;
  http.statuses.ranges = {{0, 999}};
  spec.rules[0].throttle = {http, on_exit(75, 78, rest(30s, 60s)), rest(5s, 5s, kFailed),
                            rest(1s, 1s), rest(7s, 7s, kFailed)};
  Pacing pacing = compiled(spec);
  EXPECT_EQ(pacing.limits_for("a"), (GroupLimits{.throttle = {1s, 1s}}));
  EXPECT_TRUE(pacing.by_outcome("a"));
  EXPECT_FALSE(pacing.by_outcome("b"));
  for (int i = 0; i < 100; ++i) {
    const auto drawn = pacing.after("a", {Outcome::exited(76), {}}, true).rest;
    EXPECT_TRUE(drawn >= 30s && drawn <= 60s);
  }
  EXPECT_EQ(pacing.after("a", {Outcome::exited(1), {}}, true).rest, 5s);
  EXPECT_EQ(pacing.after("a", {Outcome::signalled(76), {}}, true).rest, 5s);
  EXPECT_EQ(pacing.after("a", {Outcome::exited(0), {}}, false).rest, std::nullopt);
  EXPECT_EQ(pacing.after("b", {Outcome::exited(1), {}}, true).rest, std::nullopt);
}

TEST(Pacing, RunsOneJobAtOnceWhereOnlySomeOutcomesMakeItRest) {
  GroupSpec spec;
  spec.parallelism = 4;
  spec.rules = {rule("")};
  spec.rules[0].throttle = {rest(5s, 5s, kFailed)};
  EXPECT_EQ(compiled(spec).limits_for("a"), GroupLimits{.parallelism = 1});
}

TEST(Pacing, PausesForTheLongestThatAppliesAndRestsBesides) {
  GroupSpec spec;
  spec.rules = {rule("")};
  ThrottleEntry as_told = pause(1h, kFailed);
  as_told.at_most = 10min;
  spec.rules[0].throttle = {on_exit(3, 3, as_told), pause(30s, kFailed), rest(2s, 2s, kFailed),
                            rest(1s, 1s, kAlways)};
  Pacing pacing = compiled(spec);
  EXPECT_EQ(pacing.after("a", {Outcome::exited(3), {}}, true).pause, 10min);
  EXPECT_EQ(pacing.after("a", {Outcome::exited(1), {}}, true).pause, 30s);
  EXPECT_EQ(pacing.after("a", {Outcome::exited(1), {}}, true).rest, 2s);
  EXPECT_EQ(pacing.after("a", {Outcome::exited(0), {}}, false).pause, std::nullopt);
}

}  // namespace
}  // namespace distaff::pacing_test

// Jobs of several requests: redirects, and what servers ask of those who fetch from them.

#include <gtest/gtest.h>

#include "compose/authority.h"
#include "compose/command.h"
#include "engine/engine.h"
#include "support/fake_world.h"

namespace distaff::hops_test {
namespace {

using namespace std::chrono_literals;
using fake::at;

struct Web {
  TimePoint now = at(0s);
  fake::ListSource source{now};
  fake::FakeExecutor executor{now};
  fake::FakeWaiter waiter{now, executor, source};
  fake::MemorySink sink;
  Engine::Options options;
  GroupSpec groups;
  std::unique_ptr<Engine> engine;

  Web() {
    groups.key = "host";
    options.failure.ok = {{{200, 299}}};
    options.failure.retry_on = {.statuses = {{{429, 429}, {500, 599}}}, .connect = true};
    options.failure.retry_delay = {1s, 1s};
    options.key_of_hop = [](const Job&, std::string_view url) { return host_of(url); };
  }

  // Answers of a URL, one after the other.
  void page(const std::string& url, std::vector<fake::Behaviour> answers) {
    source.add(url);
    for (std::size_t i = answers.size(); i-- > 1;) {
      answers[i - 1].then = std::make_shared<fake::Behaviour>(answers[i]);
    }
    executor.behaviours[url] = answers[0];
  }

  RunResult run() {
    std::vector<std::string> warnings;
    CommandSpec spec;
    spec.words = {"get", "{}"};
    const auto command = CommandTemplate::compile(spec, {.environment = nullptr}, warnings);
    const auto key = GroupKey::compile(groups.key, {});
    JobBuilder builder({.max_records = 1}, *command, &*key);
    Scheduler scheduler({.slots = 8});
    auto pacing = Pacing::compile(groups, options.failure);
    Collator collator({}, sink);
    options.keyed = true;
    engine = std::make_unique<Engine>(
        options,
        Engine::Parts{
            source, builder, *command, scheduler, *pacing, executor, &collator, sink, waiter, {}});
    executor.events = engine.get();
    return engine->run();
  }

  std::vector<std::string> starts() const {
    std::vector<std::string> all;
    for (const auto& start : executor.starts) {
      all.push_back(std::to_string((start.at - at(0s)) / 1s) + " " + start.word);
    }
    return all;
  }
};

using Starts = std::vector<std::string>;

fake::Behaviour answer(int status, Duration runs = 1s) {
  fake::Behaviour what;
  what.outcome = Outcome::responded(status);
  what.runs = runs;
  return what;
}

fake::Behaviour redirect(const std::string& url) {
  fake::Behaviour what = answer(302);
  what.hop = url;
  return what;
}

TEST(Hops, ARedirectWaitsForTheOtherHostsTurnAtThePlaceOfItsAge) {
  Web web;
  web.page("http://b/0", {answer(200, 3s)});
  web.page("http://a/1", {redirect("http://b/1"), answer(200)});
  web.page("http://a/2", {answer(200)});
  web.page("http://b/3", {answer(200)});
  EXPECT_EQ(web.run().exit_status(), 0);
  EXPECT_EQ(web.starts(), (Starts{"0 http://b/0", "0 http://a/1", "1 http://a/2", "3 http://a/1",
                                  "4 http://b/3"}));
  EXPECT_EQ(web.engine->summary().ended(), 4u);
}

TEST(Hops, ARedirectToTheSameHostIsOneMoreRequestWithTheRestBefore) {
  Web web;
  web.groups.throttle = Throttle{2s, 2s};
  web.page("http://a/1", {redirect("http://a/x"), answer(200)});
  web.page("http://a/2", {answer(200)});
  web.run();
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "3 http://a/1", "6 http://a/2"}));
}

TEST(Hops, AnotherTryBeginsAtTheFirstHostAgainAfterItsDelay) {
  Web web;
  web.options.failure.retries = 1;
  web.page("http://a/1",
           {redirect("http://b/1"), answer(500), redirect("http://b/1"), answer(200)});
  web.page("http://a/2", {answer(200, 10s)});
  EXPECT_EQ(web.run().exit_status(), 0);
  // It fails at 2 s and waits for 1 s, and then for its first host, where one runs until 11 s.
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "1 http://a/1", "1 http://a/2", "11 http://a/1",
                                  "12 http://a/1"}));
}

TEST(Hops, RetryAfterPausesTheGroupAndNoOther) {
  Web web;
  web.options.failure.retries = 1;
  fake::Behaviour busy = answer(429);
  busy.retry_after = 30s;
  web.page("http://a/1", {busy, answer(200)});
  web.page("http://a/2", {answer(200)});
  web.page("http://b/1", {answer(200)});
  web.page("http://b/2", {answer(200)});
  EXPECT_EQ(web.run().exit_status(), 0);
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "0 http://b/1", "1 http://b/2", "31 http://a/1",
                                  "32 http://a/2"}));
}

// The robots.txt of its host, say, which failed for the `tries`th time.
fake::Behaviour in_vain(int status, int tries) {
  fake::Behaviour what = redirect("http://a/1");
  what.outcome = Outcome::responded(status);
  what.in_vain = tries;
  return what;
}

TEST(Hops, WhatSeveralNeedIsAskedForAgainAsARequestIs) {
  Web web;
  web.options.failure.retries = 2;
  web.page("http://a/1", {in_vain(503, 1), in_vain(429, 2), answer(200)});
  web.page("http://a/2", {answer(200)});
  web.page("http://b/1", {answer(200)});
  EXPECT_EQ(web.run().exit_status(), 0);
  // In between the job keeps its place, and others go on.
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "0 http://b/1", "2 http://a/1", "4 http://a/1",
                                  "5 http://a/2"}));
}

TEST(Hops, WhatSeveralNeedFailsAfterItsTriesAndWhereNoRequestIsTriedAgain) {
  for (const auto& [retries, status] : {std::pair(1, 503), std::pair(5, 404)}) {
    Web web;
    web.options.failure.retries = retries;
    web.page("http://a/1", {in_vain(503, 1), in_vain(status, 2), answer(200)});
    web.page("http://a/2", {answer(200)});
    EXPECT_EQ(web.run().exit_status(), 1);
    EXPECT_EQ(web.starts().at(1), "2 http://a/1");
    EXPECT_EQ(web.engine->summary().ended(), 2u);
  }
}

TEST(Hops, WhatSeveralNeedWaitsAsLongAsItsServerAsks) {
  Web web;
  web.options.failure.retries = 1;
  fake::Behaviour busy = in_vain(503, 1);
  busy.retry_after = 30s;
  web.page("http://a/1", {busy, answer(200)});
  web.page("http://a/2", {answer(200)});
  EXPECT_EQ(web.run().exit_status(), 0);
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "31 http://a/1", "32 http://a/2"}));
}

TEST(Hops, ARuleMayBoundRetryAfter) {
  Web web;
  ThrottleEntry entry;
  entry.when = ThrottleEntry::When::http;
  entry.statuses = {{{503, 503}}};
  entry.retry_after = true;
  entry.at_most = 5s;
  GroupRule rule;
  rule.throttle = {entry};
  web.groups.rules = {rule};
  fake::Behaviour busy = answer(503);
  busy.retry_after = 30s;
  web.page("http://a/1", {busy});
  web.page("http://a/2", {answer(200)});
  web.run();
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "6 http://a/2"}));

  Web of_several;
  of_several.options.failure.retries = 1;
  of_several.groups.rules = {rule};
  fake::Behaviour in_trouble = in_vain(503, 1);
  in_trouble.retry_after = 30s;
  of_several.page("http://a/1", {in_trouble, answer(200)});
  of_several.run();
  EXPECT_EQ(of_several.starts(), (Starts{"0 http://a/1", "6 http://a/1"}));
}

TEST(Hops, ACrawlDelayIsBetweenAnyTwoStartsOfTheGroup) {
  Web web;
  web.groups.parallelism = 4;
  fake::Behaviour first = redirect("http://a/1");
  first.rest_at_least = 5s;
  web.page("http://a/1", {first, answer(200, 20s)});
  web.page("http://b/1", {answer(200)});
  web.source.add("http://a/2", 1s);
  web.source.add("http://a/3");
  web.run();
  EXPECT_EQ(web.starts(), (Starts{"0 http://a/1", "0 http://b/1", "6 http://a/1", "11 http://a/2",
                                  "16 http://a/3"}));
}

TEST(Hops, AnAdaptiveGroupSlowsDownByHalfAndRecovers) {
  Web web;
  web.options.adaptive = true;
  for (int i = 0; i < 4; ++i) web.page("http://a/" + std::to_string(i), {answer(200)});
  web.page("http://a/busy", {answer(429)});
  for (int i = 4; i < 40; ++i) web.page("http://a/" + std::to_string(i), {answer(200)});
  web.run();
  std::vector<Duration> gaps;
  const auto& starts = web.executor.starts;
  for (std::size_t i = 1; i < starts.size(); ++i) gaps.push_back(starts[i].at - starts[i - 1].at);
  EXPECT_EQ(gaps[3], 1s);
  EXPECT_GT(gaps[6], 1200ms);
  EXPECT_EQ(gaps.back(), 1s);
  EXPECT_NE(web.sink.err.find("HTTP 429"), std::string::npos);
}

TEST(Hops, AJobThatWaitsForItsNextRequestWhenTheRunStopsIsNotRun) {
  Web web;
  web.page("http://b/0", {answer(200, 1h)});
  web.page("http://a/1", {redirect("http://b/1"), answer(200)});
  web.waiter.scheduled.emplace(at(5s), [&] { web.engine->finish_early(); });
  EXPECT_EQ(web.run().exit_status(), 1);
  EXPECT_EQ(web.engine->summary().not_run(), 1u);
}

TEST(Hops, TheTimeOfAnAttemptDoesNotCountTheWaitForATurn) {
  Web web;
  web.options.failure.timeout.most = 5s;
  web.options.failure.ok = {{{200, 299}}};
  web.page("http://a/1", {redirect("http://b/1"), answer(200, 4s)});
  EXPECT_EQ(web.run().exit_status(), 0);
}

}  // namespace
}  // namespace distaff::hops_test

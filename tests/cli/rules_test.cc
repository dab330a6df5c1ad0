#include "cli/rules.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace distaff::rules_test {
namespace {

using namespace std::chrono_literals;

std::string whole_error_of(std::string_view text) {
  const auto rules = parse_rules(text, "r.json");
  if (rules) return "(no error)";
  EXPECT_EQ(rules.error().status, 2);
  EXPECT_EQ(rules.error().message.find('\n'), std::string::npos);
  return rules.error().message;
}

// Without line and column.
std::string error_of(std::string_view text) {
  const std::string error = whole_error_of(text);
  const std::size_t line = error.find(':');
  const std::size_t column = error.find(':', line + 1);
  const std::size_t end = error.find(':', column + 1);
  EXPECT_NE(end, error.npos) << error;
  return end == error.npos ? error : error.substr(0, line) + error.substr(end);
}

// The error of one rule with these members besides "match".
std::string error_of_rule(std::string_view members) {
  return error_of(R"({"rules": [{"match": "", )" + std::string(members) + "}]}");
}

GroupRule rule_of(std::string_view members) {
  const auto rules =
      parse_rules(R"({"rules": [{"match": "", )" + std::string(members) + "}]}", "r.json");
  EXPECT_TRUE(rules) << rules.error().message;
  return rules ? rules->rules.at(0) : GroupRule{};
}

TEST(Rules, ReadsEveryForm) {
  const auto rules = parse_rules(R"json(
    // polite to newspapers
    {
      "key": "host:url",
      "rules": [
        {"match": "(^|\\.)lemonde\\.fr$", "parallelism": 1, "throttle": "10s"},
        {"match": "^api\\.", "parallelism": 8, "rate": "100/1m"}, /* theirs */
        {"match": "", "throttle": [
          {"when": {"http": [503, 429, 430]}, "pause": "retry-after", "at_most": "10m"},
          {"when": {"exit": [7]}, "pause": "1s"},
          {"when": "failed", "pause": "30s"},
          "2s..4s"]}
      ]
    })json",
                                 "r.json");
  ASSERT_TRUE(rules) << rules.error().message;
  using When = ThrottleEntry::When;
  ThrottleEntry asked;  // what the server asked for
  asked.when = When::http;
  asked.statuses.ranges = {{429, 430}, {503, 503}};
  asked.retry_after = true;
  asked.at_most = 10min;
  ThrottleEntry seventh;
  seventh.when = When::exit;
  seventh.statuses.ranges = {{7, 7}};
  seventh.pause = 1s;
  ThrottleEntry failed;
  failed.when = When::failed;
  failed.pause = 30s;
  ThrottleEntry rest;
  rest.throttle = {2s, 4s};
  ThrottleEntry long_rest;
  long_rest.throttle = {10s, 10s};
  using Entries = std::vector<ThrottleEntry>;
  Rules expected;
  expected.key = "host:url";
  expected.rules = {
      {"(^|\\.)lemonde\\.fr$", 1, Entries{long_rest}, std::nullopt},
      {"^api\\.", 8, std::nullopt, Rate{100, 60s, 1}},
      {"", std::nullopt, Entries{asked, seventh, failed, rest}, std::nullopt},
  };
  EXPECT_EQ(*rules, expected);
}

TEST(Rules, MayBeEmpty) {
  EXPECT_EQ(*parse_rules("{}", "r.json"), Rules{});
  EXPECT_EQ(*parse_rules("\xef\xbb\xbf{\"rules\": []} // none", "r.json"), Rules{});
}

TEST(Rules, LetAPauseGoWithAnyParallelism) {
  EXPECT_EQ(
      rule_of(R"("parallelism": 8, "throttle": [{"when": "failed", "pause": "1s"}])").parallelism,
      8);
  EXPECT_EQ(rule_of(R"("parallelism": 8, "throttle": "0s")").parallelism, 8);
}

TEST(Rules, NameThePlaceOfAMistake) {
  EXPECT_EQ(whole_error_of("{\n  \"key\": \"x\",\n}"), "r.json:3:1: a comma too many before '}'");
  EXPECT_EQ(whole_error_of("{\n  \"key\": 3}"),
            "r.json:2:10: key: 3 does not go here; write text in quotes");
  EXPECT_EQ(whole_error_of("{\n  \"rule\": []}"),
            "r.json:2:3: rule: there is no such key; did you mean \"rules\"?");
  EXPECT_EQ(whole_error_of("{\"rules\": [\n {\"match\": \"\"},\n {\"rate\": \"1/s\"}]}"),
            "r.json:3:2: rules[1]: has no \"match\"; a rule for every key has \"match\": \"\"");
  EXPECT_EQ(whole_error_of("{\"rules\": [{\"match\": \"\", \"throttle\": [\"1s\",\n\"x\"]}]}"),
            "r.json:2:1: rules[0].throttle[1]: 'x' is no duration, such as 250ms, 1.5s, 2m, 1h or "
            "1d");
}

TEST(Rules, SurviveAnyDepth) {
  EXPECT_EQ(whole_error_of(std::string(1'000'000, '[')), "r.json:1:21: nested too deeply");
}

TEST(Rules, NameThePathOfWhatMakesNoSense) {
  EXPECT_EQ(error_of("[]"), "r.json: the file: a list does not go here; write an object in braces");
  EXPECT_EQ(error_of(R"({"rule": []})"),
            "r.json: rule: there is no such key; did you mean \"rules\"?");
  EXPECT_EQ(error_of(R"({"whatever": []})"),
            "r.json: whatever: there is no such key; here go key, rules");
  EXPECT_EQ(error_of(R"({"key": 3})"), "r.json: key: 3 does not go here; write text in quotes");
  EXPECT_EQ(error_of(R"({"key": ""})"), "r.json: key: is empty; leave it out or name a key");
  EXPECT_EQ(error_of(R"({"key": "a", "key": "b"})"),
            "r.json: \"key\" is there twice in one object, first on line 1; leave one of them out");
  EXPECT_EQ(error_of(R"({"rules": {"match": ""}})"),
            "r.json: rules: an object does not go here; write a list of rules, as "
            "[{\"match\": \"...\"}]");
  EXPECT_EQ(error_of(R"({"rules": [{"match": ""}, 5]})"),
            "r.json: rules[1]: 5 does not go here; write an object in braces");
  EXPECT_EQ(error_of(R"({"rules": [{"parallelism": 1}]})"),
            "r.json: rules[0]: has no \"match\"; a rule for every key has \"match\": \"\"");
  EXPECT_EQ(error_of(R"({"rules": [{"match": "a(b"}]})"),
            "r.json: rules[0].match: 'a(b' is no regex: missing ): a(b");
}

TEST(Rules, NameTheValueAndTheFix) {
  EXPECT_EQ(error_of_rule(R"("paralelism": 1)"),
            "r.json: rules[0].paralelism: there is no such key; did you mean \"parallelism\"?");
  EXPECT_EQ(error_of_rule(R"("parallelism": "4")"),
            "r.json: rules[0].parallelism: \"4\" does not go here; write a whole number, as 4");
  EXPECT_EQ(error_of_rule(R"("parallelism": 1.5)"),
            "r.json: rules[0].parallelism: 1.5 does not go here; write a whole number, as 4");
  EXPECT_EQ(error_of_rule(R"("parallelism": 0)"),
            "r.json: rules[0].parallelism: '0' is no whole number of at least 1");
  EXPECT_EQ(error_of_rule(R"("parallelism": 99999999999)"),
            "r.json: rules[0].parallelism: '99999999999' is no whole number of at least 1");
  EXPECT_EQ(error_of_rule(R"("rate": 10)"),
            "r.json: rules[0].rate: 10 does not go here; write \"10/s\"");
  EXPECT_EQ(error_of_rule(R"("rate": "fast")"),
            "r.json: rules[0].rate: 'fast' is no rate, such as 10/s, 100/1m, 1/2s, or 10/s:5 with "
            "bursts of 5");
  EXPECT_EQ(error_of_rule(R"("throttle": true)"),
            "r.json: rules[0].throttle: true does not go here; write a rest, as \"2s\" or "
            "\"2s..4s\", or a list of rests and pauses");
  EXPECT_EQ(error_of_rule(R"("throttle": "10 parsecs")"),
            "r.json: rules[0].throttle: '10 parsecs' is no duration, such as 250ms, 1.5s, 2m, 1h "
            "or 1d");
  EXPECT_EQ(error_of_rule(R"("throttle": [])"),
            "r.json: rules[0].throttle: is an empty list; leave it out or write \"0s\"");
  EXPECT_EQ(error_of_rule(R"("throttle": "2s", "parallelism": 4)"),
            "r.json: rules[0]: has a throttle and parallelism 4: a group that rests after each job "
            "runs one at a time; leave one of them out");
}

TEST(Rules, CheckEveryEntryOfAThrottle) {
  const auto error_of_entry = [](std::string_view entry) {
    return error_of_rule(R"("throttle": ["1s", )" + std::string(entry) + "]");
  };
  const std::string at = "r.json: rules[0].throttle[1]";
  EXPECT_EQ(error_of_entry("true"), at + ": true does not go here; write \"2s\" or {\"when\": "
                                         "\"failed\", \"pause\": \"30s\"}");
  EXPECT_EQ(error_of_entry(R"({"pause": "1s"})"),
            at + ": has no \"when\"; write \"failed\", {\"exit\": [...]} or {\"http\": [...]}");
  EXPECT_EQ(error_of_entry(R"({"when": "failed"})"),
            at + ": has no \"pause\"; write a time, as \"30s\", or \"retry-after\"");
  EXPECT_EQ(error_of_entry(R"({"when": "never", "pause": "1s"})"),
            at + ".when: \"never\" does not go here; write \"failed\", {\"exit\": [1, 2]} or "
                 "{\"http\": [429]}");
  EXPECT_EQ(error_of_entry(R"({"when": {}, "pause": "1s"})"),
            at + ".when: needs one of \"exit\" and \"http\"");
  EXPECT_EQ(error_of_entry(R"({"when": {"http": 429}, "pause": "1s"})"),
            at + ".when.http: 429 does not go here; write a list, as [429, 503]");
  EXPECT_EQ(error_of_entry(R"({"when": {"http": [429, 42]}, "pause": "1s"})"),
            at + ".when.http[1]: '42' is no whole number from 100 to 999");
  EXPECT_EQ(error_of_entry(R"({"when": {"exit": [256]}, "pause": "1s"})"),
            at + ".when.exit[0]: '256' is no whole number from 0 to 255");
  EXPECT_EQ(error_of_entry(R"({"when": "failed", "pause": "soon"})"),
            at + ".pause: 'soon' is no duration, such as 250ms, 1.5s, 2m, 1h or 1d");
  EXPECT_EQ(error_of_entry(R"({"when": "failed", "pause": "retry-after"})"),
            at + ".pause: 'retry-after' is what an HTTP answer says; it goes with \"when\": "
                 "{\"http\": [...]}");
  EXPECT_EQ(error_of_entry(R"({"when": "failed", "pause": "1s", "at_most": "1m"})"),
            at + ".at_most: bounds what a server asks for, so it goes with \"pause\": "
                 "\"retry-after\"");
}

TEST(Rules, SayWhatIsAFailureAndWhatIsDoneAboutIt) {
  const auto rules = parse_rules(
      R"({"rules": [{"match": "a", "ok": [3, 0], "retries": 5, "timeout": "200%",
          "break": {"failures": 10, "pause": "5m"}}, {"match": "", "ok": "0,2-4", "timeout": "1s"}]})",
      "r.json");
  ASSERT_TRUE(rules) << rules.error().message;
  const GroupRule& first = rules->rules[0];
  EXPECT_EQ(first.ok, (StatusSet{{{0, 0}, {3, 3}}}));
  EXPECT_EQ(first.retries, 5);
  EXPECT_EQ(first.timeout, (TimeLimit{.percent = 200}));
  EXPECT_EQ(first.breaker, (BreakSpec{10, std::chrono::minutes(5)}));
  EXPECT_EQ(rules->rules[1].ok, (StatusSet{{{0, 0}, {2, 4}}}));
  EXPECT_EQ(rules->rules[1].timeout, (TimeLimit{.most = std::chrono::seconds(1)}));
}

TEST(Rules, TakeNumbersForTimesAsSeconds) {
  EXPECT_EQ(rule_of(R"("timeout": 2)"), rule_of(R"("timeout": "2s")"));
  EXPECT_EQ(rule_of(R"("throttle": 0.01)"), rule_of(R"("throttle": "10ms")"));
  EXPECT_EQ(rule_of(R"("throttle": [3, {"when": "failed", "pause": 1.5}])"),
            rule_of(R"("throttle": ["3s", {"when": "failed", "pause": "1500ms"}])"));
  EXPECT_EQ(rule_of(R"("break": {"failures": 2, "pause": 60})"),
            rule_of(R"("break": {"failures": 2, "pause": "1m"})"));
  const std::string http = R"("throttle": [{"when": {"http": [429]}, "pause": "retry-after", )";
  EXPECT_EQ(rule_of(http + R"("at_most": 90}])"), rule_of(http + R"("at_most": "90s"}])"));
  EXPECT_EQ(error_of_rule(R"("timeout": -1)"), error_of_rule(R"("timeout": "-1")"));
}

TEST(RulesErrors, OfFailures) {
  const std::string at = "r.json: rules[0].";
  EXPECT_EQ(error_of_rule(R"("ok": 1)"), at + "ok: 1 does not go here; write [0, 1] or \"0-3\"");
  EXPECT_EQ(error_of_rule(R"("ok": [0, 300])"),
            at + "ok[1]: '300' is no whole number from 0 to 255");
  EXPECT_EQ(error_of_rule(R"("ok": [])"), at + "ok: is an empty list; write [0, 1]");
  EXPECT_EQ(error_of_rule(R"("retries": "3")"),
            at + "retries: \"3\" does not go here; write a whole number, as 3");
  EXPECT_EQ(error_of_rule(R"("timeout": true)"),
            at + "timeout: true does not go here; write \"30s\"");
  EXPECT_EQ(error_of_rule(R"("timeout": "0")"),
            at + "timeout: '0' would end every job at once; for no limit leave it out");
  EXPECT_EQ(error_of_rule(R"("break": 10)"),
            at + "break: 10 does not go here; write {\"failures\": 10, \"pause\": \"5m\"}");
  EXPECT_EQ(error_of_rule(R"("break": {"failures": 10})"),
            at + "break: needs \"failures\" and \"pause\", as {\"failures\": 10, \"pause\": "
                 "\"5m\"}");
  EXPECT_EQ(error_of_rule(R"("break": {"failures": 0, "pause": "1s"})"),
            at + "break.failures: '0' is no whole number of at least 1");
}

class RulesFile : public testing::Test {
 protected:
  RulesFile() : path_(testing::TempDir() + "rules-" + std::to_string(getpid()) + ".json") {
    std::ofstream(path_) << R"({"key": "host", "rules": [{"match": "a", "parallelism": 2}]})";
  }
  ~RulesFile() override { unlink(path_.c_str()); }
  const std::string path_;
};

TEST_F(RulesFile, GivesItsKeyIfTheCommandLineHasNone) {
  GroupSpec group;
  ASSERT_TRUE(load_rules(path_, group));
  EXPECT_EQ(group.key, "host");
  EXPECT_EQ(group.rules, (std::vector<GroupRule>{{"a", 2, std::nullopt, std::nullopt}}));
  group.key = "server";
  ASSERT_TRUE(load_rules(path_, group));
  EXPECT_EQ(group.key, "server");
}

TEST_F(RulesFile, ThatCannotBeReadIsAnError) {
  GroupSpec group;
  EXPECT_EQ(load_rules("/nowhere/r.json", group).error().message,
            "--rules /nowhere/r.json: No such file or directory");
  EXPECT_EQ(load_rules("/", group).error().message, "--rules /: Is a directory");
  EXPECT_EQ(load_rules("/dev/zero", group).error().message,
            "--rules /dev/zero: longer than 16 MiB");
}

}  // namespace
}  // namespace distaff::rules_test

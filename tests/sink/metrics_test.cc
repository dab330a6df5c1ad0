#include "sink/metrics.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace distaff::metrics_test {
namespace {

using namespace std::chrono_literals;

void end(Metrics& metrics, const Outcome& outcome, bool failed, Duration took = 0s) {
  Attempt attempt{outcome, {}};
  attempt.usage.wall = took;
  metrics.on_end(Job{}, attempt, failed, "", TimePoint{});
}

// The samples of a page, by "name{labels}", read as strictly as Prometheus does: each metric has
// its HELP and TYPE before its samples, all its samples stand together, none is there twice, and
// the page ends with a newline.
std::map<std::string, std::string> read_page(const std::string& text) {
  static const RE2 kHelp("# HELP ([a-z_]+) [^\\n]+");
  static const RE2 kType("# TYPE ([a-z_]+) (gauge|histogram)");
  static const RE2 kSample(
      "([a-z_]+)(\\{[a-z_]+=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\"(?:,[a-z_]+=\"[^\"\\\\]*\")*\\}) "
      "(-?[0-9]+(?:\\.[0-9]+)?)");
  EXPECT_TRUE(text.ends_with('\n'));
  std::map<std::string, std::string> samples;
  std::set<std::string> seen;
  std::string helped, typed, type;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string name, labels, value;
    if (RE2::FullMatch(line, kHelp, &helped)) {
      EXPECT_TRUE(seen.insert(helped).second) << line;
    } else if (RE2::FullMatch(line, kType, &typed, &type)) {
      EXPECT_EQ(typed, helped);
    } else if (RE2::FullMatch(line, kSample, &name, &labels, &value)) {
      EXPECT_TRUE(samples.emplace(name + labels, value).second) << line;
      for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
        if (type == "histogram" && name == typed + suffix) name = typed;
      }
      EXPECT_EQ(name, typed) << line;
    } else {
      ADD_FAILURE() << "not a line of the format: " << line;
    }
  }
  return samples;
}

std::string sample(const std::string& page, const std::string& name) {
  auto samples = read_page(page);
  EXPECT_TRUE(samples.contains(name)) << name << " is not in\n" << page;
  return samples[name];
}

TEST(Metrics, JobsAreCountedByHowTheyEnded) {
  Metrics metrics;
  end(metrics, Outcome::exited(0), false);
  end(metrics, Outcome::exited(1), false);  // --ok 0,1
  end(metrics, Outcome::exited(2), true);
  end(metrics, Outcome::signalled(9), true);
  end(metrics, Outcome::not_started(2, "no such file"), true);
  end(metrics, Outcome::cancelled(), true);
  end(metrics, {Outcome::Kind::timed_out, 0, ""}, true);
  end(metrics, {Outcome::Kind::wants_tty, 0, ""}, true);
  const std::string page = metrics.text("x", {.exit_status = 1, .not_run = 7});
  const auto jobs = [&](const std::string& outcome) {
    return sample(page, "distaff_last_run_jobs{run=\"x\",outcome=\"" + outcome + "\"}");
  };
  EXPECT_EQ(jobs("succeeded"), "2");
  EXPECT_EQ(jobs("failed"), "1");
  EXPECT_EQ(jobs("signalled"), "1");
  EXPECT_EQ(jobs("not_started"), "1");
  EXPECT_EQ(jobs("cancelled"), "1");
  EXPECT_EQ(jobs("timed_out"), "1");
  EXPECT_EQ(jobs("wanted_tty"), "1");
  EXPECT_EQ(jobs("not_run"), "7");
}

TEST(Metrics, DurationsAreAHistogramOfJobsThatRan) {
  Metrics metrics;
  end(metrics, Outcome::exited(0), false, 5ms);
  end(metrics, Outcome::exited(0), false, 1s);
  end(metrics, Outcome::exited(1), true, 2s);
  end(metrics, Outcome::exited(0), false, 48h);
  end(metrics, Outcome::not_started(2, "no such file"), true);
  const std::string page = metrics.text("x", {});
  const auto bucket = [&](const std::string& bound) {
    return sample(page,
                  "distaff_last_run_job_duration_seconds_bucket{run=\"x\",le=\"" + bound + "\"}");
  };
  EXPECT_EQ(bucket("0.01"), "1");
  EXPECT_EQ(bucket("0.5"), "1");
  EXPECT_EQ(bucket("1"), "2") << "bounds are inclusive";
  EXPECT_EQ(bucket("5"), "3");
  EXPECT_EQ(bucket("86400"), "3");
  EXPECT_EQ(bucket("+Inf"), "4");
  EXPECT_EQ(sample(page, "distaff_last_run_job_duration_seconds_count{run=\"x\"}"), "4");
  EXPECT_EQ(sample(page, "distaff_last_run_job_duration_seconds_sum{run=\"x\"}"), "172803.005000");
}

TEST(Metrics, ARunThatFailsKeepsTheMomentOfTheLastSuccess) {
  const Metrics metrics;
  const std::string good = metrics.text("x", {.exit_status = 0, .ended = 1700000000123ms});
  EXPECT_EQ(sample(good, "distaff_last_success_timestamp_seconds{run=\"x\"}"), "1700000000.123");
  EXPECT_EQ(last_success_in(good), 1700000000123ms);
  const std::string bad = metrics.text(
      "x", {.exit_status = 1, .ended = 1700000900000ms, .last_success = last_success_in(good)});
  EXPECT_EQ(sample(bad, "distaff_last_success_timestamp_seconds{run=\"x\"}"), "1700000000.123");
  EXPECT_EQ(sample(bad, "distaff_last_run_timestamp_seconds{run=\"x\"}"), "1700000900.000");
  EXPECT_EQ(last_success_in(bad), 1700000000123ms);
}

TEST(Metrics, WithoutASuccessItsMomentIsZeroWhichAlertsCanSee) {
  const Metrics metrics;
  const std::string page = metrics.text("x", {.exit_status = 1, .ended = 1700000000000ms});
  EXPECT_EQ(sample(page, "distaff_last_success_timestamp_seconds{run=\"x\"}"), "0.000");
  EXPECT_EQ(last_success_in(page), 0ms);
  EXPECT_EQ(last_success_in(""), 0ms);
  EXPECT_EQ(last_success_in("distaff_last_success_timestamp_seconds{run=\"x\"} NaN\n"), 0ms);
  EXPECT_EQ(last_success_in("distaff_last_success_timestamp_seconds{run=\"x\"} 1e300"), 0ms);
}

TEST(Metrics, TheLabelIsTheFilesName) {
  EXPECT_EQ(metrics_name("/var/lib/node/nightly.prom"), "nightly");
  EXPECT_EQ(metrics_name("nightly"), "nightly");
  EXPECT_EQ(metrics_name("a/.prom"), ".prom");
  const Metrics metrics;
  read_page(metrics.text("a \"quoted\\\" name\n\xff", {}));
}

TEST(Metrics, OnlyAFileOfMetricsMayBeReplaced) {
  const Metrics metrics;
  EXPECT_TRUE(is_metrics_text(metrics.text("x", {})));
  EXPECT_FALSE(is_metrics_text("id,name\n1,a\n"));
}

}  // namespace
}  // namespace distaff::metrics_test

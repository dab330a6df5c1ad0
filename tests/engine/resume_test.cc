#include "engine/resume.h"
#include "compose/command.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace distaff::resume_test {
namespace {

using State = IdentityTable::State;

// ---- the table

TEST(IdentityTable, FindsWhatWasPutInto) {
  IdentityTable table;
  std::mt19937_64 random(7);
  std::vector<Identity> all;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    all.push_back({random(), random()});
    table.at(all.back()).seen = i;
  }
  EXPECT_EQ(table.size(), all.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    ASSERT_NE(table.find(all[i]), nullptr);
    ASSERT_EQ(table.find(all[i])->seen, i);
    ASSERT_EQ(table.find({all[i].high, all[i].low + 1}), nullptr);
  }
  EXPECT_EQ(table.size(), all.size());
}

TEST(IdentityTable, TakesAtMostThirtyTwoBytesAJob) {
  IdentityTable table;
  std::mt19937_64 random(8);
  for (std::size_t count = 0; count < 400'000; ++count) {
    table.at({random(), random()});
    if (count > 50'000 && count % 1000 == 0) {
      ASSERT_LE(table.memory(), 32 * table.size()) << count;
    }
  }
}

TEST(IdentityTable, KeepsTheStateAndTheWorkApart) {
  IdentityTable::Entry entry;
  EXPECT_EQ(entry.state(), State::unknown);
  EXPECT_TRUE(entry.is_work(77));  // none is known
  entry.set(State::failed, 0xfffffff0);
  EXPECT_EQ(entry.state(), State::failed);
  EXPECT_TRUE(entry.is_work(0xfffffff0));
  EXPECT_FALSE(entry.is_work(0x12345678));
}

// ---- what is skipped

struct Knowing {
  explicit Knowing(Resume::Options options = {.skip_done = true}, std::string id = {}) {
    std::vector<std::string> warnings;
    command.emplace(std::move(*CommandTemplate::compile(spec, {.environment = nullptr}, warnings)));
    std::optional<Template> parsed;
    if (!id.empty()) parsed = *Template::parse(id, {});
    maker.emplace(spec, *command, std::move(parsed));
    resume.emplace(options, *maker);
  }

  static Job job(const std::string& text) {
    Job made;
    made.records.emplace_back().text = text;
    return made;
  }

  // What an earlier run wrote: the jobs that came to it, and how they ended.
  void before(const std::vector<std::pair<std::string, State>>& jobs) {
    Resume writer({}, *maker);
    for (const auto& [text, state] : jobs) {
      Job one = job(text);
      EXPECT_FALSE(writer.skips(one));
      resume->learn(one.identity, state, maker->work_of(one));
    }
  }

  std::string runs(const std::string& records) {
    std::string run;
    for (const char c : records) {
      Job one = job(std::string(1, c));
      if (!resume->skips(one)) run += c;
    }
    return run;
  }

  CommandSpec spec{.words = {"work", "{}"}};
  std::optional<CommandTemplate> command;
  std::optional<IdentityMaker> maker;
  std::optional<Resume> resume;
};

TEST(Resume, KnowsJobsNotPositions) {
  Knowing knowing;
  knowing.before({{"a", State::good}, {"b", State::good}});
  EXPECT_EQ(knowing.runs("xabc"), "xc");
}

TEST(Resume, CountsEqualJobs) {
  Knowing knowing;
  knowing.before({{"a", State::good}, {"a", State::failed}, {"a", State::good}});
  EXPECT_EQ(knowing.runs("aaaa"), "aa");
}

TEST(Resume, RunsFailedOnesAgainUnlessAskedNotTo) {
  Knowing knowing, leaving({.skip_done = true, .skip_failed = true});
  for (Knowing* each : {&knowing, &leaving}) {
    each->before({{"a", State::good}, {"b", State::failed}, {"c", State::unknown}});
  }
  EXPECT_EQ(knowing.runs("abc"), "bc");
  EXPECT_EQ(leaving.runs("abc"), "c");
}

TEST(Resume, TheLastWordCounts) {
  Knowing knowing;
  knowing.before({{"a", State::failed}, {"b", State::good}});
  knowing.before({{"a", State::good}, {"b", State::failed}});
  EXPECT_EQ(knowing.runs("ab"), "b");
}

TEST(Resume, WithoutItEveryJobRunsAndIsKnown) {
  Knowing knowing(Resume::Options{});
  EXPECT_EQ(knowing.runs("aab"), "aab");
  EXPECT_EQ(knowing.resume->table().size(), 2u);
}

TEST(Resume, RunsJobsWhoseCommandChangedUnderTheirIdAndSaysSo) {
  Knowing knowing({.skip_done = true}, "always");
  knowing.before({{"a", State::good}});
  EXPECT_EQ(knowing.runs("a"), "");
  EXPECT_EQ(knowing.resume->take_warning(), "");

  Knowing changed({.skip_done = true}, "always");
  changed.before({{"a", State::good},
                  {"b", State::good},
                  {"c", State::good},
                  {"d", State::good},
                  {"e", State::good}});
  EXPECT_EQ(changed.runs("AbCDE"), "ACDE");
  const std::string warning = changed.resume->take_warning();
  EXPECT_NE(warning.find("'A': done before under the same --id"), std::string::npos) << warning;
  EXPECT_EQ(changed.resume->take_warning(), "");
  EXPECT_NE(changed.resume->last_warning().find("1 more"), std::string::npos);
}

}  // namespace
}  // namespace distaff::resume_test

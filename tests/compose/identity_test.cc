#include "compose/identity.h"
#include "compose/command.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace distaff::identity_test {
namespace {

using Hash = std::pair<std::uint64_t, std::uint64_t>;

Record text(std::string bytes) {
  Record record;
  record.text = std::move(bytes);
  return record;
}

Record row(std::vector<std::optional<std::string>> fields, FieldNames names = {}) {
  Record record;
  record.fields = std::move(fields);
  if (!names.empty()) record.names = std::make_shared<FieldNames>(std::move(names));
  return record;
}

// A command, and what its jobs are known by.
struct Maker {
  explicit Maker(CommandSpec given = {.words = {"work", "{}"}}, std::string id = {},
                 FieldScheme scheme = {})
      : spec(std::move(given)) {
    std::vector<std::string> warnings;
    auto compiled = CommandTemplate::compile(
        spec, {.scheme = scheme, .several = true, .environment = nullptr}, warnings);
    EXPECT_TRUE(compiled) << compiled.error().message;
    command.emplace(std::move(*compiled));
    std::optional<Template> parsed;
    if (!id.empty()) parsed = *Template::parse(id, {.scheme = scheme});
    maker.emplace(spec, *command, std::move(parsed));
  }

  Hash of(std::vector<Record> records, std::uint64_t seq = 1) const {
    const Identity identity = maker->of({.id = JobId{seq}, .records = std::move(records)});
    return {identity.high, identity.low};
  }
  std::uint32_t work(std::vector<Record> records, std::uint64_t seq = 1) const {
    return maker->work_of({.id = JobId{seq}, .records = std::move(records)});
  }

  CommandSpec spec;
  std::optional<CommandTemplate> command;
  std::optional<IdentityMaker> maker;
};

TEST(Identity, IsOfTheCommandAndTheRecordsAndNotOfTheirPlace) {
  const Maker maker, again;
  EXPECT_EQ(maker.of({text("a")}, 1), again.of({text("a")}, 7));
  EXPECT_NE(maker.of({text("a")}), maker.of({text("b")}));
  EXPECT_NE(maker.of({text("a")}), Maker({.words = {"work", "-v", "{}"}}).of({text("a")}));
}

TEST(Identity, DiffersByEverythingThatChangesWhatIsDone) {
  const CommandSpec plain{.words = {"work", "{}"}};
  std::vector<CommandSpec> commands(7, plain);
  commands[1].workdir = "/tmp";
  commands[2].env = {{"A", "1"}};
  commands[3].env = {{"A", "2"}};
  commands[4].stdin_mode = StdinMode::record;
  commands[5].words = {"work {}"};
  commands[6].words = {"work {}"};
  commands[6].shell = {"bash"};
  std::set<Hash> seen;
  for (const CommandSpec& command : commands) seen.insert(Maker(command).of({text("a")}));
  EXPECT_EQ(seen.size(), commands.size());
}

// Rows that would be one string if their values were only joined.
TEST(Identity, NeverTakesOneListOfValuesForAnother) {
  const std::string nul(1, '\0');
  const std::vector<std::vector<Record>> jobs{
      {text("")},
      {text(""), text("")},
      {text("ab")},
      {text("a"), text("b")},
      {text("b"), text("a")},
      {text("a b")},
      {text("a" + nul + "b")},
      {row({"ab", ""})},
      {row({"a", "b"})},
      {row({"", "ab"})},
      {row({"ab"})},
      {row({"a"}), row({"b"})},
      {row({"a", std::nullopt})},
      {row({"a", ""})},
      {row({"a"})},
      {row({"a", "b"}, {"x", "y"})},
      {row({"a", "b"}, {"y", "x"})},
      {row({"a", "b"}, {"xy", ""})},
      {row({"a", "b", "x", "y"})},
      {row({std::string(8, '\0')})},
      {row({std::string(8, '\xff')})},
  };
  const Maker maker;
  std::set<Hash> seen;
  for (const auto& job : jobs) seen.insert(maker.of(job));
  EXPECT_EQ(seen.size(), jobs.size());
}

TEST(Identity, OfAPackedBatchIsThatOfItsRecords) {
  const Maker maker({.words = {"wc"}, .stdin_mode = StdinMode::record});
  for (const std::size_t count : {std::size_t{2}, std::size_t{100'000}}) {
    std::vector<Record> records;
    auto packed = std::make_shared<PackedTexts>("\n");
    for (std::size_t i = 0; i < count; ++i) {
      records.push_back(text(std::to_string(i)));
      packed->add(records.back().text);
    }
    const Job batch{.records = {records[0]}, .packed = packed};
    const Identity identity = maker.maker->of(batch);
    EXPECT_EQ(Hash(identity.high, identity.low), maker.of(records)) << count;
    const Identity again = maker.maker->of(batch);
    EXPECT_EQ(Hash(again.high, again.low), maker.of(records)) << count;
  }
}

TEST(Identity, ByATemplateTellsOfPackedBatchesToo) {
  const Maker maker({.words = {"wc"}, .stdin_mode = StdinMode::record}, "fixed");
  auto packed = std::make_shared<PackedTexts>("\n");
  for (const char* record : {"a", "b"}) packed->add(record);
  EXPECT_EQ(maker.maker->work_of({.records = {text("a")}, .packed = packed}),
            maker.work({text("a"), text("b")}));
}

TEST(Identity, ByATemplateIsWhatThatGivesAndNothingElse) {
  const FieldScheme scheme{FieldScheme::Kind::named, {"id", "v"}, std::nullopt};
  const CommandSpec command{.words = {"work", "{v}"}};
  const Maker maker(command, "{id}", scheme);
  const FieldNames names{"id", "v"};
  EXPECT_EQ(maker.of({row({"1", "x"}, names)}), maker.of({row({"1", "y"}, names)}));
  EXPECT_NE(maker.of({row({"1", "x"}, names)}), maker.of({row({"2", "x"}, names)}));
  EXPECT_EQ(maker.of({row({"1", "x"}, names)}),
            Maker({.words = {"other", "{v}"}}, "{id}", scheme).of({row({"1", "x"}, names)}));
}

TEST(Identity, ByATemplateTellsWhetherAnotherThingIsToBeDone) {
  const FieldScheme scheme{FieldScheme::Kind::named, {"id", "v"}, std::nullopt};
  const FieldNames names{"id", "v"};
  const Maker maker({.words = {"work", "{id}", "{#}", "{%}"}}, "{id}", scheme);
  const std::uint32_t work = maker.work({row({"1", "x"}, names)});
  EXPECT_NE(work, 0u);
  EXPECT_EQ(maker.work({row({"1", "not used"}, names)}, 9), work);
  EXPECT_NE(maker.work({row({"2", "x"}, names)}), work);
  EXPECT_NE(Maker({.words = {"work", "-v", "{id}"}}, "{id}", scheme).work({row({"1", "x"}, names)}),
            work);
  EXPECT_EQ(Maker().work({text("a")}), 0u);
}

TEST(Identity, OfAJobWithoutTheTemplatesValueIsThatOfItsRecord) {
  const FieldScheme scheme{FieldScheme::Kind::open, {}, std::nullopt};
  const Maker maker({.words = {"work", "{}"}}, "{id}", scheme);
  EXPECT_NE(maker.of({text("a")}), maker.of({text("b")}));
}

TEST(Identity, OfEqualJobsIsNumbered) {
  const Identity first{1, 2};
  EXPECT_EQ(numbered(first, 1), first);
  std::set<Hash> seen;
  for (std::uint64_t n = 1; n <= 1000; ++n) {
    const Identity identity = numbered(first, n);
    EXPECT_EQ(identity, numbered(first, n));
    seen.insert({identity.high, identity.low});
  }
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace distaff::identity_test

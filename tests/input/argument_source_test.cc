#include "input/argument_source.h"

#include "input_testing.h"

namespace distaff::argument_source_test {
namespace {

using Texts = std::vector<std::string>;

ArgumentList list(std::vector<std::string> values) { return {.values = std::move(values)}; }
ArgumentList linked(std::vector<std::string> values) {
  return {.values = std::move(values), .linked = true};
}
ArgumentList from_file(std::string path) { return {.file = std::move(path)}; }

Expected<OpenedSource> open_lists(std::vector<ArgumentList> lists) {
  return open_source({.format = RecordFormat::arguments, .lists = std::move(lists)});
}

TEST(Arguments, OneListGivesPlainRecords) {
  auto opened = open_lists({list({"a", "b  c", ""})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, FieldScheme{});
  EXPECT_FALSE(opened->tuples);
  EXPECT_EQ(opened->total, 3u);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), (Texts{"a", "b  c", ""}));
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{}, {}, {}}));
}

TEST(Arguments, SeveralListsGiveAllCombinationsTheLastFastest) {
  auto opened = open_lists({list({"a", "b"}), list({"1", "2", "3"})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, (FieldScheme{FieldScheme::Kind::numbered, {}, 2}));
  EXPECT_TRUE(opened->tuples);
  EXPECT_EQ(opened->total, 6u);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), (Texts{"a 1", "a 2", "a 3", "b 1", "b 2", "b 3"}));
  EXPECT_EQ(drained.records[4].fields, (Fields{"b", "2"}));
}

TEST(Arguments, LinkedListsAreTakenInStep) {
  auto opened = open_lists({list({"a", "b"}), linked({"1", "2"}), list({"x", "y"})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->total, 4u);
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"a 1 x", "a 1 y", "b 2 x", "b 2 y"}));
}

TEST(Arguments, LinkedListsOfUnequalLengthAreRefused) {
  auto opened = open_lists({list({"a", "b"}), linked({"1"})});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(),
            (Error{"the list after :::+ has 1 value, the one before it 2 values: give as many, or "
                   "write ::: for all combinations",
                   2}));
  auto first = open_lists({linked({"1"})});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().message, ":::+ needs a list before it: begin with :::");
}

TEST(Arguments, AnEmptyListMeansNoJobs) {
  auto opened = open_lists({list({"a", "b"}), list({})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->total, 0u);
  EXPECT_EQ(drain(*opened->source).texts(), Texts{});
}

TEST(Arguments, AListMayComeFromAFile) {
  const TemporaryFiles files;
  auto opened = open_lists({from_file(files.make("f", "a\n\nb c\n")), list({"1"})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->total, 2u);
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"a 1", "b c 1"}));
  auto missing = open_lists({from_file(files.path("x"))});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "cannot open '" + files.path("x") + "': No such file or directory");
}

TEST(Arguments, ALineOfAFileThatHoldsANulBecomesNoJob) {
  using namespace std::string_literals;
  const TemporaryFiles files;
  auto opened = open_lists({from_file(files.make("f", "a\0b\nc\n"s))});
  ASSERT_TRUE(opened);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.records[0].problem,
            "a NUL byte in a line of a :::: file: no command can be given one");
  EXPECT_EQ(drained.records[1].problem, "");
}

TEST(Arguments, AHugeProductIsMadeOneByOne) {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back(std::to_string(i));
  auto opened = open_lists({list(many), list(many), list(many), list(many), list(many)});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->total, 1000000000000000u);
  Record record;
  for (int i = 0; i < 1001; ++i) ASSERT_EQ(opened->source->next(record), Source::Next::record);
  EXPECT_EQ(record.text, "0 0 0 1 0");

  auto beyond = open_lists(std::vector<ArgumentList>(7, list(many)));
  ASSERT_TRUE(beyond);
  EXPECT_EQ(beyond->total, std::nullopt);
  EXPECT_EQ(beyond->source->next(record), Source::Next::record);
}

TEST(Arguments, StdinIsNotRead) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd out(ends[0]), in(ends[1]);
  ASSERT_EQ(::write(in.get(), "x\n", 2), 2);
  const AsStdin guard(out.get());
  auto opened = open_lists({list({"a"})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(drain(*opened->source).texts(), Texts{"a"});
  EXPECT_TRUE(readable(out.get()));
}

TEST(Arguments, OneListMayBeSplitOrMatched) {
  auto opened = open_source({.format = RecordFormat::arguments,
                             .match = "(?P<n>\\d)",
                             .no_match = NoMatch::skip,
                             .lists = {list({"a1", "b", "c2"})}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme.names, FieldNames{"n"});
  EXPECT_EQ(opened->total, std::nullopt);
  EXPECT_EQ(drain(*opened->source).fields(), (std::vector<Fields>{{"1"}, {"2"}}));
  EXPECT_FALSE(open_source(
      {.format = RecordFormat::arguments, .split = ",", .lists = {list({"a"}), list({"b"})}}));
}

}  // namespace
}  // namespace distaff::argument_source_test

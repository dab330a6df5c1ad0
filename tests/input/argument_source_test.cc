#include "input/argument_source.h"

#include <sys/stat.h>

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
  EXPECT_EQ(opened->total, std::nullopt) << "the file is read as it is needed";
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

// ---- lists that are read as they are needed

// A FIFO with a writer, for a list.
class Fifo {
 public:
  Fifo(const TemporaryFiles& files, const std::string& name) : path_(files.path(name)) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    writer_ = UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  const std::string& path() const { return path_; }
  void write(std::string_view text) {
    ASSERT_EQ(::write(writer_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() { writer_.reset(); }

 private:
  std::string path_;
  UniqueFd writer_;
};

// The records that can be had now.
Texts at_once(Source& source) {
  Texts texts;
  Record record;
  while (source.next(record) == Source::Next::record) texts.push_back(record.text);
  return texts;
}

TEST(Arguments, EachLineOfAFifoHasItsCombinationsAsItComes) {
  const TemporaryFiles files;
  Fifo fifo(files, "f");
  auto opened = open_lists({from_file(fifo.path()), list({"1", "2"})});
  ASSERT_TRUE(opened);
  EXPECT_EQ(at_once(*opened->source), Texts{});
  fifo.write("a\nb");
  EXPECT_EQ(at_once(*opened->source), (Texts{"a 1", "a 2"}));
  fifo.write("\n");
  EXPECT_TRUE(readable(opened->source->wait_fd()));
  EXPECT_EQ(at_once(*opened->source), (Texts{"b 1", "b 2"}));
  fifo.close();
  EXPECT_EQ(drain(*opened->source).texts(), Texts{});
}

TEST(Arguments, AListThatVariesFasterIsReadOnceAndComesAgain) {
  const TemporaryFiles files;
  Fifo fifo(files, "f");
  auto opened = open_lists({list({"a", "b"}), from_file(fifo.path())});
  ASSERT_TRUE(opened);
  fifo.write("1\n2\n");
  EXPECT_EQ(at_once(*opened->source), (Texts{"a 1", "a 2"})) << "not held up by what may come";
  fifo.write("3\n");
  EXPECT_EQ(at_once(*opened->source), Texts{"a 3"});
  fifo.close();
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"b 1", "b 2", "b 3"}));
}

TEST(Arguments, ThreeListsOfWhichTwoAreReadGiveAllCombinations) {
  const TemporaryFiles files;
  auto opened = open_lists(
      {from_file(files.make("f", "a\nb\n")), list({"x", "y"}), from_file(files.make("g", "1\n2"))});
  ASSERT_TRUE(opened);
  EXPECT_EQ(drain(*opened->source).texts(),
            (Texts{"a x 1", "a x 2", "a y 1", "a y 2", "b x 1", "b x 2", "b y 1", "b y 2"}));
  auto none = open_lists({from_file(files.path("f")), from_file(files.make("e", ""))});
  ASSERT_TRUE(none);
  EXPECT_EQ(drain(*none->source).texts(), Texts{});
}

TEST(Arguments, WhatMustComeAgainIsKeptUpToABound) {
  const TemporaryFiles files;
  const std::string many = files.make("f", "1\n2\n3\n4\n5\n");
  const auto open = [&](std::vector<ArgumentList> lists) {
    return *ArgumentSource::open(std::move(lists), {.most_kept = 4 * sizeof(std::string)}, nullptr);
  };
  EXPECT_EQ(drain(*open({from_file(many), list({"x"})})).texts().size(), 5u);
  EXPECT_EQ(drain(*open({list({"x"}), from_file(many)})).texts().size(), 5u)
      << "nothing before it has a second value, so it does not come again";
  const Drained drained = drain(*open({list({"x", "y"}), from_file(many)}));
  EXPECT_EQ(drained.texts(), (Texts{"x 1", "x 2", "x 3", "x 4"}));
  EXPECT_EQ(drained.error,
            (Error{many + ": its values come again with each one of the lists before it, and more "
                          "than 128 of them cannot be kept; write this list first",
                   2}));
}

TEST(Arguments, LinkedFilesGoInStepAndMustBeOfOneLength) {
  const TemporaryFiles files;
  ArgumentList second = from_file(files.make("g", "1\n2\n3\n"));
  second.linked = true;
  auto good = open_lists({list({"a", "b", "c"}), second, list({"x"})});
  ASSERT_TRUE(good);
  EXPECT_EQ(drain(*good->source).texts(), (Texts{"a 1 x", "b 2 x", "c 3 x"}));
  for (const char* first : {"a\nb\n", "a\nb\nc\nd\n"}) {
    auto opened = open_lists({from_file(files.make("f", first)), second});
    ASSERT_TRUE(opened);
    const Drained drained = drain(*opened->source);
    ASSERT_TRUE(drained.error) << first;
    EXPECT_EQ(drained.error->message,
              std::string(first).size() < 6
                  ? "the list after :::+ has more than 2 values, the one before it 2 values: give "
                    "as many, or write ::: for all combinations"
                  : "the list after :::+ has 3 values, the one before it more: give as many, or "
                    "write ::: for all combinations");
  }
}

TEST(Arguments, StdinIsAListOnce) {
  auto opened = open_lists({from_file("-"), from_file("-")});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, ":::: - stands twice: stdin can be read once");
}

TEST(Arguments, AValueLongerThanARecordMayBeIsInNoJob) {
  const TemporaryFiles files;
  auto opened = open_source({.format = RecordFormat::arguments,
                             .lists = {list({"1", "2"}), from_file(files.make("f", "a\nlonger\n"))},
                             .max_record = 3});
  ASSERT_TRUE(opened);
  const Drained drained = drain(*opened->source);
  ASSERT_EQ(drained.records.size(), 4u);
  EXPECT_EQ(drained.records[2].text, "2 a");
  EXPECT_EQ(drained.records[2].problem, "");
  EXPECT_EQ(
      drained.records[3].problem,
      files.path("f") + ":2: record longer than --max-record 3: raise it; its bytes are not kept");
  EXPECT_TRUE(drained.records[3].bytes_lost);
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

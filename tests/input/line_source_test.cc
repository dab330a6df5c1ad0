#include "input/line_source.h"

#include "input_testing.h"

namespace distaff::line_source_test {
namespace {

using Texts = std::vector<std::string>;

InputSpec lines() { return {}; }
InputSpec null_ended() { return {.format = RecordFormat::null_ended}; }
InputSpec delimited(std::string delimiter) {
  return {.format = RecordFormat::delimited, .delimiter = std::move(delimiter)};
}

TEST(Lines, AreRecordsWithoutTheirNewline) {
  EXPECT_EQ(drain_text("one\n two \nthree\n", lines()).texts(), (Texts{"one", " two ", "three"}));
}

TEST(Lines, TheLastNeedsNoNewline) {
  EXPECT_EQ(drain_text("one\ntwo", lines()).texts(), (Texts{"one", "two"}));
}

TEST(Lines, AreAsLongAsTheyLike) {
  const std::string longest(1000000, 'x');
  EXPECT_EQ(drain_text("a\n" + longest + "\nb", lines()).texts(), (Texts{"a", longest, "b"}));
}

TEST(Lines, EmptyOnesAreSkippedUnlessKept) {
  InputSpec keeping = lines();
  keeping.keep_empty = true;
  EXPECT_EQ(drain_text("\na\n\n\nb\n\n", lines()).texts(), (Texts{"a", "b"}));
  EXPECT_EQ(drain_text("\na\n\nb\n\n", keeping).texts(), (Texts{"", "a", "", "b", ""}));
  EXPECT_EQ(drain_text("", keeping).texts(), Texts{});
}

TEST(Lines, EmptyRecordsOfOtherDelimitersAreNeverSkipped) {
  using namespace std::string_literals;
  EXPECT_EQ(drain_text("\0a\n\0\0b"s, null_ended()).texts(), (Texts{"", "a\n", "", "b"}));
  EXPECT_EQ(drain_text(",a,,b,", delimited(",")).texts(), (Texts{"", "a", "", "b"}));
  EXPECT_EQ(drain_text("\na\n\nb\n", delimited("\n")).texts(), (Texts{"", "a", "", "b"}));
}

TEST(Lines, ADelimiterMayHaveSeveralBytes) {
  EXPECT_EQ(drain_text("a\r\nb\rc\nd\r\n", delimited("\r\n")).texts(), (Texts{"a", "b\rc\nd"}));
  EXPECT_EQ(drain_text("a--b-c---d", delimited("--")).texts(), (Texts{"a", "b-c", "-d"}));
}

TEST(Lines, AnEmptyDelimiterIsRefused) {
  EXPECT_EQ(drain_text("a", delimited("")).error,
            (Error{"-d '' is no delimiter: -d '\\0' or -0 is for NUL", 2}));
}

TEST(Lines, OneThatHoldsANulBecomesNoJob) {
  using namespace std::string_literals;
  const Drained drained = drain_text("a\nb\0c\nd\n"s, lines());
  EXPECT_EQ(drained.texts(), (Texts{"a", "b\0c"s, "d"}));
  EXPECT_EQ(drained.records[0].problem, "");
  EXPECT_EQ(drained.records[1].problem, "a NUL byte in the line: use -0 if NUL ends the records");
  EXPECT_EQ(drained.records[2].problem, "");
  EXPECT_EQ(drain_text("a\0b"s, delimited("\0"s)).records[0].problem, "");
}

TEST(Lines, ANulIsFoundInWhicheverBufferItLies) {
  using namespace std::string_literals;
  for (std::size_t buffer = 1; buffer < 12; ++buffer) {
    const Drained drained = drain_text("ab\nc\0d\nef\nghi"s, lines(), buffer);
    ASSERT_EQ(drained.texts(), (Texts{"ab", "c\0d"s, "ef", "ghi"}));
    for (const Record& record : drained.records) {
      EXPECT_EQ(record.problem.empty(), record.text != "c\0d"s) << record.text;
    }
  }
}

TEST(Lines, ThatEndInCrAreKeptWithOneWarning) {
  const TemporaryFiles files;
  const std::string path = files.make("dos", "a\nb\r\nc\r\n");
  auto opened = open_source({.files = {path}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->source->take_warning(), "");
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"a", "b\r", "c\r"}));
  EXPECT_EQ(opened->source->take_warning(),
            path +
                ":2: the line ends in CR, which is passed on as part of the record; use -d "
                "'\\r\\n' to drop it");
  EXPECT_EQ(opened->source->take_warning(), "");
}

TEST(Lines, FilesAreReadOneAfterTheOtherAndNoLineGoesOver) {
  const TemporaryFiles files;
  auto opened = open_source({.files = {files.make("a", "1\n2"), files.make("b", ""),
                                       files.make("c", "3\n"), files.make("d", "4")}});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, FieldScheme{});
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"1", "2", "3", "4"}));
}

TEST(Lines, EachFileMustExistAtTheStart) {
  const TemporaryFiles files;
  auto opened = open_source({.files = {files.make("a", "1\n"), files.path("x")}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(),
            (Error{"cannot open '" + files.path("x") + "': No such file or directory", 2}));
  auto directory = open_source({.files = {files.make("a", "1\n"), files.path("")}});
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error(), (Error{"cannot read '" + files.path("") + "': is a directory", 2}));
}

TEST(Lines, AFileThatGoesAwayEndsTheRun) {
  const TemporaryFiles files;
  auto opened = open_source({.files = {files.make("a", "1\n"), files.make("b", "2\n")}});
  ASSERT_TRUE(opened);
  std::filesystem::remove(files.path("b"));
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), Texts{"1"});
  EXPECT_EQ(drained.error,
            (Error{"cannot open '" + files.path("b") + "': No such file or directory", 3}));
}

Texts obviously_split(std::string text, const std::string& delimiter) {
  Texts result;
  for (std::size_t at = 0; (at = text.find(delimiter)) != std::string::npos;) {
    result.push_back(text.substr(0, at));
    text.erase(0, at + delimiter.size());
  }
  if (!text.empty()) result.push_back(text);
  return result;
}

TEST(Lines, AreTheSameWhereverTheBuffersEnd) {
  const std::uint32_t seed = random_seed();
  SCOPED_TRACE("DISTAFF_SEED=" + std::to_string(seed));
  Dice dice(seed);
  const std::string delimiters[] = {"\n", "-", "--", "-+-", "---", "+-+-"};
  for (int i = random_cases(300); i > 0; --i) {
    const std::string& delimiter = delimiters[dice.below(6)];
    const std::string text = dice.text("a-+\n", 40);
    const std::size_t buffer = 1 + dice.below(9);
    ASSERT_EQ(drain_text(text, delimited(delimiter), buffer).texts(),
              obviously_split(text, delimiter))
        << "'" << text << "' by '" << delimiter << "' in buffers of " << buffer;
  }
}

}  // namespace
}  // namespace distaff::line_source_test

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

TEST(Lines, OfBlanksAndACrAreEmpty) {
  EXPECT_EQ(drain_text("a\r\n\r\n  \r\n\t \r\nb\r\n", {}).texts(), (Texts{"a\r", "b\r"}));
  // A CR is a value like others in a file whose lines do not all end in one.
  EXPECT_EQ(drain_text("a\n\r\nb\r\n \r\n", {}).texts(), (Texts{"a", "\r", "b\r", " \r"}));
  EXPECT_EQ(drain_text("a\n  \n \rb\n", {}).texts(), (Texts{"a", "  ", " \rb"}))
      << "without a CR at the end blanks are a record, which a file's name may be";
  EXPECT_EQ(drain_text("\r\n", {.keep_empty = true}).texts(), Texts{"\r"});
  EXPECT_EQ(drain_text("\r\n", {.format = RecordFormat::delimited, .delimiter = "\n"}).texts(),
            Texts{"\r"});
}

TEST(Lines, ThatAreTrimmedHaveNoBlanksAroundThemAndNoCr) {
  using namespace std::string_literals;
  const InputSpec trimmed{.trimmed = true};
  for (std::size_t buffer = 1; buffer < 9; ++buffer) {
    EXPECT_EQ(drain_text("a\n\r\n \t \n b c\t\r\n\r\r\nd\r", trimmed, buffer).texts(),
              (Texts{"a", "b c", "d"}));
  }
  EXPECT_EQ(drain_text("a\r\n \r\n\n", {.keep_empty = true, .trimmed = true}).texts(),
            (Texts{"a", "", ""}));
  EXPECT_EQ(drain_text(" a \r\r\n",
                       {.format = RecordFormat::delimited, .delimiter = "\r\n", .trimmed = true})
                .texts(),
            Texts{" a \r"});
  const Drained wide = drain_text(" \0h\0t\0t\0p\0\r\0\n\0"s, trimmed);
  EXPECT_EQ(wide.records[0].problem.substr(0, 26), "the line looks like UTF-16");

  const TemporaryFiles files;
  const std::string path = files.make("dos", "a\r\n \r\n b\r\n");
  InputSpec lists{.format = RecordFormat::arguments, .trimmed = true};
  lists.lists = {{.file = path}};
  for (const InputSpec& spec : {InputSpec{.files = {path}, .trimmed = true}, lists}) {
    const auto opened = open_source(spec);
    EXPECT_EQ(drain(*opened->source).texts(), (Texts{"a", "b"}));
    EXPECT_EQ(opened->source->take_warning(), "");
  }
}

TEST(Lines, AByteOrderMarkIsDroppedFromEachFile) {
  const TemporaryFiles files;
  InputSpec spec;
  spec.files = {files.make("a", "\xEF\xBB\xBFx\n\xEF\xBB\xBFy\n"),
                files.make("b", "\xEF\xBB\xBF\nz"), files.make("c", "\xEF\xBB\xBF")};
  for (std::size_t buffer = 1; buffer < 7; ++buffer) {
    EXPECT_EQ(drain(*open_source(spec, buffer)->source).texts(),
              (Texts{"x", "\xEF\xBB\xBFy", "z"}));
  }
  spec.format = RecordFormat::null_ended;
  EXPECT_EQ(drain(*open_source(spec)->source).texts().size(), 3u) << "nothing is dropped";
  EXPECT_EQ(drain(*open_source(spec)->source).texts()[2], "\xEF\xBB\xBF");
}

// ---- files that are no text

std::string refused(const std::string& file, InputSpec spec, std::size_t buffer = 1000) {
  spec.files = {file};
  auto opened = open_source(spec, buffer);
  if (!opened) return opened.error().message;
  const Drained drained = drain(*opened->source);
  return drained.error ? drained.error->message : "none";
}

TEST(Lines, AFileThatIsNoTextNamesWhatReadsIt) {
  using namespace std::string_literals;
  const TemporaryFiles files;
  const struct {
    std::string bytes;
    const char *what, *reader;
  } kinds[] = {
      {"\x1f\x8b\x08\0\n"s, "compressed by gzip", "zcat"},
      {"\xfd\x37zXZ\0\n"s, "compressed by xz", "xzcat"},
      {"\x28\xb5\x2f\xfd\n"s, "compressed by zstd", "zstdcat"},
      {"BZh91AY&SY\n"s, "compressed by bzip2", "bzcat"},
      {"PK\x03\x04\n"s, "a zip archive", "unzip -p"},
      {"\xff\xfe"
       "a\0\n\0"s,
       "UTF-16", "iconv -f UTF-16 -t UTF-8"},
      {"\xfe\xff\0a\0\n"s, "UTF-16", "iconv -f UTF-16 -t UTF-8"},
  };
  for (const auto& [bytes, what, reader] : kinds) {
    const std::string path = files.make("f", bytes);
    const std::string message = "'" + path + "' is " + what + ", not text; read it by: " + reader +
                                " " + path + " | distaff ...";
    for (const RecordFormat format :
         {RecordFormat::lines, RecordFormat::csv, RecordFormat::tsv, RecordFormat::jsonl}) {
      for (const std::size_t buffer : {1, 3, 1000}) {
        EXPECT_EQ(refused(path, {.format = format}, buffer), message);
      }
    }
    EXPECT_EQ(refused(path, {.format = RecordFormat::null_ended}), "none");
    EXPECT_EQ(refused(path, {.format = RecordFormat::delimited, .delimiter = ","}), "none");
  }
  for (const char* text : {"BZh9 is a name\n", "PK\n", "\x1f\n", "7zXZ\n", "LZIP\n", "\xff\n",
                           "\xff\xfe\n", "\xfe\xff records of bytes\n", "\x1f\x9d\n"}) {
    EXPECT_EQ(refused(files.make("f", text), {}), "none") << text;
  }
}

TEST(Lines, ALineOfUtf16WithoutAMarkSaysSo) {
  using namespace std::string_literals;
  const Drained drained = drain_text("a\0b\0c\0d\0e\0\n\0f\0g\0h\0i\0j\0\n\0"s, {});
  ASSERT_GE(drained.records.size(), 2u);
  for (const std::size_t i : {0, 1}) {
    EXPECT_NE(drained.records[i].problem.find("UTF-16"), std::string::npos);
  }
  // Too short to tell, and letters that are not Latin: it may be the one or the other.
  for (const std::string& text : {"a\0\n"s, "a\0b\0\n"s, "\0\x3f\x04\x40\x04 \0\n"s}) {
    const std::string problem = drain_text(text, {}).records[0].problem;
    EXPECT_NE(problem.find("use -0"), std::string::npos);
    EXPECT_NE(problem.find("if it is UTF-16"), std::string::npos);
  }
  EXPECT_EQ(drain_text("ab\0cd\0e\n"s, {}).records[0].problem.find("UTF-16"), std::string::npos);
}

// ---- records that are too long

TEST(Lines, LongerThanTheyMayBeAreNoJobsAndTheOthersAre) {
  for (const std::string delimiter : {"\n", ",", "abab"}) {
    for (std::size_t buffer = 1; buffer < 12; ++buffer) {
      const InputSpec spec{
          .format = RecordFormat::delimited, .delimiter = delimiter, .max_record = 5};
      std::string text;
      for (const char* record : {"12345", "123456", "x", "123456789012345678901234", "", "y"}) {
        text += record + delimiter;
      }
      const Drained drained = drain_text(text, spec, buffer);
      ASSERT_EQ(drained.texts(), (Texts{"12345", "", "x", "", "", "y"})) << buffer << delimiter;
      for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(drained.records[i].bytes_lost, i == 1 || i == 3);
        EXPECT_EQ(drained.records[i].problem.empty(), i != 1 && i != 3);
      }
    }
  }
}

TEST(Lines, TheLastOfAFileMayBeTooLong) {
  const TemporaryFiles files;
  InputSpec spec{.files = {files.make("a", "1\n1234567"), files.make("b", "2\n123")},
                 .max_record = 3};
  for (std::size_t buffer = 1; buffer < 12; ++buffer) {
    const Drained drained = drain(*open_source(spec, buffer)->source);
    ASSERT_EQ(drained.texts(), (Texts{"1", "", "2", "123"}));
    EXPECT_EQ(drained.records[1].problem,
              files.path("a") +
                  ":2: record longer than --max-record 3: raise it; its bytes are not kept");
  }
}

// It is told of before its end, which may never come.
TEST(Lines, WithoutEndAreToldOfAtOnceAndSkippedInTurns) {
  auto opened = open_source({.files = {"/dev/zero"}, .max_record = 100}, 64);
  Record record;
  int waits = 0;
  while (opened->source->next(record) == Source::Next::wait) ++waits;
  EXPECT_LT(waits, 5);
  EXPECT_TRUE(record.bytes_lost);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(opened->source->next(record), Source::Next::wait);
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

#include "input/csv_source.h"

#include "input_testing.h"

namespace distaff::csv_source_test {
namespace {

using Texts = std::vector<std::string>;

InputSpec csv(bool header = true) { return {.format = RecordFormat::csv, .header = header}; }

TEST(Csv, TheHeaderNamesTheFields) {
  const TemporaryFiles files;
  InputSpec spec = csv();
  spec.files = {files.make("f", "id,Full Name\n1,Ada\n2,Grace\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, (FieldScheme{FieldScheme::Kind::named, {"id", "Full Name"}, {}}));
  EXPECT_FALSE(opened->empty);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"1", "Ada"}, {"2", "Grace"}}));
  EXPECT_EQ(*drained.records[0].names, (FieldNames{"id", "Full Name"}));
  EXPECT_EQ(drained.records[0].names, drained.records[1].names) << "shared";
}

TEST(Csv, WithoutAHeaderFieldsAreNumbered) {
  const TemporaryFiles files;
  InputSpec spec = csv(false);
  spec.files = {files.make("f", "1,2\n3,4\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme, (FieldScheme{FieldScheme::Kind::numbered, {}, {}}));
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.fields(), (std::vector<Fields>{{"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(drained.records[0].names, nullptr);
}

TEST(Csv, WithoutAHeaderTheFirstRowMayBeLookedAt) {
  const TemporaryFiles files;
  InputSpec spec = csv(false);
  spec.files = {files.make("f", "\n1,2,3\n4,5\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_EQ(first_row_fields(*opened->source), 3U);
  EXPECT_EQ(first_row_fields(*opened->source), 3U);
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"1,2,3", "4,5"}));
  for (const char* none : {"", "\n\n", "\"1"}) {
    spec.files = {files.make("f", none)};
    opened = open_source(spec);
    EXPECT_EQ(first_row_fields(*opened->source), 0U) << none;
    EXPECT_EQ(drain(*opened->source).texts(), Texts{}) << none;
  }
  spec.header = true;
  spec.files = {files.make("f", "a,b\n1,2\n")};
  EXPECT_EQ(first_row_fields(*open_source(spec)->source), 0U);
}

TEST(Csv, TheTextIsTheRowAsItCame) {
  const Drained drained = drain_text("a,b\n\"x, \"\"y\"\"\", z \n\"1\n2\",\"\"\r\nlast,one", csv());
  EXPECT_EQ(drained.texts(), (Texts{"\"x, \"\"y\"\"\", z ", "\"1\n2\",\"\"", "last,one"}));
  EXPECT_EQ(drained.fields(),
            (std::vector<Fields>{{"x, \"y\"", " z "}, {"1\n2", ""}, {"last", "one"}}));
}

TEST(Csv, BlanksAreKept) {
  EXPECT_EQ(drain_text("  a\t, b , \n", csv(false)).fields(),
            (std::vector<Fields>{{"  a\t", " b ", " "}}));
}

TEST(Csv, EmptyRowsAreNoRecordsButAnEmptyFieldIsOne) {
  EXPECT_EQ(drain_text("\n\r\na\n\n1\n\n\"\"\n \n\n", csv()).fields(),
            (std::vector<Fields>{{"1"}, {""}, {" "}}));
}

TEST(Csv, RowsMayBeShorterOrLongerThanTheHeader) {
  EXPECT_EQ(drain_text("a,b\n1\n1,\n1,2,3\n", csv()).fields(),
            (std::vector<Fields>{{"1"}, {"1", ""}, {"1", "2", "3"}}));
}

TEST(Csv, ANulIsAByteLikeAnyOther) {
  using namespace std::string_literals;
  EXPECT_EQ(drain_text("a\nx\0y\n"s, csv()).fields(), (std::vector<Fields>{{"x\0y"s}}));
}

TEST(Csv, CrAloneEndsARowToo) {
  EXPECT_EQ(drain_text("a,b\r1,2\r\r3,4", csv()).fields(),
            (std::vector<Fields>{{"1", "2"}, {"3", "4"}}));
}

TEST(Csv, AByteOrderMarkIsDroppedWhereverTheBufferEnds) {
  for (std::size_t buffer = 1; buffer < 6; ++buffer) {
    EXPECT_EQ(drain_text("\xEF\xBB\xBF\"a\"\n1\n", csv(), buffer).fields(),
              std::vector<Fields>{{"1"}});
    EXPECT_EQ(drain_text("\xEF\xBBx\n", csv(false), buffer).fields(),
              std::vector<Fields>{{"\xEF\xBBx"}});
    EXPECT_EQ(drain_text("\xEF\xBB", csv(false), buffer).fields(),
              std::vector<Fields>{{"\xEF\xBB"}});
    EXPECT_EQ(drain_text("\xEF\xBB\xBF", csv(false), buffer).fields(), std::vector<Fields>{});
  }
}

TEST(Csv, TabsSeparateTsv) {
  EXPECT_EQ(drain_text("a\tb\n1,2\t 3\n", {.format = RecordFormat::tsv}).fields(),
            (std::vector<Fields>{{"1,2", " 3"}}));
}

TEST(Csv, FilesShareOneHeader) {
  const TemporaryFiles files;
  InputSpec spec = csv();
  spec.files = {files.make("a", ""), files.make("b", "x,y\n1,2"), files.make("c", "x,y"),
                files.make("d", "\xEF\xBB\xBF\"x\",y\r\n3,4\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->scheme.names, (FieldNames{"x", "y"}));
  EXPECT_EQ(drain(*opened->source).texts(), (Texts{"1,2", "3,4"}));
}

TEST(Csv, AnotherHeaderNamesItsFile) {
  const TemporaryFiles files;
  InputSpec spec = csv();
  spec.files = {files.make("a", "x,y\n1,2\n"), files.make("b", "\nx,z\n3,4\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), Texts{"1,2"});
  EXPECT_EQ(drained.error,
            (Error{files.path("b") + ":2: the header 'x,z' is not that of " + files.path("a") +
                       ", 'x,y': files read together need the same one",
                   2}));
}

TEST(Csv, NoHeaderAtAllIsTheEndAndSaysSo) {
  const TemporaryFiles files;
  InputSpec spec = csv();
  spec.files = {files.make("a", ""), files.make("b", "\n\n")};
  auto opened = open_source(spec);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->empty);
  EXPECT_EQ(drain(*opened->source).texts(), Texts{});
}

// File and line, and what.
std::string mistake(std::string_view text, std::size_t buffer = 64 << 10) {
  const Drained drained = drain_text(text, csv(), buffer);
  if (!drained.error) return "none";
  EXPECT_EQ(drained.error->status, 2);
  return drained.error->message.substr(drained.error->message.rfind("/in:") + 1);
}

TEST(Csv, AQuoteThatIsNeverClosedNamesTheLineWhereItOpens) {
  for (const std::size_t buffer : {1, 2, 3, 5, 1000}) {
    const std::string what =
        "the quote that opens here is never closed, so what follows is no record";
    EXPECT_EQ(mistake("a\n1\n\"2\n3\n", buffer), "in:3: " + what);
    EXPECT_EQ(mistake("a,b\r\n\"1\r\n2\",\"3\r\n\r\n4", buffer), "in:3: " + what);
    EXPECT_EQ(mistake("a\n1\n2,x\"\"\"y,\"", buffer), "in:3: " + what);
  }
}

TEST(Csv, WhatCameBeforeAMistakeIsGood) {
  EXPECT_EQ(drain_text("a\n1\n2\n\"y\n", csv()).texts(), (Texts{"1", "2"}));
}

// As Python 3 reads the same rows.
TEST(Csv, QuotesInOddPlacesAreTakenAsPythonTakesThem) {
  const struct {
    const char* row;
    Fields fields;
  } rows[] = {
      {R"(1,5" pipe,x)", {"1", "5\" pipe", "x"}},
      {R"(="0012",y)", {"=\"0012\"", "y"}},
      {R"("a" ,b)", {"a ", "b"}},
      {R"( "a",b)", {" \"a\"", "b"}},
      {R"("say \"hi\"",b)", {"say \\hi\\\"\"", "b"}},
      {R"("a""b"c"d,e)", {"a\"bc\"d", "e"}},
      {R"(a"",""b)", {"a\"\"", "b"}},
      {R"(""x"",y)", {"x\"\"", "y"}},
      {R"("","",)", {"", "", ""}},
      {R"(x"y"z)", {"x\"y\"z"}},
  };
  for (const auto& [row, fields] : rows) {
    for (const std::size_t buffer : {1, 2, 3, 1000}) {
      const Drained drained = drain_text(std::string(row) + "\nnext,row\n", csv(false), buffer);
      ASSERT_EQ(drained.fields(), (std::vector<Fields>{fields, {"next", "row"}})) << row;
      EXPECT_EQ(drained.texts()[0], row);
    }
  }
}

// All warnings, each with the file's name alone.
Texts warnings(std::string_view text, InputSpec spec) {
  const TemporaryFiles files;
  spec.files = {files.make("in", text)};
  auto opened = open_source(spec);
  Texts all;
  Record record;
  while (opened->source->next(record) == Source::Next::record) {
    const std::string warning = opened->source->take_warning();
    if (!warning.empty()) all.push_back(warning.substr(files.path("").size(), 5));
  }
  return all;
}

TEST(Csv, OneWarningNamesTheFirstQuoteInAnOddPlace) {
  EXPECT_EQ(warnings("a,b\n1,\"2\n3\"\n4,5\"\n\"6\"7,8\n", csv()), Texts{"in:4:"});
  EXPECT_EQ(warnings("a,b\n1,\"2\"\n\"3\" ,4\n", csv()), Texts{"in:3:"});
  EXPECT_EQ(warnings("a,b\n1,\"\"\n\"3\"\"\",4\n", csv()), Texts{});
}

TEST(Csv, AnotherSeparatorHasTheSameQuotes) {
  InputSpec spec = csv();
  spec.separator = ';';
  EXPECT_EQ(drain_text("a;b\n\"1;2\";3,4\n", spec).fields(), (std::vector<Fields>{{"1;2", "3,4"}}));
  spec.separator = '\t';
  EXPECT_EQ(drain_text("a\tb\n\"1\t2\"\t\"3\n4\"\n", spec).fields(),
            (std::vector<Fields>{{"1\t2", "3\n4"}}));
}

// ---- TSV

InputSpec tsv(bool header = true) { return {.format = RecordFormat::tsv, .header = header}; }

TEST(Tsv, HasNoQuotes) {
  for (const std::size_t buffer : {1, 2, 3, 1000}) {
    const Drained drained = drain_text(
        "size\tnote\n5\" pipe\t\"\n\"\t\"a\"b\"\nx\t\"gene_id \"\"7\"\"; two\"\n", tsv(), buffer);
    EXPECT_EQ(drained.fields(),
              (std::vector<Fields>{
                  {"5\" pipe", "\""}, {"\"", "\"a\"b\""}, {"x", "\"gene_id \"\"7\"\"; two\""}}));
    EXPECT_FALSE(drained.error);
  }
  EXPECT_EQ(warnings("a\n\"\n", tsv()), Texts{});
}

TEST(Tsv, EveryByteButTabAndNewlineIsItself) {
  using namespace std::string_literals;
  EXPECT_EQ(drain_text("a\tb\nx\ry\0\xff,\\t\t \n"s, tsv()).fields(),
            (std::vector<Fields>{{"x\ry\0\xff,\\t"s, " "}}));
}

TEST(Tsv, ACrAtTheEndOfARowIsOfTheLineEndIfTheFirstRowHasOne) {
  for (const std::size_t buffer : {1, 2, 3, 1000}) {
    const Drained windows = drain_text("a\tb\r\n1\t2\r\n\r\n3\t\r\n4\t5", tsv(), buffer);
    EXPECT_EQ(windows.fields(), (std::vector<Fields>{{"1", "2"}, {"3", ""}, {"4", "5"}}));
    EXPECT_EQ(windows.texts(), (Texts{"1\t2", "3\t", "4\t5"}));
    EXPECT_EQ(drain_text("a\tb\n1\t2\r\n\n", tsv(), buffer).fields(),
              (std::vector<Fields>{{"1", "2\r"}}));
  }
}

// ---- records that are too long

TEST(Csv, ARowLongerThanItMayBeIsNoJobAndTheOthersAre) {
  for (const std::size_t buffer : {1, 2, 3, 5, 1000}) {
    InputSpec spec = csv();
    spec.max_record = 7;
    const Drained drained =
        drain_text("a,b\n123,567\n1234,678\n\"9\n0,\"\"\",11111\n\n1,2\n", spec, buffer);
    ASSERT_EQ(drained.records.size(), 4u);
    EXPECT_EQ(drained.texts(), (Texts{"123,567", "", "", "1,2"}));
    EXPECT_EQ(drained.records[1].problem.substr(drained.records[1].problem.rfind("/in:") + 1),
              "in:3: record longer than --max-record 7: raise it; its bytes are not kept");
    EXPECT_TRUE(drained.records[1].bytes_lost);
    EXPECT_TRUE(drained.records[2].fields.empty());
    EXPECT_FALSE(drained.records[3].bytes_lost);
  }
}

TEST(Csv, AnOpenQuoteThatTakesTooMuchNamesItsLine) {
  InputSpec spec = csv();
  spec.max_record = 20;
  const Drained drained = drain_text("a,b\n1,\"2\n" + std::string(100, 'x') + "\n3,4\n", spec, 16);
  ASSERT_EQ(drained.records.size(), 1u);
  EXPECT_NE(drained.records[0].problem.find("raise it, or close the quote of line 2; its bytes"),
            std::string::npos)
      << drained.records[0].problem;
  ASSERT_TRUE(drained.error);
  EXPECT_NE(drained.error->message.find("/in:2: the quote that opens here is never closed"),
            std::string::npos);
}

TEST(Csv, WithoutAHeaderTheFirstRowMayBeTooLong) {
  InputSpec spec = csv(false);
  spec.max_record = 4;
  const TemporaryFiles files;
  spec.files = {files.make("f", "1,2,3\n4,5\n")};
  auto opened = open_source(spec);
  EXPECT_EQ(first_row_fields(*opened->source), 0u);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), (Texts{"", "4,5"}));
  EXPECT_NE(drained.records[0].problem, "");
  spec.header = true;
  EXPECT_EQ(open_source(spec).error().message,
            files.path("f") + ":1: the header is longer than --max-record 4: raise it");
}

// ---- random rows

struct Written {
  std::string text;
  Texts rows;
  std::vector<Fields> fields;
};

std::string quoted(const std::string& field) {
  std::string result = "\"";
  for (const char c : field) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

Written write_csv(Dice& dice) {
  using namespace std::string_literals;
  const std::string letters = "ab,\"\n\r \t\xc3\0"s;
  Written written;
  for (std::size_t rows = dice.below(6); rows > 0; --rows) {
    std::string row;
    Fields fields;
    const std::size_t count = 1 + dice.below(4);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string field = dice.text(letters, 6);
      const bool must =
          field.find_first_of(",\"\n\r") != std::string::npos || (field.empty() && count == 1);
      if (i > 0) row += ',';
      row += must || dice.one_in(3) ? quoted(field) : field;
      fields.emplace_back(field);
    }
    written.text += row;
    const bool last_without_end = rows == 1 && dice.one_in(2);
    if (!last_without_end) written.text += dice.one_in(2) ? "\n" : "\r\n";
    if (dice.one_in(5) && !last_without_end) written.text += dice.one_in(2) ? "\n" : "\r\n";
    written.rows.push_back(row);
    written.fields.push_back(fields);
  }
  return written;
}

TEST(Csv, ReadsWhatWasWrittenWhereverTheBuffersEnd) {
  const std::uint32_t seed = random_seed();
  SCOPED_TRACE("DISTAFF_SEED=" + std::to_string(seed));
  Dice dice(seed);
  for (int i = random_cases(300); i > 0; --i) {
    const Written written = write_csv(dice);
    const std::size_t buffer = 1 + dice.below(12);
    const Drained drained = drain_text(written.text, csv(false), buffer);
    ASSERT_FALSE(drained.error) << drained.error->message << "\n" << written.text;
    ASSERT_EQ(drained.fields(), written.fields) << written.text;
    ASSERT_EQ(drained.texts(), written.rows) << written.text;
  }
}

}  // namespace
}  // namespace distaff::csv_source_test

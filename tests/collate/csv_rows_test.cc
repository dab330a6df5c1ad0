#include "collate/csv_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collate/row_testing.h"

namespace distaff::csv_rows_test {
namespace {

using namespace std::chrono_literals;
using Table = std::vector<std::vector<std::string>>;
using Kind = FieldScheme::Kind;

// As RFC 4180 has it, with \n for CR LF.
Table parse(const std::string& csv) {
  Table table(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    std::string& value = table.back().back();
    if (quoted && c == '"' && i + 1 < csv.size() && csv[i + 1] == '"') {
      value += csv[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ',' && c != '\n')) {
      EXPECT_TRUE(quoted || c != '\r');
      value += c;
    } else if (c == ',') {
      table.back().emplace_back();
    } else if (i + 1 < csv.size()) {
      table.emplace_back(1);
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(csv.back(), '\n');
  return table;
}

const std::string kOurs =
    "seq,attempts,exit,signal,run_s,user_s,sys_s,max_rss_kib,slot,group,error,stdout,stderr\n";

TEST(CsvRows, AreWhatASpreadsheetReads) {
  CsvRows rows({Kind::named, {"server", "db"}, {}}, false);
  EXPECT_EQ(rows.header(), "server,db," + kOurs);
  const auto names = names_of({"server", "db"});
  Job job = job_of(row_of(names, {"A", "d1"}), 3);
  job.key = "A";
  std::minstd_rand random(1);
  const Attempt attempt{Outcome::exited(0), {100ms, 20ms, 3ms, 512}};
  EXPECT_EQ(finish_row(rows, rows.head(job, attempt, 1, 2), "done\n", "", random),
            "A,d1,3,1,0,,0.100000,0.020000,0.003000,512,2,A,,\"done\n\",\"\"\n");
}

TEST(CsvRows, OfAJobThatNeverRanSayWhy) {
  CsvRows rows({Kind::named, {"a", "b", "c"}, {}}, false);
  const Job job = job_of(row_of(names_of({"a", "b", "c"}), {"", std::nullopt}));
  std::minstd_rand random(1);
  const std::string head = rows.head(job, {Outcome::not_started(0, "no \"c\", no b"), {}}, 0, 1);
  EXPECT_EQ(finish_row(rows, head, "", "", random),
            "\"\",,,1,0,,,,,,,,,\"could not start: no \"\"c\"\", no b\",\"\",\"\"\n");
}

TEST(CsvRows, HaveTheColumnsThatAreKnownBeforeTheFirstRecord) {
  EXPECT_EQ(CsvRows({Kind::numbered, {}, 3}, false).header(), "1,2,3," + kOurs);
  EXPECT_EQ(CsvRows({Kind::numbered, {}, {}}, false).header(), "record," + kOurs);
  EXPECT_EQ(CsvRows({Kind::open, {}, {}}, false).header(), "record," + kOurs);
  EXPECT_EQ(CsvRows({}, false).header(), "record," + kOurs);
  EXPECT_EQ(CsvRows({Kind::named, {"a"}, {}}, true).header(), "record," + kOurs);
}

TEST(CsvRows, WithoutColumnsOfTheInputHaveItsText) {
  CsvRows rows({Kind::open, {}, {}}, false);
  const Table table = parse(whole_row(rows, job_of(row_of(names_of({"a"}), {"x"}))));
  EXPECT_EQ(table[0][0], "the row as it came");

  CsvRows batches({Kind::named, {"a"}, {}}, true);
  Job job = job_of(line("1"));
  job.records.push_back(line("2"));
  EXPECT_EQ(parse(whole_row(batches, job))[0][0], "1 2");
}

TEST(CsvRows, LeaveTheirNameToAColumnOfTheInput) {
  const CsvRows rows({Kind::named, {"exit", "job_exit", "a,b", "stdout"}, {}}, false);
  const std::vector<std::string> names = parse(rows.header())[0];
  EXPECT_EQ(names[2], "a,b");
  EXPECT_EQ(names[6], "job_job_exit");
  EXPECT_EQ(names[15], "job_stdout");
  EXPECT_EQ(names[16], "stderr");
}

TEST(CsvRows, LeaveOutWhatHasNoColumn) {
  CsvRows rows({Kind::named, {"a"}, {}}, false);
  const Table table = parse(whole_row(rows, job_of(row_of(names_of({"a"}), {"1", "more"}), 9)));
  EXPECT_EQ(table[0][0], "1");
  EXPECT_EQ(table[0][1], "9");
}

TEST(CsvRows, QuoteWhatWouldBeReadAsSomethingElse) {
  CsvRows rows({}, false);
  const auto first = [&](const std::string& record) {
    const std::string row = whole_row(rows, job_of(line(record)));
    return row.substr(0, row.find(",1,1,0,"));
  };
  EXPECT_EQ(first("a b"), "a b");
  EXPECT_EQ(first("it's"), "it's");
  EXPECT_EQ(first(""), "\"\"");
  EXPECT_EQ(first("a,b"), "\"a,b\"");
  EXPECT_EQ(first("\""), "\"\"\"\"");
  EXPECT_EQ(first("a\nb"), "\"a\nb\"");
  EXPECT_EQ(first("a\r"), "\"a\r\"");
  EXPECT_EQ(first(" a"), "\" a\"");
  EXPECT_EQ(first("a\t"), "\"a\t\"");
}

TEST(CsvRows, GiveBackAllBytesWhateverTheyAre) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);
  for (int i = 0; i < 2000; ++i) {
    FieldNames names;
    std::vector<std::optional<std::string>> fields;
    for (std::size_t left = 1 + random() % 4; left > 0; --left) {
      names.push_back(random_bytes(random));
      fields.emplace_back(random_bytes(random));
    }
    const std::string out = random_bytes(random) + random_bytes(random);
    const std::string err = random_bytes(random);
    CsvRows rows({Kind::named, names, {}}, false);
    const Job job = job_of(row_of(names_of(names), fields));
    const std::string head = rows.head(job, exited(0), 1, 1);
    const Table table = parse(rows.header() + finish_row(rows, head, out, err, random));
    ASSERT_EQ(table.size(), 2u);
    ASSERT_EQ(table[0].size(), table[1].size());
    for (std::size_t j = 0; j < names.size(); ++j) {
      EXPECT_EQ(table[0][j], names[j]);
      EXPECT_EQ(table[1][j], *fields[j]);
    }
    EXPECT_EQ(table[1][table[1].size() - 2], out);
    EXPECT_EQ(table[1].back(), err);
  }
}

}  // namespace
}  // namespace distaff::csv_rows_test

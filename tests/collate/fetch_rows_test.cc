#include "collate/fetch_rows.h"

#include <gtest/gtest.h>

namespace distaff::fetch_rows_test {
namespace {

using namespace std::chrono_literals;

Attempt fetched() {
  Response response;
  response.url = "https://user:pw@b.example/x,y";
  response.status = 200;
  response.mime = "text/html";
  response.bytes = 1234;
  response.path = "pages/x.html";
  response.etag = "\"e\"";
  response.last_modified = "Mon, 02 Nov 2026 10:00:00 GMT";
  response.note = "is no gzip, kept as it came";
  Attempt attempt{Outcome::responded(200), {.wall = 1234567us}};
  attempt.response = std::make_shared<Response>(response);
  return attempt;
}

Job job_of(std::string text, std::vector<std::optional<std::string>> fields = {}) {
  Record record;
  record.text = std::move(text);
  record.fields = std::move(fields);
  Job job;
  job.records = {record};
  return job;
}

FetchRows::Options options(bool json, RecordFormat input, FieldScheme scheme = {}) {
  return {.json = json,
          .input = input,
          .rows_as_they_are = input == RecordFormat::csv,
          .scheme = std::move(scheme),
          .input_header = {},
          .url_of = [](const Job&) { return std::string("https://a.example/"); }};
}

FieldScheme named(FieldNames names) {
  return {.kind = FieldScheme::Kind::named, .names = std::move(names), .count = {}};
}

constexpr char kOurs[] =
    R"(https://a.example/,"https://user:***@b.example/x,y",200,,2,text/html,1234,1.235,)"
    R"(pages/x.html,"""e""","Mon, 02 Nov 2026 10:00:00 GMT","is no gzip, kept as it came")"
    "\n";

TEST(FetchRows, OfLinesHaveOurColumnsAlone) {
  FetchRows rows(options(false, RecordFormat::lines));
  EXPECT_EQ(
      rows.header(),
      "url,final_url,status,error,attempts,mime,bytes,seconds,path,etag,last_modified,note\n");
  EXPECT_EQ(rows.head(job_of("https://a.example/"), fetched(), 2, 1), kOurs);
}

TEST(FetchRows, CopyCsvAsItCameAndGiveWayToItsNames) {
  auto made = options(false, RecordFormat::csv, named({"id", "url"}));
  made.input_header = "\"id\",url";
  FetchRows rows(made);
  EXPECT_TRUE(rows.header().starts_with("\"id\",url,fetch_url,final_url,status,")) << rows.header();
  EXPECT_EQ(rows.head(job_of("\"1\",\"x\"\"\n\"", {"1", "x\"\n"}), fetched(), 2, 1),
            std::string("\"1\",\"x\"\"\n\",") + kOurs);
  EXPECT_EQ(rows.head(job_of("7", {"7"}), fetched(), 2, 1), std::string("7,,") + kOurs);
}

// A server may say what it likes, and a list hold it.
TEST(FetchRows, ShowATerminalNoControlCharacters) {
  Attempt attempt = fetched();
  Response response = *attempt.response;
  response.mime = "text/\x1b[31m";
  response.etag = "a\u202eb\u0085c\U000e0041";
  attempt.response = std::make_shared<Response>(response);
  auto csv = options(false, RecordFormat::csv, named({"id"}));
  csv.input_header = "\x1b]0;id\x07";
  csv.on_terminal = true;
  FetchRows rows(csv);
  EXPECT_TRUE(rows.header().starts_with("\\x1b]0;id\\x07,url,"));
  const std::string row = rows.head(job_of("1\x1b", {"1\x1b"}), attempt, 1, 1);
  EXPECT_TRUE(row.starts_with("1\\x1b,https:"));
  EXPECT_NE(row.find(",text/\\x1b[31m,"), row.npos);
  EXPECT_NE(row.find(",a\\u202eb\\xc2\\x85c\\ue0041,"), row.npos);
  EXPECT_TRUE(row.ends_with("\n"));
  // An object stays one, with the same in it.
  auto json = options(true, RecordFormat::lines);
  json.on_terminal = true;
  FetchRows objects(json);
  const std::string object = objects.head(job_of("x"), attempt, 1, 1);
  EXPECT_NE(object.find(R"("a\u202eb\u0085c\udb40\udc41")"), object.npos) << object;
  json.on_terminal = false;
  FetchRows exact(json);
  EXPECT_NE(exact.head(job_of("x"), attempt, 1, 1).find("a\u202eb"), object.npos);
}

TEST(FetchRows, NumberTheColumnsOfATableWithoutAHeader) {
  for (const std::size_t count : {1, 3}) {
    FieldScheme scheme{.kind = FieldScheme::Kind::numbered, .names = {}, .count = count};
    FetchRows rows(options(false, RecordFormat::csv, scheme));
    const std::string before = count == 1 ? "1" : "1,2,3";
    EXPECT_TRUE(rows.header().starts_with(before + ",url,final_url,")) << rows.header();
    EXPECT_EQ(rows.head(job_of("\"a\"", {"a"}), fetched(), 2, 1),
              (count == 1 ? "\"a\"," : "\"a\",,,") + std::string(kOurs));
    FetchRows objects(options(true, RecordFormat::csv, scheme));
    const std::string nulls = count == 1 ? "" : R"(,"2":null,"3":null)";
    EXPECT_TRUE(objects.head(job_of("\"a\"", {"a"}), fetched(), 2, 1)
                    .starts_with(R"({"1":"a")" + nulls + R"(,"url")"));
  }
}

TEST(FetchRows, ShowNoSecretsAndRoundTheTime) {
  auto made = options(false, RecordFormat::lines);
  made.url_of = [](const Job&) { return std::string("https://u:pw@b.example/?token=x"); };
  FetchRows rows(made);
  Response response;
  response.url = "https://u:pw@b.example/?token=x";
  response.status = 200;
  Attempt attempt = fetched();
  attempt.response = std::make_shared<Response>(response);
  const std::string shown = "https://u:***@b.example/?token=***";
  const std::pair<Duration, std::string> times[] = {
      {0s, "0.000"},       {499us, "0.000"},    {1501us, "0.002"},      {10ms, "0.010"},
      {999499us, "0.999"}, {999501us, "1.000"}, {3661050ms, "3661.050"}};
  for (const auto& [time, text] : times) {
    attempt.usage.wall = time;
    EXPECT_EQ(rows.head(job_of("x"), attempt, 1, 1),
              shown + "," + shown + ",200,,1,,0," + text + ",,,,\n");
  }
}

TEST(FetchRows, SayWhyThereIsNoResponse) {
  FetchRows rows(options(false, RecordFormat::lines));
  const Attempt broken{Outcome::broken(Outcome::Broken::connect, "refused by 127.0.0.1"), {}};
  EXPECT_EQ(rows.head(job_of("x"), broken, 1, 1),
            "https://a.example/,,,no connection: refused by 127.0.0.1,1,,,0.000,,,,\n");
  const Attempt bad{Outcome::not_started(0, "'x' is no URL"), {}};
  EXPECT_EQ(rows.head(job_of("x"), bad, 0, 1), "https://a.example/,,,'x' is no URL,0,,,,,,,\n");
}

TEST(FetchRows, AreObjectsWithWhatTheInputsObjectSaid) {
  FetchRows rows(options(true, RecordFormat::jsonl, {.kind = FieldScheme::Kind::open}));
  const std::string row = rows.head(job_of(R"({ "url":"u", "n": 1.50 })"), fetched(), 1, 1);
  EXPECT_TRUE(row.starts_with(R"({"url":"u", "n": 1.50,"fetch_url":"https://a.example/",)"
                              R"("final_url":"https://user:***@b.example/x,y","status":200,)"
                              R"("error":null,"attempts":1,)"))
      << row;
  EXPECT_TRUE(row.ends_with("came\"}\n")) << row;
}

// What is more than the columns stands behind ours.
TEST(FetchRows, KeepWhatARowHasBeyondItsColumns) {
  auto made = options(false, RecordFormat::csv, named({"id", "url"}));
  FetchRows copied(made);
  EXPECT_EQ(
      copied.head(job_of("1,\"x,\"\"\",\"a, \"\"b\",,c\"d", {"1", "x,\"", "a, \"b", "", "c\"d"}),
                  fetched(), 2, 1),
      "1,\"x,\"\"\"," + std::string(kOurs).substr(0, sizeof kOurs - 2) + ",\"a, \"\"b\",,c\"d\n");
  for (const RecordFormat format : {RecordFormat::tsv, RecordFormat::csv}) {
    made.input = format;
    made.rows_as_they_are = false;
    FetchRows rows(made);
    EXPECT_EQ(rows.head(job_of("1\tx\ta,b\t\tc", {"1", "x", "a,b", "", "c"}), fetched(), 2, 1),
              "1,x," + std::string(kOurs).substr(0, sizeof kOurs - 2) + ",\"a,b\",\"\",c\n");
  }
  FetchRows numbered(options(false, RecordFormat::csv,
                             {.kind = FieldScheme::Kind::numbered, .names = {}, .count = 1}));
  EXPECT_TRUE(numbered.head(job_of("a,b", {"a", "b"}), fetched(), 2, 1).ends_with(",b\n"));
  made.json = true;
  FetchRows objects(made);
  EXPECT_TRUE(objects.head(job_of("", {"1", "x", "3", "y"}), fetched(), 2, 1)
                  .starts_with(R"({"id":"1","url":"x","3":"3","4":"y","fetch_url":)"));
}

TEST(FetchRows, LoseNoFieldWhoseNameIsTaken) {
  const auto made = options(true, RecordFormat::csv, named({"url", "a", "a", "6", "4"}));
  EXPECT_TRUE(FetchRows(made)
                  .head(job_of("", {"u", "1", "2", "3", "4", "5", "6", "7"}), fetched(), 2, 1)
                  .starts_with(R"({"url":"u","a":"1","3":"2","6":"3","4":"4","column_6":"5",)"
                               R"("7":"6","8":"7","fetch_url":)"));
}

TEST(FetchRows, AreObjectsWithTheFieldsOfATable) {
  FetchRows rows(options(true, RecordFormat::tsv, named({"a", "b"})));
  Job job = job_of("1\t\xff", {"1", "\xff"});
  job.records[0].names = std::make_shared<FieldNames>(FieldNames{"a", "b"});
  EXPECT_TRUE(rows.head(job, fetched(), 1, 1).starts_with(R"({"a":"1","b_b64":"/w==","url":)"));
}

}  // namespace
}  // namespace distaff::fetch_rows_test

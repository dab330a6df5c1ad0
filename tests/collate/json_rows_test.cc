#include "collate/json_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "collate/row_testing.h"

namespace distaff::json_rows_test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

// One line, one object, no name twice.
Json parse(const std::string& row) {
  EXPECT_EQ(row.find('\n'), row.size() - 1) << row;
  std::set<std::string> seen;
  const auto once = [&](int depth, Json::parse_event_t event, Json& value) {
    EXPECT_LE(depth, 1);
    if (event == Json::parse_event_t::key) {
      EXPECT_TRUE(seen.insert(value.get<std::string>()).second) << value << " twice in " << row;
    }
    return true;
  };
  Json object;
  EXPECT_NO_THROW(object = Json::parse(row, once)) << row;
  EXPECT_TRUE(object.is_object());
  return object;
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}

std::string decode(const std::string& text) {
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  EXPECT_EQ(text.size() % 4, 0u);
  unsigned bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 255);
  }
  return bytes;
}

// The bytes of a column, however they are written.
std::optional<std::string> bytes_of(const Json& object, const std::string& name) {
  if (!object.contains(name)) return decode(object.at(name + "_b64").get<std::string>());
  if (object.at(name).is_null()) return std::nullopt;
  return object.at(name).get<std::string>();
}

TEST(JsonRows, TellsTheRecordThenWhatBecameOfItThenWhatItWrote) {
  JsonRows rows({});
  Job job = job_of(line("a b"), 7);
  job.key = "host";
  const Attempt attempt{Outcome::exited(3), {1500ms, 20ms, 1us, 4096}};
  std::minstd_rand random(1);
  EXPECT_EQ(finish_row(rows, rows.head(job, attempt, 2, 5), "one\ntwo\n", "", random),
            R"({"record":"a b","seq":7,"attempts":2,"exit":3,"signal":null,"run_s":1.500000,)"
            R"("user_s":0.020000,"sys_s":0.000001,"max_rss_kib":4096,"slot":5,"group":"host",)"
            R"("error":null,"stdout":"one\ntwo\n","stderr":""})"
            "\n");
}

TEST(JsonRows, SayWhatHappenedToJobsWithoutAnExitStatus) {
  JsonRows rows({});
  const Job job = job_of(line("x"));
  Json row = parse(whole_row(rows, job, {Outcome::signalled(9), {}}));
  EXPECT_TRUE(row["exit"].is_null());
  EXPECT_EQ(row["signal"], 9);
  EXPECT_TRUE(row["error"].is_null());

  row = parse(whole_row(rows, job, {{Outcome::Kind::timed_out, 0, {}}, {}}));
  EXPECT_TRUE(row["exit"].is_null());
  EXPECT_TRUE(row["signal"].is_null());
  EXPECT_EQ(row["error"], "timed out");

  row = parse(whole_row(rows, job, {Outcome::cancelled("the run stopped"), {}}));
  EXPECT_EQ(row["error"], "cancelled: the run stopped");
}

TEST(JsonRows, OfAJobThatNeverRanHaveNoTimes) {
  JsonRows rows({});
  std::minstd_rand random(1);
  const std::string head =
      rows.head(job_of(line("x")), {Outcome::not_started(2, "no such program"), {}}, 0, 1);
  const Json row = parse(finish_row(rows, head, "", "", random));
  EXPECT_EQ(row["attempts"], 0);
  for (const char* name : {"exit", "signal", "run_s", "user_s", "sys_s", "max_rss_kib", "slot"}) {
    EXPECT_TRUE(row[name].is_null()) << name;
  }
  EXPECT_EQ(row["error"], "could not start: no such program");
  EXPECT_EQ(row["stdout"], "");
}

TEST(JsonRows, HaveTheFieldsOfARecordByName) {
  JsonRows rows({});
  const Json row = parse(
      whole_row(rows, job_of(row_of(names_of({"id", "na me", "last"}), {"7", std::nullopt}))));
  EXPECT_EQ(keys(row)[0], "id");
  EXPECT_EQ(row["id"], "7");
  EXPECT_TRUE(row["na me"].is_null());
  EXPECT_TRUE(row["last"].is_null());
  EXPECT_FALSE(row.contains("record"));
}

TEST(JsonRows, HaveFieldsWithoutNamesByNumber) {
  JsonRows rows({});
  Json row = parse(whole_row(rows, job_of(row_of(nullptr, {"a", "b"}))));
  EXPECT_EQ(row["1"], "a");
  EXPECT_EQ(row["2"], "b");
  row = parse(whole_row(rows, job_of(row_of(nullptr, {"a", "b", "c"}))));
  EXPECT_EQ(row["3"], "c");
  row = parse(whole_row(rows, job_of(row_of(nullptr, {"a"}))));
  EXPECT_FALSE(row.contains("2"));
  row = parse(whole_row(rows, job_of(row_of(names_of({"x"}), {"a", "more"}))));
  EXPECT_EQ(row["x"], "a");
  EXPECT_EQ(row["2"], "more");
}

TEST(JsonRows, OfBatchesHaveTheTextsOfTheirRecords) {
  JsonRows rows({.batched = true});
  Job job = job_of(row_of(names_of({"id"}), {"7"}));
  job.records[0].text = "7,x";
  job.records.push_back(line("8,y"));
  const Json row = parse(whole_row(rows, job));
  EXPECT_EQ(row["record"], "7,x 8,y");
  EXPECT_FALSE(row.contains("id"));
}

TEST(JsonRows, LeaveTheirNameToAColumnOfTheInput) {
  JsonRows rows({});
  const auto names = names_of({"exit", "stdout", "seq", "job_seq", "stderr_b64", "run"});
  const Json row = parse(whole_row(rows, job_of(row_of(names, {"e", "o", "s", "j", "b", "r"}), 4),
                                   exited(1), "out", "err"));
  EXPECT_EQ(row["exit"], "e");
  EXPECT_EQ(row["job_exit"], 1);
  EXPECT_EQ(row["stdout"], "o");
  EXPECT_EQ(row["job_stdout"], "out");
  EXPECT_EQ(row["seq"], "s");
  EXPECT_EQ(row["job_seq"], "j");
  EXPECT_EQ(row["job_job_seq"], 4);
  EXPECT_EQ(row["stderr_b64"], "b");
  EXPECT_EQ(row["job_stderr"], "err");
  EXPECT_EQ(row["run"], "r");
}

TEST(JsonRows, AreWrittenWithTheirOwnNamesInWhateverOrderTheyWereMade) {
  JsonRows rows({});
  std::minstd_rand random(1);
  const std::string first = rows.head(job_of(row_of(names_of({"stdout"}), {"x"})), exited(0), 1, 1);
  const std::string second = rows.head(job_of(row_of(names_of({"id"}), {"y"})), exited(0), 1, 1);
  const Json later = parse(finish_row(rows, second, "2", "", random));
  EXPECT_EQ(later["id"], "y");
  EXPECT_EQ(later["stdout"], "2");
  const Json earlier = parse(finish_row(rows, first, "1", "", random));
  EXPECT_EQ(earlier["stdout"], "x");
  EXPECT_EQ(earlier["job_stdout"], "1");
}

TEST(JsonRows, NameASecondColumnOfOneName) {
  JsonRows rows({});
  const auto names = names_of({"a", "a", "a_2", "a", "a_b64"});
  const Json row = parse(whole_row(rows, job_of(row_of(names, {"1", "2", "3", "4", "\xff"}))));
  EXPECT_EQ(row["a"], "1");
  EXPECT_EQ(row["a_3"], "2");
  EXPECT_EQ(row["a_2"], "3");
  EXPECT_EQ(row["a_4"], "4");
  EXPECT_EQ(row["a_b64_b64"], "/w==");
  const Json binary = parse(whole_row(rows, job_of(row_of(names, {"\xff", "2", "3", "4", "5"}))));
  EXPECT_EQ(binary["a_b64"], "5");
  EXPECT_EQ(binary["a_b64_2"], "/w==");
}

TEST(JsonRows, WriteWhatIsNoUtf8InBase64) {
  JsonRows rows({});
  Job job = job_of(line("caf\xe9"));
  job.key = "\xfe";
  const Json row = parse(
      whole_row(rows, job, {Outcome::not_started(2, "\xfd"), {}}, "\xff\xfe\xfd", "\xc3\xa9"));
  EXPECT_EQ(row["record_b64"], "Y2Fm6Q==");
  EXPECT_EQ(row["group_b64"], "/g==");
  EXPECT_TRUE(row.contains("error_b64"));
  EXPECT_EQ(row["stdout_b64"], "//79");
  EXPECT_EQ(row["stderr"], "\xc3\xa9");
  for (const char* name : {"record", "group", "error", "stdout", "stderr_b64"}) {
    EXPECT_FALSE(row.contains(name)) << name;
  }
}

TEST(JsonRows, EscapeANameThatIsNoUtf8) {
  JsonRows rows({});
  const Json row =
      parse(whole_row(rows, job_of(row_of(names_of({"caf\xe9", "a\tb"}), {"1", "2"}))));
  EXPECT_EQ(row["caf\\xe9"], "1");
  EXPECT_EQ(row["a\tb"], "2");
}

TEST(JsonRows, OfAJobAloneEndWithTheRun) {
  JsonRows rows({.run = "12-34"});
  std::string row;
  rows.begin(rows.head(job_of(row_of(names_of({"run"}), {"x"})), exited(0), 1, 1), row);
  rows.tail(row);
  EXPECT_TRUE(row.ends_with(R"(,"job_run":"12-34"})"
                            "\n"))
      << row;
  EXPECT_EQ(parse(row)["run"], "x");
}

TEST(JsonRows, GiveBackAllBytesWhateverTheyAre) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);
  static const FieldNames likely{"a",          "a_b64",      "a_2",  "stdout",
                                 "stdout_b64", "job_stdout", "exit", ""};
  JsonRows rows({});
  for (int i = 0; i < 2000; ++i) {
    FieldNames names;
    std::vector<std::optional<std::string>> fields;
    std::set<std::string> distinct;
    for (std::size_t left = 1 + random() % 5; left > 0; --left) {
      names.push_back(random() % 2 ? likely[random() % likely.size()] : random_bytes(random));
      distinct.insert(names.back());
      fields.emplace_back();
      if (random() % 4 > 0) fields.back() = random_bytes(random);
    }
    const std::string out = random_bytes(random) + random_bytes(random);
    const std::string err = random_bytes(random);
    const std::string head = rows.head(job_of(row_of(names_of(names), fields)), exited(0), 1, 1);
    const Json row = parse(finish_row(rows, head, out, err, random));
    ASSERT_EQ(row.size(), names.size() + kJobColumns.size() + 2);

    // By place: each column is where it was, and has its bytes.
    const std::vector<std::string> all = keys(row);
    for (std::size_t j = 0; j < names.size(); ++j) {
      const Json& value = row.at(all[j]);
      if (!fields[j]) {
        EXPECT_TRUE(value.is_null());
      } else if (is_valid_utf8(*fields[j])) {
        EXPECT_EQ(value.get<std::string>(), *fields[j]);
      } else {
        EXPECT_EQ(decode(value.get<std::string>()), *fields[j]);
      }
      if (distinct.size() == names.size() && is_valid_utf8(names[j]) && fields[j] &&
          is_valid_utf8(*fields[j])) {
        EXPECT_EQ(all[j], names[j]);
      }
    }
    std::string name = "stdout";
    while (distinct.count(name) + distinct.count(name + "_b64") > 0) name = "job_" + name;
    if (distinct.size() == names.size()) {
      EXPECT_EQ(bytes_of(row, name), out);
    }
  }
}

}  // namespace
}  // namespace distaff::json_rows_test

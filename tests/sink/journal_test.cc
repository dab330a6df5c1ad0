#include "sink/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include "sink/job_log.h"
#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::journal_test {
namespace {

using namespace std::chrono_literals;
using Line = JournalLine;

constexpr std::string_view kId = "00112233445566778899aabbccddeeff";

TimePoint at(Duration time) { return TimePoint{time}; }

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string job_line(std::string_view rest = R"("outcome":"success")") {
  return R"({"type":"job","id":")" + std::string(kId) + R"(",)" + std::string(rest) + "}";
}

// ---- a line

TEST(JournalLine, OfAJobIsReadAsItIsWritten) {
  const auto line = read_journal_line(job_line(R"("outcome":"success","seq":1)"));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->kind, Line::Kind::job);
  EXPECT_EQ(line->identity, (Identity{0x0011223344556677, 0x8899aabbccddeeff}));
  EXPECT_EQ(line->outcome, Line::Outcome::success);
  EXPECT_EQ(line->command, 0u);
  EXPECT_EQ(read_journal_line(job_line(R"("command":"0000beef","outcome":"failed")"))->command,
            0xbeefu);
}

TEST(JournalLine, IsReadInAnyOrderAndWithBlanksToo) {
  const std::string id(kId);
  const auto plain = read_journal_line(job_line(R"("outcome":"failed")"));
  for (const std::string& text :
       {R"( { "outcome" : "failed" , "id" : ")" + id + R"(" , "type" : "job" } )",
        R"({"argv":["}","\"outcome\":\"success\"",{"type":"run"}],"id":")" + id +
            R"(","outcome":"failed","record":"\",\"id\":\"x","type":"job","seq":1})",
        R"({"a":null,"b":-1.5,"id":")" + id + R"(","type":"job","outcome":"failed"})" + "\r"}) {
    EXPECT_EQ(read_journal_line(text), plain) << text;
  }
}

TEST(JournalLine, ThatIsNotOursOrNotWholeIsNone) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{}"), std::string("# note"),
        std::string("[1]"), std::string(R"({"type":"job"})"),
        std::string(R"({"type":"job","id":"0123","outcome":"success"})"),
        std::string(
            R"({"type":"job","id":"00000000000000000000000000000000","outcome":"success"})"),
        std::string(R"({"type":"run"})"), std::string(R"({"type":"other","journal":1})"),
        job_line() + "x", job_line().substr(0, 60)}) {
    EXPECT_FALSE(read_journal_line(text)) << text;
  }
  const std::string whole = job_line(R"("outcome":"success","argv":["a","b\"c"],"exit":0)");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_journal_line(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(JournalLine, TellsWhatIsNeitherSuccessNorFailure) {
  for (const char* outcome : {"retried", "cancelled", "something new"}) {
    const auto line = read_journal_line(job_line(R"("outcome":")" + std::string(outcome) + '"'));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->outcome, Line::Outcome::other);
  }
}

// ---- a file

class JournalTest : public testing::Test {
 protected:
  JournalTest() { signal(SIGXFSZ, SIG_IGN); }

  Expected<std::unique_ptr<Journal>> open() {
    seen.clear();
    return Journal::open(
        {.file = path, .run = "r1", .version = "1", .command_of = {}, .keep_places = keep_places},
        [this](const Line& line) { seen.push_back(line); }, at(0s));
  }

  AttemptReport report(const Outcome& outcome, bool failed) {
    result.outcome = outcome;
    return {.job = job,
            .attempt = 1,
            .slot = 2,
            .result = result,
            .failed = failed,
            .again_in = {},
            .read = at(1s),
            .started = at(1500ms),
            .bytes = {3, 4},
            .launch = &launch};
  }

  TempDir dir;
  std::string path = dir / "j";
  bool keep_places = false;
  std::vector<Line> seen;
  Job job{.id = JobId{17}, .records = {{.text = "a b"}}, .identity = {1, 2}};
  Launch launch{.argv = {"work", "a b"}};
  Attempt result;
};

TEST_F(JournalTest, WritesALineForTheRunItsJobsAndTheEnd) {
  {
    auto journal = open();
    ASSERT_TRUE(journal) << journal.error().message;
    result.usage = {.wall = 1234567us, .user = 1ms, .system = 0us, .max_rss_kib = 99};
    (*journal)->write((*journal)->line(report(Outcome::exited(0), false)), at(2s));
    (*journal)->tick({.done = 1, .skipped = 5}, at(9s), true);
  }
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].starts_with(R"({"type":"run","journal":1,"id":"r1","time":")")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with(
      R"({"type":"job","id":"00000000000000010000000000000002","outcome":"success","seq":17,)"
      R"("attempt":1,"slot":2,"host":")"))
      << lines[1];
  EXPECT_NE(lines[1].find(R"(,"argv":["work","a b"],"record":"a b","start":"20)"),
            std::string::npos)
      << lines[1];
  EXPECT_TRUE(lines[1].ends_with(
      R"(Z","wait_s":0.500000,"run_s":1.234567,"user_s":0.001000,"sys_s":0.000000,)"
      R"("max_rss_kib":99,"stdout_bytes":3,"stderr_bytes":4,"exit":0})"))
      << lines[1];
  EXPECT_TRUE(lines[2].starts_with(R"({"type":"done","id":"r1")"));
  EXPECT_TRUE(lines[2].ends_with(R"("jobs":1,"failed":0,"skipped":5,"not_run":0})")) << lines[2];
}

TEST_F(JournalTest, ReadsWhatEarlierRunsWrote) {
  {
    auto journal = open();
    for (const bool failed : {true, false}) {
      (*journal)->write((*journal)->line(report(Outcome::exited(failed), failed)), at(2s));
    }
    (*journal)->write((*journal)->line(report(Outcome::cancelled(), true)), at(2s));
  }
  ASSERT_TRUE(open());
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].outcome, Line::Outcome::failed);
  EXPECT_EQ(seen[1].outcome, Line::Outcome::success);
  EXPECT_EQ(seen[2].outcome, Line::Outcome::other);
  EXPECT_EQ(seen[0].identity, job.identity);
}

TEST_F(JournalTest, BeginsANewLineBehindATornOne) {
  const std::string whole = R"({"type":"run","journal":1})"
                            "\n" +
                            job_line() + "\n";
  for (const std::string& torn : {job_line().substr(0, 70), job_line().substr(0, 1)}) {
    dir.file("j", whole + torn);
    ASSERT_TRUE(open());
    EXPECT_EQ(seen.size(), 1u);
    const std::string text = read_file(path);
    EXPECT_NE(text.find(torn + "\n{\"type\":\"run\""), std::string::npos) << text;
  }
}

TEST_F(JournalTest, ThatWasTornInItsFirstLineIsOne) {
  dir.file("j", R"({"type":"ru)");
  EXPECT_TRUE(open());
  dir.file("j", "{\"type\":\"run\",\"journal\":1,\"id\":\"\nx");
  EXPECT_FALSE(open());
}

TEST_F(JournalTest, PassesOverLinesThatAreNotOurs) {
  dir.file("j", "# note\n\n{\"type\":\"run\",\"journal\":1}\n" + std::string(1'000'000, 'x') +
                    "\n" + job_line() + "\n" + job_line() + "\n");
  ASSERT_TRUE(open());
  EXPECT_EQ(seen.size(), 2u);
}

TEST_F(JournalTest, IsNotAFileWithSomethingElseInIt) {
  for (const char* text : {"x", "x\n", "{\"a\":1}\n", "\n\n"}) {
    dir.file("j", text);
    const auto journal = open();
    ASSERT_FALSE(journal) << text;
    EXPECT_EQ(journal.error().status, 2);
    EXPECT_EQ(read_file(path), text);
  }
}

TEST_F(JournalTest, OfALaterFormIsLeftAlone) {
  const std::string text = R"({"type":"run","journal":2})"
                           "\n";
  dir.file("j", text);
  const auto journal = open();
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().message.find("later version"), std::string::npos);
  EXPECT_EQ(read_file(path), text);
}

TEST_F(JournalTest, IsHeldByOneRunAtATime) {
  const auto first = open();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, 75);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos)
      << second.error().message;
}

TEST_F(JournalTest, GoesOnWithALineThatDidNotFindRoom) {
  auto journal = open();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(path) + 100;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string first = (*journal)->line(report(Outcome::exited(0), false));
  (*journal)->write(first, at(2s));
  EXPECT_NE((*journal)->failure().find("cannot write the journal '" + path + "': File too large"),
            std::string::npos)
      << (*journal)->failure();
  EXPECT_EQ(read_file(path).substr(small.rlim_cur - 100), first.substr(0, 100));

  setrlimit(RLIMIT_FSIZE, &before);
  const std::string second = (*journal)->line(report(Outcome::exited(1), true));
  (*journal)->write(second, at(3s));
  EXPECT_TRUE(read_file(path).ends_with("}\n" + first + second));
  EXPECT_NE((*journal)->failure(), "");  // the run ends all the same
}

TEST_F(JournalTest, IsSyncedOnceASecondWhileThereIsSomethingNew) {
  auto journal = open();
  (*journal)->tick({}, at(10s), false);
  EXPECT_FALSE((*journal)->next_tick());
  (*journal)->write("{}\n", at(10s));
  EXPECT_EQ((*journal)->next_tick(), at(11s));
  (*journal)->tick({}, at(11s), false);
  EXPECT_FALSE((*journal)->next_tick());
}

TEST_F(JournalTest, GathersLinesThatComeWithinTenMilliseconds) {
  auto journal = open();
  (*journal)->tick({}, at(2s), false);
  const std::string head = read_file(path);
  const auto has = [&](const std::string& lines) { return read_file(path) == head + lines; };
  (*journal)->write("a\n", at(2s));
  EXPECT_TRUE(has("a\n"));
  (*journal)->write("b\n", at(2001ms));
  (*journal)->write("c\n", at(2002ms));
  EXPECT_TRUE(has("a\n"));
  EXPECT_EQ((*journal)->next_tick(), at(2010ms));
  (*journal)->tick({}, at(2010ms), false);
  EXPECT_TRUE(has("a\nb\nc\n"));
  EXPECT_EQ((*journal)->next_tick(), at(3s));  // to sync it
  const std::string much(16384, 'd');
  (*journal)->write(much, at(2011ms));
  EXPECT_TRUE(has("a\nb\nc\n" + much));
  (*journal)->write("e\n", at(2012ms));
  journal->reset();
  EXPECT_TRUE(has("a\nb\nc\n" + much + "e\n"));
}

TEST_F(JournalTest, TellsOfRequestsWhatAReportNeedsAndNoSecrets) {
  launch = {};
  launch.request = Request{};
  launch.request->url = "https://u:pw@a.example/?token=t";
  job.records[0].text = launch.request->url;
  Response response;
  response.url = "https://b.example/";
  response.status = 200;
  response.mime = "text/html";
  response.bytes = 5;
  response.path = "d/\"x\"";
  response.etag = "W/\"e\"";
  response.note = "kept as it came";
  result.usage.wall = 1500ms;
  {
    auto journal = open();
    result.response = std::make_shared<Response>(response);
    (*journal)->write(
        (*journal)->line(report(Outcome::broken(Outcome::Broken::connect, "gone"), true)), at(2s));
    (*journal)->write((*journal)->line(report(Outcome::responded(200), false)), at(3s));
  }
  const std::string text = read_file(path);
  EXPECT_EQ(text.find("pw"), text.npos) << text;
  EXPECT_NE(text.find(R"("url":"https://u:***@a.example/?token=***","start":")"), text.npos)
      << text;
  EXPECT_NE(
      text.find(R"("final_url":"https://b.example/","http":200,"mime":"text/html","bytes":5,)"),
      text.npos);
  EXPECT_NE(text.find(R"("error":"no connection: gone")"), text.npos);

  keep_places = true;
  auto journal = open();
  const auto earlier = (*journal)->earlier(job.identity);
  ASSERT_TRUE(earlier);
  EXPECT_EQ(earlier->attempts, 1);
  EXPECT_EQ(earlier->attempt.outcome, Outcome::responded(200));
  EXPECT_EQ(earlier->attempt.usage.wall, 1500ms);
  const Response& back = *earlier->attempt.response;
  EXPECT_EQ(back.url, response.url);
  EXPECT_EQ(back.status, 200);
  EXPECT_EQ(back.bytes, 5u);
  EXPECT_EQ(back.path, response.path);
  EXPECT_EQ(back.etag, response.etag);
  EXPECT_EQ(back.note, response.note);
  EXPECT_FALSE((*journal)->earlier({8, 9}));
}

TEST_F(JournalTest, ShowsBytesThatAreNoTextInBase64) {
  auto journal = open();
  job.records[0].text = "\xff";
  job.key = "g\xfe";
  launch.argv = {"work", "\xff"};
  const std::string line = (*journal)->line(report(Outcome::not_started(2, "none"), true));
  EXPECT_NE(line.find(R"("group_b64":"Z/4=")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("argv_b64":["d29yaw==","/w=="],"record_b64":"/w==",)"), std::string::npos)
      << line;
  EXPECT_TRUE(line.ends_with("\"error\":\"could not start: none\"}\n")) << line;
}

TEST_F(JournalTest, NamesTheScriptAndTheRecordsOfABatch) {
  auto journal = open();
  job.records.push_back({.text = "c"});
  launch = {.argv = {"sh", "-c", "D1=$1"}, .shown = "work 'a b' c | wc"};
  const std::string line = (*journal)->line(report(Outcome::signalled(9), true));
  EXPECT_NE(line.find(R"("script":"work 'a b' c | wc","records":["a b","c"])"), std::string::npos)
      << line;
  EXPECT_TRUE(line.ends_with(",\"signal\":9}\n")) << line;
}

// ---- GNU parallel's table

TEST_F(JournalTest, AJobLogHasALineForTheLastTryAtEachJob) {
  {
    const auto log = JobLog::open(path, {}, at(0s));
    ASSERT_TRUE(log);
    auto again = report(Outcome::exited(1), true);
    again.again_in = 1s;
    (*log)->on_attempt(again, at(2s));
    launch.argv = {"work", "a\nb"};
    (*log)->on_attempt(report(Outcome::signalled(9), true), at(2s));
    (*log)->on_attempt(report(Outcome::not_started(ENOENT, "none"), true), at(2s));
  }
  const std::string text = read_file(path);
  EXPECT_TRUE(text.starts_with(
      "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n17\t:\t"))
      << text;
  const std::string command("\twork 'a\0b'\n", 12);
  EXPECT_NE(text.find("\t     0.000\t0\t3\t0\t9" + command), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\t127\t0" + command)) << text;
}

TEST_F(JournalTest, AJobLogOfRequestsHasTheBytesOfBodiesAndWhetherTheyFailed) {
  {
    const auto log = JobLog::open(path, {.of_requests = true}, at(0s));
    ASSERT_TRUE(log);
    launch = {};
    launch.request = Request{.method = "PUT", .url = "https://joe:pw@h/x?token=y"};
    const auto ends = [&](const Outcome& outcome, bool failed, std::optional<std::uint64_t> bytes) {
      result.response = bytes ? std::make_shared<Response>(Response{.bytes = *bytes}) : nullptr;
      (*log)->on_attempt(report(outcome, failed), at(2s));
    };
    ends(Outcome::responded(200), false, 5'000'000'000);
    ends(Outcome::responded(404), false, 9);  // --ok 404
    ends(Outcome::responded(404), true, 9);
    ends(Outcome::broken(Outcome::Broken::connect, "no"), true, {});
    ends({Outcome::Kind::timed_out, 0, ""}, true, {});
    ends(Outcome::not_started(0, "no URL"), true, {});
    ends(Outcome::cancelled(), true, {});
  }
  std::vector<std::string> ends;
  for (const std::string& line : lines_of(path)) {
    const std::size_t runtime = line.find("\t     0.000\t");
    if (runtime != line.npos) ends.push_back(line.substr(runtime + 11));
  }
  const std::string put = "\t0\tPUT https://joe:***@h/x?token=***";
  EXPECT_EQ(ends, (std::vector<std::string>{"\t0\t5000000000\t0" + put, "\t0\t9\t0" + put,
                                            "\t0\t9\t1" + put, "\t0\t0\t1" + put, "\t0\t0\t1" + put,
                                            "\t0\t0\t1" + put, "\t0\t0\t-1" + put}));
}

TEST_F(JournalTest, AJobLogIsBegunAnewOrAppendedTo) {
  ASSERT_TRUE(JobLog::open(path, {}, at(0s)));
  const std::string header = read_file(path);
  ASSERT_TRUE(JobLog::open(path, {.append = true}, at(0s)));
  EXPECT_EQ(read_file(path), header);
  dir.file("j", "old\n");
  ASSERT_TRUE(JobLog::open(path, {}, at(0s)));
  EXPECT_EQ(read_file(path), header);
}

}  // namespace
}  // namespace distaff::journal_test

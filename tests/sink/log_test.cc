#include "sink/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "sink/job_messages.h"
#include "sink/said_lines.h"
#include "support/read_file.h"

namespace distaff::log_test {
namespace {

using namespace std::chrono_literals;

// Times are not known before.
std::string form_of(std::string text) {
  for (char& byte : text) {
    if (byte >= '0' && byte <= '9') byte = '9';
    if (byte == '+') byte = '-';  // east or west
  }
  return text;
}

TEST(Log, WritesOneLineAMessage) {
  SaidLines sink;
  const auto log = Log::open({.level = LogLevel::debug}, sink);
  ASSERT_TRUE(log);
  (*log)->on_message(LogLevel::warn, "lines end in CR");
  (*log)->on_message(LogLevel::error, "cannot go on");
  (*log)->on_message(LogLevel::info, "{} is no format here");
  (*log)->on_message(LogLevel::debug, "a\nb\x1b[1m");
  EXPECT_EQ(sink.take(),
            "distaff: warning: lines end in CR\n"
            "distaff: cannot go on\n"
            "distaff: {} is no format here\n"
            "distaff: debug: a\\nb\\x1b[1m\n");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  SaidLines sink;
  const auto log = Log::open({.level = LogLevel::error}, sink);
  ASSERT_TRUE(log);
  EXPECT_FALSE((*log)->wants(LogLevel::warn));
  (*log)->on_message(LogLevel::warn, "not now");
  (*log)->on_message(LogLevel::error, "but this");
  EXPECT_EQ(sink.take(), "distaff: but this\n");
}

TEST(Log, AppendsToItsFileWithTheTime) {
  char path[] = "/tmp/distaff-log-XXXXXX";
  close(mkstemp(path));
  SaidLines sink;
  for (const char* const text : {"first", "second"}) {
    const auto log = Log::open({.file = path}, sink);
    ASSERT_TRUE(log);
    (*log)->on_message(LogLevel::warn, text);
  }
  const std::string text = read_file(path);
  unlink(path);
  EXPECT_EQ(form_of(text),
            "9999-99-99T99:99:99.999-99:99 warning: first\n"
            "9999-99-99T99:99:99.999-99:99 warning: second\n");
  EXPECT_EQ(sink.take(), "");
}

TEST(Log, WritesObjectsIfAsked) {
  SaidLines sink;
  const auto log = Log::open({.level = LogLevel::debug, .format = LogFormat::json}, sink);
  ASSERT_TRUE(log);
  (*log)->on_message(LogLevel::warn, "no \"file\\name\"\n\xff\x1b[1m");
  (*log)->on_message(LogLevel::error, "é");
  (*log)->on_job_message(LogLevel::info, JobId{17}, "job failed");
  EXPECT_EQ(form_of(sink.take()),
            R"({"time":"9999-99-99T99:99:99.999Z","level":"warn",)"
            R"("message":"no \"file\\name\"\\n\\xff\\x9b[9m"})"
            "\n"
            R"({"time":"9999-99-99T99:99:99.999Z","level":"error","message":"é"})"
            "\n"
            R"({"time":"9999-99-99T99:99:99.999Z","level":"info","job":99,"message":"job failed"})"
            "\n");
}

TEST(Log, SaysThatItsFileCannotBeWritten) {
  SaidLines sink;
  const auto log = Log::open({.file = "/no such/file"}, sink);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().message,
            "--log-file: cannot write '/no such/file': No such file or directory; name a file in "
            "a directory you may write to");
  EXPECT_EQ(log.error().status, 2);
}

class JobMessagesTest : public testing::Test {
 protected:
  void end(LogLevel level, const Attempt& attempt, bool failed, std::string_view command) {
    const auto log = Log::open({.level = level}, sink);
    JobMessages messages(**log);
    Job job;
    job.id = JobId{17};
    messages.on_start(job, 2, TimePoint{});
    messages.on_end(job, attempt, failed, command, TimePoint{});
  }

  SaidLines sink;
};

TEST_F(JobMessagesTest, NameAFailedJobWithItsOutcomeAndCommandAtLevelInfo) {
  end(LogLevel::info, {.outcome = Outcome::exited(1), .usage = {.wall = 400ms}}, true,
      "gzip 'a b'");
  EXPECT_EQ(sink.take(), "distaff: job 17 failed: exit 1 after 0.4s: gzip 'a b'\n");
}

TEST_F(JobMessagesTest, SayWhyAJobCouldNotStart) {
  end(LogLevel::info, {.outcome = Outcome::not_started(0, "no field 3 in this record")}, true, "");
  EXPECT_EQ(sink.take(), "distaff: job 17 failed: could not start: no field 3 in this record\n");
}

TEST_F(JobMessagesTest, AreSilentByDefaultAndAboutGoodEnds) {
  end(LogLevel::warn, {.outcome = Outcome::exited(1)}, true, "false");
  end(LogLevel::info, {.outcome = Outcome::exited(0)}, false, "true");
  EXPECT_EQ(sink.take(), "");
}

TEST_F(JobMessagesTest, TellEverythingAtLevelDebug) {
  end(LogLevel::debug, {.outcome = Outcome::exited(0), .usage = {.wall = 2s}}, false, "");
  EXPECT_EQ(sink.take(),
            "distaff: debug: job 17 started in slot 2\n"
            "distaff: debug: job 17 ended: exit 0 after 2.0s\n");
}

}  // namespace
}  // namespace distaff::log_test

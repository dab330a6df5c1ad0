#include "sink/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

namespace distaff::output_test {
namespace {

using namespace std::chrono_literals;

constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    in.reset(ends[0]);
    to.reset(ends[1]);
    fcntl(in.get(), F_SETFL, O_NONBLOCK);
  }

  std::string take() const {
    std::string all;
    char buffer[65536];
    for (ssize_t size; (size = read(in.get(), buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(size));
    }
    return all;
  }

  UniqueFd in, to;
};

std::string numbered(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + "\n";
  return text;
}

class OutputTest : public testing::Test {
 protected:
  OutputTest() { signal(SIGPIPE, SIG_IGN); }

  EventLoop loop;
  Pipe stdout_pipe, stderr_pipe;
};

TEST_F(OutputTest, TellsWhenWhatItWasGivenIsOut) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(out, "a");
  const Output::Mark first = output.mark();
  EXPECT_FALSE(output.has_written(first));
  output.flush();
  EXPECT_TRUE(output.has_written(first));
  output.write(out, numbered(1 << 20));
  const Output::Mark second = output.mark();
  output.flush();
  EXPECT_TRUE(output.has_written(first));
  EXPECT_FALSE(output.has_written(second));
  while (output.pending() > 0) {
    stdout_pipe.take();
    loop.wait(EventLoop::now() + 10ms);
  }
  EXPECT_TRUE(output.has_written(second));
}

TEST_F(OutputTest, HasNotWrittenWhatNobodyTook) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  stdout_pipe.in.reset();
  output.write(out, "a");
  output.flush();
  EXPECT_FALSE(output.has_written(output.mark()));
}

TEST_F(OutputTest, GathersSmallWritesUntilFlush) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(out, "a");
  output.write(err, "e");
  output.write(out, "b");
  EXPECT_EQ(output.pending(), 3u);
  EXPECT_EQ(stdout_pipe.take(), "");
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), "ab");
  EXPECT_EQ(stderr_pipe.take(), "e");
  EXPECT_EQ(output.pending(), 0u);
}

TEST_F(OutputTest, WritesLargePiecesAtOnceBehindWhatWasGathered) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  const std::string large(30'000, 'x');
  output.write(out, "first ");
  output.write(out, large);
  EXPECT_EQ(output.pending(), 0u);
  EXPECT_TRUE(stdout_pipe.take() == "first " + large);
}

TEST_F(OutputTest, KeepsWhatFindsNoRoomAndWritesItWhenTheReaderGoesOn) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  const std::string all = numbered(1'500'000);
  for (std::size_t at = 0; at < all.size(); at += 7'000) {
    output.write(out, std::string_view(all).substr(at, 7'000));
  }
  EXPECT_GT(output.pending(), 1'000'000u);
  output.write(err, "still works\n");
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), "still works\n");

  std::string got;
  while (output.pending() > 0) {
    got += stdout_pipe.take();
    loop.wait(EventLoop::now() + 200s);
  }
  got += stdout_pipe.take();
  EXPECT_TRUE(got == all);

  // Nothing is watched any more: the wait ends by its limit only.
  const TimePoint until = EventLoop::now() + 1ms;
  loop.wait(until);
  EXPECT_GE(EventLoop::now(), until);
}

TEST_F(OutputTest, KeepsTheOrderOfBothStreamsInOneFile) {
  const UniqueFd copy(dup(stdout_pipe.to.get()));
  Output output(loop, stdout_pipe.to.get(), copy.get());
  EXPECT_TRUE(output.one_file());
  output.write(out, "1 ");
  output.write(err, "2 ");
  output.write(out, std::string(40'000, '3'));
  output.write(err, " 4");
  output.flush();
  EXPECT_TRUE(stdout_pipe.take() == "1 2 " + std::string(40'000, '3') + " 4");
}

TEST_F(OutputTest, SaysThatTheReaderIsGone) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  stdout_pipe.in.reset();
  output.write(out, "x");
  EXPECT_EQ(output.condition(), ByteSink::Condition::good);
  output.flush();
  EXPECT_EQ(output.condition(), ByteSink::Condition::reader_gone);
  output.write(out, std::string(100'000, 'x'));
  EXPECT_EQ(output.pending(), 0u);
}

TEST_F(OutputTest, NoticesThatTheReaderIsGoneWhileItWaitsForRoom) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(out, std::string(3'000'000, 'x'));
  EXPECT_GT(output.pending(), 0u);
  stdout_pipe.in.reset();
  loop.wait(EventLoop::now() + 200s);
  EXPECT_EQ(output.condition(), ByteSink::Condition::reader_gone);
  EXPECT_EQ(output.pending(), 0u);
}

TEST_F(OutputTest, SaysWhyStdoutCannotBeWritten) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  Output output(loop, full.get(), stderr_pipe.to.get());
  output.write(out, "x");
  output.flush();
  EXPECT_EQ(output.condition(), ByteSink::Condition::failed);
  EXPECT_EQ(output.failure(), "cannot write to stdout: No space left on device");
}

TEST_F(OutputTest, SaysWhyTheStderrOfAJobCannotBeWritten) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  Output output(loop, stdout_pipe.to.get(), full.get());
  output.write(out, "kept\n");
  const Output::Mark before = output.mark();
  output.write(err, "lost\n");
  const Output::Mark behind = output.mark();
  output.flush();
  EXPECT_EQ(output.condition(), ByteSink::Condition::failed);
  EXPECT_EQ(output.failure(), "cannot write to stderr: No space left on device");
  EXPECT_TRUE(output.has_written(before));
  EXPECT_FALSE(output.has_written(behind));
  EXPECT_EQ(stdout_pipe.take(), "kept\n");
}

TEST_F(OutputTest, GivesUpLinesOfItsOwnAloneAndGoesOn) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  Output output(loop, stdout_pipe.to.get(), full.get());
  output.say("distaff: lost\n");
  output.write(out, "kept\n");
  output.flush();
  EXPECT_EQ(output.condition(), ByteSink::Condition::good);
  EXPECT_TRUE(output.has_written(output.mark()));
  output.say("distaff: lost too\n");
  EXPECT_EQ(output.condition(), ByteSink::Condition::good);
  output.write(err, "what a job writes is no longer only ours\n");
  EXPECT_EQ(output.condition(), ByteSink::Condition::failed);
  output.finish();
  EXPECT_EQ(stdout_pipe.take(), "kept\n");
}

TEST_F(OutputTest, KnowsWhatOfBothStreamsWasWrittenToOneFileBeforeItWasFull) {
  const UniqueFd copy(dup(stdout_pipe.to.get()));
  Output output(loop, stdout_pipe.to.get(), copy.get());
  output.write(out, "1\n");
  output.write(err, "2\n");
  output.flush();
  const Output::Mark written = output.mark();
  stdout_pipe.in.reset();
  output.say("distaff: lost\n");
  output.flush();
  EXPECT_EQ(output.condition(), ByteSink::Condition::good);
  output.write(err, "3\n");
  EXPECT_EQ(output.condition(), ByteSink::Condition::reader_gone);
  EXPECT_TRUE(output.has_written(written));
  EXPECT_FALSE(output.has_written(output.mark()));
}

TEST_F(OutputTest, SaysThatTheReaderOfStderrIsGone) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  stderr_pipe.in.reset();
  output.write(err, std::string(100'000, 'x'));
  EXPECT_EQ(output.condition(), ByteSink::Condition::reader_gone);
  EXPECT_EQ(output.failure(), "");
}

TEST_F(OutputTest, SaysItsOwnLinesBetweenThoseOfJobs) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.say("distaff: 1\n");
  output.write(err, "job begins ");
  output.write(out, "not a line of stderr");
  output.say("distaff: 2\n");
  output.say("distaff: 3\n");
  output.write(err, "a line ");
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), "distaff: 1\njob begins a line ");
  output.write(err, "and ends it\nand begins");
  output.write(err, " another\n");
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), "and ends it\ndistaff: 2\ndistaff: 3\nand begins another\n");
}

TEST_F(OutputTest, SaysItsOwnLinesBehindAnOpenLineOfAJobThatEnded) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(err, "no newline");
  output.say("distaff: 1\n");
  output.settle();
  output.write(err, "another");
  output.settle();
  output.say("distaff: 2\n");
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), "no newline\ndistaff: 1\nanother\ndistaff: 2\n");
}

TEST_F(OutputTest, CompletesALineOnceOnly) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(err, "open");
  output.settle();
  output.say("distaff: 1\n");
  output.end_line(err);
  output.write(out, "open");
  output.end_line(out);
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), "open\ndistaff: 1\n");
  EXPECT_EQ(stdout_pipe.take(), "open\n");
}

TEST_F(OutputTest, SaysEverythingAtTheEnd) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(err, "password: ");
  output.say("distaff: the end\n");
  output.finish();
  EXPECT_EQ(stderr_pipe.take(), "password: \ndistaff: the end\n");
}

TEST_F(OutputTest, AddsNothingToALastLineIfItSaysNothing) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(err, "no newline");
  output.settle();
  output.finish();
  EXPECT_EQ(stderr_pipe.take(), "no newline");
}

TEST_F(OutputTest, WaitsForASlowReaderAtTheEnd) {
  const std::string all = numbered(2'000'000);
  std::string got;
  fcntl(stdout_pipe.in.get(), F_SETFL, 0);
  auto output = std::make_unique<Output>(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output->write(out, all);
  std::thread reader([&] {
    while (got.size() < all.size()) {
      char buffer[5000];
      const ssize_t size = read(stdout_pipe.in.get(), buffer, sizeof buffer);
      if (size <= 0) return;
      got.append(buffer, static_cast<std::size_t>(size));
    }
  });
  output->finish();
  EXPECT_EQ(output->pending(), 0u);
  reader.join();
  EXPECT_TRUE(got == all);
}

// ---- past our memory

TEST_F(OutputTest, WhatIsMovedStraightStandsBehindWhatWasWritten) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(out, "before ");
  PipeTarget* const target = output.straight(out);
  ASSERT_NE(target, nullptr);
  Pipe job;
  ASSERT_EQ(::write(job.to.get(), "moved ", 6), 6);
  EXPECT_EQ(target->take_from(job.in.get(), 100).bytes, 6u);
  output.write(out, "behind");
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), "before moved behind");
}

TEST_F(OutputTest, NothingIsMovedPastWhatWaitsNorWhereLinesMustBeKnown) {
  {
    Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
    EXPECT_EQ(output.straight(err), nullptr);
    output.write(out, std::string(2 << 20, 'x'));
    EXPECT_TRUE(output.blocked(out));
    EXPECT_FALSE(output.blocked(err));
    EXPECT_EQ(output.straight(out), nullptr);
    stdout_pipe.take();
  }
  Output both(loop, stdout_pipe.to.get(), stdout_pipe.to.get());
  EXPECT_EQ(both.straight(out), nullptr);
}

TEST_F(OutputTest, ATargetThatIsFullBlocksTheOutputUntilThereIsRoom) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  Pipe job;
  fcntl(job.to.get(), F_SETFL, O_NONBLOCK);
  const std::string much(65536, 'x');
  std::size_t moved = 0;
  while (PipeTarget* const target = output.straight(out)) {
    ASSERT_LT(moved, 1u << 20);
    if (::write(job.to.get(), much.data(), much.size()) < 0) break;
    moved += target->take_from(job.in.get(), 1 << 20).bytes;
  }
  EXPECT_TRUE(output.blocked(out));
  EXPECT_EQ(stdout_pipe.take().size(), moved);
  loop.wait(EventLoop::now() + 200s);
  EXPECT_FALSE(output.blocked(out));
  EXPECT_NE(output.straight(out), nullptr);
}

// ---- the status line

constexpr std::string_view kErasure = "\r \x1b[J\r\x1b[K";

std::string shown(std::string_view text) { return fmt::format("\r{}\x1b[J\r", text); }

TEST_F(OutputTest, ErasesTheStatusLineOnceBeforeAnythingElseOnItsTerminal) {
  const UniqueFd copy(dup(stdout_pipe.to.get()));
  Output output(loop, stdout_pipe.to.get(), copy.get());
  output.show_status("1 done");
  EXPECT_TRUE(output.shows_status());
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), shown("1 done"));
  output.write(out, "a\n");
  EXPECT_FALSE(output.shows_status());
  output.write(err, "b\n");
  output.say("distaff: c\n");
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), std::string(kErasure) + "a\nb\ndistaff: c\n");
  output.show_status("2 done");
  output.say("distaff: d\n");
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), shown("2 done") + std::string(kErasure) + "distaff: d\n");
}

TEST_F(OutputTest, LeavesTheStatusLineWhereItIsWhenStdoutIsElsewhere) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.show_status("1 done");
  output.write(out, "a");
  EXPECT_TRUE(output.shows_status());
  output.write(err, "b\n");
  output.flush();
  EXPECT_EQ(stdout_pipe.take(), "a");
  EXPECT_EQ(stderr_pipe.take(), shown("1 done") + std::string(kErasure) + "b\n");
}

TEST_F(OutputTest, ErasesTheStatusLineWhenAsked) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.erase_status();
  output.show_status("1 done");
  output.show_status("2 done");
  output.erase_status();
  output.erase_status();
  output.flush();
  EXPECT_EQ(stderr_pipe.take(), shown("1 done") + shown("2 done") + std::string(kErasure));
}

TEST_F(OutputTest, HasNoPlaceForAStatusLineInsideALine) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  EXPECT_TRUE(output.has_place_for_status());
  output.write(out, "not there");
  EXPECT_TRUE(output.has_place_for_status());
  output.write(err, "open");
  EXPECT_FALSE(output.has_place_for_status());
  output.settle();
  EXPECT_FALSE(output.has_place_for_status());
  output.end_line(err);
  EXPECT_TRUE(output.has_place_for_status());
}

TEST_F(OutputTest, HasNoPlaceForAStatusLineWhereNothingIsRead) {
  Output output(loop, stdout_pipe.to.get(), stderr_pipe.to.get());
  output.write(err, std::string(1'148'576, '\n'));
  EXPECT_FALSE(output.has_place_for_status());
  stderr_pipe.take();
  loop.wait(EventLoop::now() + 200s);
  EXPECT_TRUE(output.has_place_for_status());
}

}  // namespace
}  // namespace distaff::output_test

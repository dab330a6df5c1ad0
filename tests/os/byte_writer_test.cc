#include "os/byte_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace distaff::byte_writer_test {
namespace {

using Way = ByteWriter::Way;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    in.reset(ends[0]);
    out.reset(ends[1]);
  }
  UniqueFd in, out;
};

// What can be read now.
std::string take(int fd) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[65536];
  for (ssize_t size; (size = read(fd, buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(size));
  }
  return all;
}

std::string contents(int fd) {
  std::string all(10'000, 0);
  const ssize_t size = pread(fd, all.data(), all.size(), 0);
  all.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return all;
}

struct TempFile {
  TempFile() { fd.reset(mkostemp(path, O_CLOEXEC)); }
  ~TempFile() { unlink(path); }
  char path[32] = "/tmp/distaff-writer-XXXXXX";
  UniqueFd fd;
};

class ByteWriterTest : public testing::Test {
 protected:
  ByteWriterTest() { signal(SIGPIPE, SIG_IGN); }

  static void fills_up_and_goes_on(int out, int in, std::optional<Way> way) {
    ByteWriter writer(out, way);
    const int flags = fcntl(out, F_GETFL);
    const std::string much(3'000'000, 'x');
    const auto first = writer.write("head ", much);
    EXPECT_EQ(first.error, 0);
    EXPECT_GT(first.written, 5u);
    EXPECT_LT(first.written, much.size());
    EXPECT_EQ(writer.write("more").written, 0u);

    const std::string got = take(in);
    EXPECT_EQ(got.size(), first.written);
    EXPECT_EQ(got.substr(0, 6), "head x");
    writer.wait_for_room();
    EXPECT_EQ(writer.write("a", "b").written, 2u);
    EXPECT_EQ(take(in), "ab");
    EXPECT_EQ(fcntl(out, F_GETFL), flags);
  }
};

TEST_F(ByteWriterTest, StopsAtAFullPipeWithoutTouchingItsFlags) {
  for (const auto way :
       {std::optional<Way>(), std::optional(Way::nowait), std::optional(Way::poll_first)}) {
    SCOPED_TRACE(way ? static_cast<int>(*way) : -1);
    Pipe pipe;
    fills_up_and_goes_on(pipe.out.get(), pipe.in.get(), way);
  }
}

TEST_F(ByteWriterTest, OpensAPipeAgain) {
  Pipe pipe;
  EXPECT_EQ(ByteWriter(pipe.out.get()).way(), Way::own_open);
}

TEST_F(ByteWriterTest, StopsAtAFullSocket) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd in(ends[0]), out(ends[1]);
  EXPECT_EQ(ByteWriter(out.get()).way(), Way::send);
  fills_up_and_goes_on(out.get(), in.get(), std::nullopt);
}

TEST_F(ByteWriterTest, DoesNotBlockOnAStoppedTerminal) {
  for (const auto way : {std::optional<Way>(), std::optional(Way::poll_first)}) {
    int master = -1, slave = -1;
    ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const UniqueFd in(master), out(slave);
    ByteWriter writer(out.get(), way);
    EXPECT_EQ(writer.way(), way.value_or(Way::own_open));
    const auto result = writer.write(std::string(1'000'000, 'x'));
    EXPECT_EQ(result.error, 0);
    EXPECT_LT(result.written, 1'000'000u);
  }
}

TEST_F(ByteWriterTest, SharesTheOffsetOfARegularFile) {
  const TempFile file;
  ByteWriter writer(file.fd.get());
  EXPECT_EQ(writer.write("one ").written, 4u);
  EXPECT_EQ(write(file.fd.get(), "two ", 4), 4);  // as a job that inherited it would
  EXPECT_EQ(writer.write("thr", "ee").written, 5u);
  EXPECT_EQ(contents(file.fd.get()), "one two three");
}

TEST_F(ByteWriterTest, AppendsToAFileThatOthersAppendTo) {
  const TempFile file;
  const UniqueFd ours(open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC));
  const UniqueFd theirs(open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC));
  ByteWriter writer(ours.get());
  EXPECT_EQ(writer.write("one ").written, 4u);
  EXPECT_EQ(write(theirs.get(), "two ", 4), 4);
  EXPECT_EQ(writer.write("three").written, 5u);
  EXPECT_EQ(contents(file.fd.get()), "one two three");
}

TEST_F(ByteWriterTest, SaysWhyItCannotWrite) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(ByteWriter(full.get()).write("x").error, ENOSPC);

  for (const auto way :
       {std::optional<Way>(), std::optional(Way::nowait), std::optional(Way::poll_first)}) {
    Pipe pipe;
    ByteWriter writer(pipe.out.get(), way);
    pipe.in.reset();
    EXPECT_EQ(writer.write("x").error, EPIPE);
    writer.wait_for_room();  // does not hang
  }
}

TEST_F(ByteWriterTest, WritesToAFifoThatItMayNotOpenAgain) {
  char path[] = "/tmp/distaff-fifo-XXXXXX";
  ASSERT_NE(mkdtemp(path), nullptr);
  const std::string fifo = std::string(path) + "/f";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  UniqueFd in(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const UniqueFd out(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  in.reset();  // without a reader it cannot be opened for writing
  ByteWriter writer(out.get());
  EXPECT_NE(writer.way(), Way::own_open);
  in.reset(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(writer.write("hello").written, 5u);
  EXPECT_EQ(take(in.get()), "hello");
  unlink(fifo.c_str());
  rmdir(path);
}

TEST(SameDestination, KnowsWhenOrderMatters) {
  const Pipe pipe, other;
  const UniqueFd copy(dup(pipe.out.get()));
  EXPECT_TRUE(same_destination(pipe.out.get(), copy.get()));
  EXPECT_FALSE(same_destination(pipe.out.get(), other.out.get()));

  const TempFile file;
  const UniqueFd file_copy(dup(file.fd.get()));
  EXPECT_TRUE(same_destination(file.fd.get(), file_copy.get()));
  const UniqueFd again(open(file.path, O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(same_destination(file.fd.get(), again.get()));
  const UniqueFd appending(open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC));
  const UniqueFd appending_too(open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC));
  EXPECT_TRUE(same_destination(appending.get(), appending_too.get()));
}

// ---- past our memory

using Why = PipeTarget::Moved::Why;

TEST_F(ByteWriterTest, MovesFromAPipeIntoPipesAndFiles) {
  const TempFile file;
  Pipe to;
  for (const int out : {to.out.get(), file.fd.get()}) {
    Pipe from;
    ByteWriter writer(out);
    ASSERT_TRUE(writer.can_move());
    ASSERT_EQ(::write(from.out.get(), "some bytes", 10), 10);
    EXPECT_EQ(writer.write("before ").written, 7u);
    auto moved = writer.move_from_pipe(from.in.get(), 4);
    EXPECT_EQ(moved.bytes, 4u);
    EXPECT_EQ(moved.why, Why::most);
    moved = writer.move_from_pipe(from.in.get(), 100);
    EXPECT_EQ(moved.bytes, 6u);
    EXPECT_EQ(moved.why, Why::empty);
    from.out.reset();
    EXPECT_EQ(writer.move_from_pipe(from.in.get(), 100).why, Why::ended);
    EXPECT_EQ(writer.write(" behind").written, 7u);
    EXPECT_EQ(out == to.out.get() ? take(to.in.get()) : contents(out), "before some bytes behind");
  }
}

TEST_F(ByteWriterTest, TellsAFullTargetFromAnEmptySource) {
  Pipe from, to;
  ByteWriter writer(to.out.get());
  writer.write(std::string(2 << 20, 'x'));
  ASSERT_EQ(::write(from.out.get(), "bytes", 5), 5);
  EXPECT_EQ(writer.move_from_pipe(from.in.get(), 100).why, Why::full);
  take(to.in.get());
  EXPECT_EQ(writer.move_from_pipe(from.in.get(), 100).bytes, 5u);
}

TEST_F(ByteWriterTest, WritesAPartOfAFileAsFarAsThereIsRoom) {
  const TempFile from, file;
  const std::string text(3'000'000, 't');
  ASSERT_EQ(pwrite(from.fd.get(), text.data(), text.size(), 0), 3'000'000);
  ASSERT_EQ(pwrite(from.fd.get(), "middle", 6, 1000), 6);

  ByteWriter to_file(file.fd.get());
  EXPECT_EQ(to_file.write_part({from.fd.get(), 1000, 6}).written, 6u);
  EXPECT_EQ(contents(file.fd.get()), "middle");

  Pipe pipe;
  ByteWriter to_pipe(pipe.out.get());
  std::uint64_t offset = 0;
  std::string got;
  while (offset < text.size()) {
    const auto result = to_pipe.write_part({from.fd.get(), offset, text.size() - offset});
    ASSERT_TRUE(to_pipe.can_move());
    ASSERT_GT(result.written, 0u);
    EXPECT_LE(result.written, 1u << 20) << "it must not wait for the reader";
    offset += result.written;
    got += take(pipe.in.get());
  }
  EXPECT_EQ(got.size(), text.size());
  EXPECT_EQ(got.substr(999, 8), "tmiddlet");
}

TEST_F(ByteWriterTest, LeavesFilesThatAreAppendedToAndSocketsToPlainWrites) {
  TempFile file;
  fcntl(file.fd.get(), F_SETFL, O_APPEND);
  EXPECT_FALSE(ByteWriter(file.fd.get()).can_move());
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd in(ends[0]), out(ends[1]);
  EXPECT_FALSE(ByteWriter(out.get()).can_move());
}

TEST_F(ByteWriterTest, WhatCannotBeMovedIsLeftToAPlainWriteToSayWhy) {
  Pipe from, to;
  ByteWriter writer(to.out.get());
  to.in.reset();
  ASSERT_EQ(::write(from.out.get(), "bytes", 5), 5);
  EXPECT_EQ(writer.move_from_pipe(from.in.get(), 100).why, Why::refused);
  EXPECT_FALSE(writer.can_move());
  EXPECT_EQ(writer.write("bytes").error, EPIPE);
}

}  // namespace
}  // namespace distaff::byte_writer_test

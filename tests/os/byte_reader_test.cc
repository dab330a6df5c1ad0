#include "os/byte_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "os/wait_gate.h"

namespace distaff::byte_reader_test {
namespace {

using Fill = ByteReader::Fill;
using Way = ByteReader::Way;

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  UniqueFd out, in;
};

void put(int fd, std::string_view text) {
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

int waiting(int fd) {
  int bytes = 0;
  ::ioctl(fd, FIONREAD, &bytes);
  return bytes;
}

std::string take(ByteReader& reader) {
  std::string text(reader.data());
  reader.consume(text.size());
  return text;
}

ByteReader inherit(int fd, Way way) {
  auto reader = ByteReader::inherit(fd, "it", {.way = way});
  EXPECT_TRUE(reader.has_value());
  EXPECT_EQ(reader->way(), way);
  return std::move(*reader);
}

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "distaffXXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const char* name) const { return directory_ + "/" + name; }
  std::string file(const char* name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string directory_;
};
using ByteReaderFiles = Files;

class ByteReaderPipe : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, ByteReaderPipe,
                         testing::Values(Way::own_open, Way::nowait, Way::splice));

TEST_P(ByteReaderPipe, SaysWaitThenDataThenEnd) {
  Pipe pipe;
  ByteReader reader = inherit(pipe.out.get(), GetParam());
  EXPECT_EQ(reader.fill(), Fill::wait);
  EXPECT_FALSE(readable(reader.wait_fd()));

  put(pipe.in.get(), "one");
  EXPECT_TRUE(readable(reader.wait_fd()));
  EXPECT_EQ(reader.fill(), Fill::data);
  EXPECT_EQ(take(reader), "one");
  EXPECT_EQ(reader.fill(), Fill::wait);

  put(pipe.in.get(), "two");
  pipe.in.reset();
  EXPECT_EQ(reader.fill(), Fill::data);
  EXPECT_EQ(take(reader), "two");
  EXPECT_TRUE(readable(reader.wait_fd()));
  EXPECT_EQ(reader.fill(), Fill::end);
  EXPECT_EQ(reader.fill(), Fill::end);
}

TEST_P(ByteReaderPipe, LeavesTheFlagsOfTheInheritedDescriptorAlone) {
  Pipe pipe;
  const int flags = ::fcntl(pipe.out.get(), F_GETFL);
  {
    ByteReader reader = inherit(pipe.out.get(), GetParam());
    EXPECT_EQ(reader.fill(), Fill::wait);
    EXPECT_EQ(::fcntl(pipe.out.get(), F_GETFL), flags);
  }
  EXPECT_EQ(::fcntl(pipe.out.get(), F_GETFL), flags);
}

TEST_P(ByteReaderPipe, TakesOneBufferAndLeavesTheRest) {
  Pipe pipe;
  ASSERT_GE(::fcntl(pipe.in.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  std::string text;
  for (int i = 0; text.size() < 300000; ++i) text += std::to_string(i);
  put(pipe.in.get(), text);

  ByteReader reader = inherit(pipe.out.get(), GetParam());
  EXPECT_EQ(waiting(pipe.out.get()), static_cast<int>(text.size())) << "read before it was asked";
  std::string got;
  while (got.size() < text.size()) {
    ASSERT_EQ(reader.fill(), Fill::data);
    EXPECT_LE(reader.data().size(), ByteReader::kBufferSize);
    got += take(reader);
    EXPECT_EQ(waiting(pipe.out.get()), static_cast<int>(text.size() - got.size()));
  }
  EXPECT_EQ(got, text);
}

TEST_P(ByteReaderPipe, DoesNotBlockWhenAnotherReaderTookTheData) {
  Pipe pipe;
  ByteReader reader = inherit(pipe.out.get(), GetParam());
  put(pipe.in.get(), "x");
  ASSERT_TRUE(readable(reader.wait_fd()));
  char taken = 0;
  ASSERT_EQ(::read(pipe.out.get(), &taken, 1), 1);
  EXPECT_EQ(reader.fill(), Fill::wait);
}

TEST(ByteReader, OpensAPipeAgainIfItCan) {
  Pipe pipe;
  auto reader = ByteReader::inherit(pipe.out.get(), "it");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->way(), Way::own_open);
  EXPECT_NE(reader->wait_fd(), pipe.out.get());
  EXPECT_EQ(::fcntl(reader->wait_fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(ByteReader, ReadsAPipeThatItMayNotOpenAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  Pipe pipe;
  ASSERT_EQ(::seteuid(65534), 0);
  auto reader = ByteReader::inherit(pipe.out.get(), "it");
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->way(), Way::nowait);
  EXPECT_EQ(reader->fill(), Fill::wait);
  put(pipe.in.get(), "x");
  EXPECT_EQ(reader->fill(), Fill::data);
}

TEST(ByteReader, ReadsASocketWithoutTouchingItsFlags) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd ours(ends[0]), theirs(ends[1]);
  const int flags = ::fcntl(ours.get(), F_GETFL);
  auto reader = ByteReader::inherit(ours.get(), "it");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fill(), Fill::wait);
  put(theirs.get(), "hello");
  EXPECT_EQ(reader->fill(), Fill::data);
  EXPECT_EQ(take(*reader), "hello");
  EXPECT_EQ(::fcntl(ours.get(), F_GETFL), flags);
  theirs.reset();
  EXPECT_EQ(reader->fill(), Fill::end);
}

class ByteReaderTerminal : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, ByteReaderTerminal, testing::Values(Way::own_open, Way::poll_first));

TEST_P(ByteReaderTerminal, GivesALineWhenItIsComplete) {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    GTEST_SKIP() << "no terminals here";
  }
  UniqueFd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  const int flags = ::fcntl(terminal.get(), F_GETFL);
  ByteReader reader = inherit(terminal.get(), GetParam());

  put(master.get(), "a li");
  EXPECT_EQ(reader.fill(), Fill::wait);
  put(master.get(), "ne\nx");
  EXPECT_EQ(reader.fill(), Fill::data);
  EXPECT_EQ(take(reader), "a line\n");
  EXPECT_EQ(reader.fill(), Fill::wait);
  put(master.get(), "\n\x04");  // ^D
  EXPECT_EQ(reader.fill(), Fill::data);
  EXPECT_EQ(take(reader), "x\n");
  EXPECT_EQ(reader.fill(), Fill::end);
  EXPECT_EQ(::fcntl(terminal.get(), F_GETFL), flags);
}

TEST(ByteReader, GoesOnAfterAnInterruptedRead) {
  static std::atomic<int> interrupts;
  interrupts = 0;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { ++interrupts; };  // no SA_RESTART
  ::sigaction(SIGUSR1, &action, &before);
  Pipe pipe;
  ByteReader reader = inherit(pipe.out.get(), Way::plain);  // this one blocks on a pipe
  const pthread_t self = ::pthread_self();
  std::thread other([&] {
    while (interrupts < 50) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
    put(pipe.in.get(), "x");
  });
  EXPECT_EQ(reader.fill(), Fill::data) << reader.error().message;
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(ByteReaderFiles, ReadsAFilePlainly) {
  const std::string text(100000, 'x');
  auto reader = ByteReader::open(file("f", text));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->wait_fd(), -1);
  EXPECT_EQ(reader->fill(), Fill::data);
  EXPECT_EQ(take(*reader).size(), ByteReader::kBufferSize);
  EXPECT_EQ(reader->fill(), Fill::data);
  EXPECT_EQ(take(*reader).size(), text.size() - ByteReader::kBufferSize);
  EXPECT_EQ(reader->fill(), Fill::end);
}

TEST_F(ByteReaderFiles, BeginsWhereTheInheritedFileStands) {
  const std::string path = file("f", "read already, not yet");
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ::lseek(fd.get(), 14, SEEK_SET);
  auto reader = ByteReader::inherit(fd.get(), "it");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fill(), Fill::data);
  EXPECT_EQ(take(*reader), "not yet");
}

TEST_F(ByteReaderFiles, WaitsForTheFirstWriterOfAFifo) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto reader = ByteReader::open(path("fifo"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fill(), Fill::wait) << "without a writer it is not at its end";
  EXPECT_FALSE(readable(reader->wait_fd()));

  UniqueFd writer(::open(path("fifo").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(reader->fill(), Fill::wait);
  put(writer.get(), "x");
  EXPECT_EQ(reader->fill(), Fill::data);
  EXPECT_EQ(take(*reader), "x");
  EXPECT_EQ(reader->fill(), Fill::wait);
  writer.reset();
  EXPECT_TRUE(readable(reader->wait_fd()));
  EXPECT_EQ(reader->fill(), Fill::end);
}

TEST_F(ByteReaderFiles, AFifoWhoseWriterSaidNothingIsAtItsEnd) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto reader = ByteReader::open(path("fifo"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fill(), Fill::wait);
  UniqueFd(::open(path("fifo").c_str(), O_WRONLY | O_CLOEXEC)).reset();
  EXPECT_TRUE(readable(reader->wait_fd()));
  EXPECT_EQ(reader->fill(), Fill::end);
}

TEST_F(ByteReaderFiles, APipeOpenedByItsNameMayHaveEndedAlready) {  // -a <(true)
  Pipe pipe;
  const std::string name = "/proc/self/fd/" + std::to_string(pipe.out.get());
  auto reader = ByteReader::open(name);
  ASSERT_TRUE(reader);
  pipe.in.reset();
  EXPECT_EQ(reader->fill(), Fill::end);
  auto late = ByteReader::open(name);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->fill(), Fill::end);
}

TEST(ByteReader, DevicesAreAlwaysReadyOrAtTheirEnd) {
  auto null = ByteReader::open("/dev/null");
  ASSERT_TRUE(null);
  EXPECT_EQ(null->fill(), Fill::end);
  UniqueFd fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  auto zero = ByteReader::inherit(fd.get(), "it");
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->fill(), Fill::data);
  EXPECT_EQ(take(*zero), std::string(ByteReader::kBufferSize, '\0'));
}

TEST_F(ByteReaderFiles, SaysWhyAFileCannotBeRead) {
  auto missing = ByteReader::open(path("x"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(),
            (Error{"cannot open '" + path("x") + "': No such file or directory", 2}));
  auto directory = ByteReader::open(directory_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error(), (Error{"cannot read '" + directory_ + "': is a directory", 2}));

  UniqueFd fd(::open(directory_.c_str(), O_RDONLY | O_CLOEXEC));
  auto inherited = ByteReader::inherit(fd.get(), "stdin");
  ASSERT_FALSE(inherited);
  EXPECT_EQ(inherited.error(), (Error{"cannot read 'stdin': is a directory", 2}));
}

TEST(ByteReader, AReadErrorMeansTheRunCannotGoOn) {
  auto reader = ByteReader::open("/proc/self/mem");  // nothing lies at address 0
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fill(), Fill::failed);
  EXPECT_EQ(reader->error(), (Error{"cannot read '/proc/self/mem': Input/output error", 3}));
}

TEST_F(ByteReaderFiles, ChecksFilesWithoutOpeningThem) {
  EXPECT_TRUE(check_readable(file("f", "")));
  EXPECT_EQ(check_readable(path("x")).error().message,
            "cannot open '" + path("x") + "': No such file or directory");
  EXPECT_EQ(check_readable(directory_).error().message,
            "cannot read '" + directory_ + "': is a directory");
}

TEST(WaitGate, IsReadableWhenWhatItWatchesIs) {
  Pipe one, two;
  WaitGate gate;
  EXPECT_EQ(gate.fd(), -1);
  ASSERT_TRUE(gate.watch(one.out.get()));
  const int fd = gate.fd();
  EXPECT_FALSE(readable(fd));
  put(one.in.get(), "x");
  EXPECT_TRUE(readable(fd));

  ASSERT_TRUE(gate.watch(two.out.get()));
  EXPECT_EQ(gate.fd(), fd);
  EXPECT_FALSE(readable(fd));
  ASSERT_TRUE(gate.watch(one.out.get()));
  EXPECT_TRUE(readable(fd));
  gate.forget();
  EXPECT_FALSE(readable(fd));
}

TEST(WaitGate, IsReadableAtOnceForWhatIsAlwaysReady) {
  WaitGate gate;
  ASSERT_TRUE(gate.watch(-1));
  EXPECT_TRUE(readable(gate.fd()));
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(gate.watch(null.get()));
  EXPECT_TRUE(readable(gate.fd()));
  gate.forget();
  EXPECT_FALSE(readable(gate.fd()));
}

}  // namespace
}  // namespace distaff::byte_reader_test

// Sources take no more than they need, wait without blocking and leave stdin as it was.

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "input_testing.h"

namespace distaff::lazy_test {
namespace {

using Next = Source::Next;

struct StdinPipe {
  StdinPipe() : StdinPipe(make()) {}
  static std::pair<int, int> make() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    return {ends[0], ends[1]};
  }
  explicit StdinPipe(std::pair<int, int> ends)
      : out(ends.first), in(ends.second), guard(out.get()) {
    out.reset();
  }

  void put(std::string_view text) const {
    ASSERT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Bytes that nobody has taken yet.
  static std::size_t waiting() {
    int bytes = 0;
    ::ioctl(0, FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  }

  UniqueFd out, in;
  AsStdin guard;
};

std::unique_ptr<Source> open_it(const InputSpec& spec) {
  auto opened = open_source(spec);
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? std::move(opened->source) : nullptr;
}

TEST(Lazy, NothingIsReadBeforeTheFirstRecordIsAskedFor) {
  const StdinPipe pipe;
  pipe.put("a\nb\n");
  const auto source = open_it({});
  EXPECT_EQ(pipe.waiting(), 4u);
}

TEST(Lazy, OneBufferAtMostIsTakenAheadOfWhatIsNeeded) {
  for (const RecordFormat format : {RecordFormat::lines, RecordFormat::csv, RecordFormat::jsonl}) {
    const StdinPipe pipe;
    ASSERT_GE(::fcntl(pipe.in.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
    std::string text;
    while (text.size() < 500000) text += "{\"abc\":1}\n{\"defghi\":22}\n";
    if (format == RecordFormat::csv) {
      for (char& c : text) c = c == '"' ? ' ' : c;
    }
    pipe.put(text);
    const auto source = open_it({.format = format});
    std::size_t needed = format == RecordFormat::csv ? 10 : 0;  // the header
    Record record;
    while (needed < 400000) {
      const Next next = source->next(record);
      if (next == Next::record) needed += record.text.size() + 1;
      ASSERT_TRUE(next == Next::record || next == Next::wait);
      ASSERT_LE(text.size() - pipe.waiting(), needed + (64 << 10));
    }
  }
}

TEST(Lazy, ASlowPipeIsWaitedForAndThenGoesOn) {
  const StdinPipe pipe;
  const auto source = open_it({});
  Record record;
  EXPECT_EQ(source->next(record), Next::wait);
  const int fd = source->wait_fd();
  EXPECT_FALSE(readable(fd));

  pipe.put("one\ntw");
  EXPECT_TRUE(readable(fd));
  EXPECT_EQ(source->next(record), Next::record);
  EXPECT_EQ(record.text, "one");
  EXPECT_EQ(source->next(record), Next::wait) << "half a line is no record";
  EXPECT_FALSE(readable(fd));

  pipe.put("o\n");
  EXPECT_EQ(source->next(record), Next::record);
  EXPECT_EQ(record.text, "two");
}

TEST(Lazy, RowsAndObjectsComeAsSoonAsTheyAreWhole) {
  {
    const StdinPipe pipe;
    pipe.put("a,b\n\"1\n");
    const auto source = open_it({.format = RecordFormat::csv});
    Record record;
    EXPECT_EQ(source->next(record), Next::wait);
    pipe.put("1\",2\n");
    EXPECT_EQ(source->next(record), Next::record);
    EXPECT_EQ(record.text, "\"1\n1\",2");
  }
  const StdinPipe pipe;
  const auto source = open_it({.format = RecordFormat::jsonl});
  pipe.put("{\"a\":1}\n{");
  Record record;
  EXPECT_EQ(source->next(record), Next::record);
  EXPECT_EQ(source->next(record), Next::wait);
}

TEST(Lazy, TheFlagsOfStdinStayAsTheyWere) {
  const StdinPipe pipe;
  const int flags = ::fcntl(0, F_GETFL);
  const auto source = open_it({});
  Record record;
  EXPECT_EQ(source->next(record), Next::wait);
  EXPECT_EQ(::fcntl(0, F_GETFL), flags);
}

// Endless empty lines, an endless line, endless lines that do not match: each turn reads one
// buffer, says wait, and is ready again at once.
TEST(Lazy, ALongStretchWithoutARecordIsReadInTurns) {
  const TemporaryFiles files;
  const std::string path = files.make("f", std::string(1 << 20, '\n') + "x");
  for (const RecordFormat format : {RecordFormat::lines, RecordFormat::csv, RecordFormat::jsonl}) {
    auto opened = open_source({.format = format, .files = {path}, .header = false});
    ASSERT_TRUE(opened);
    EXPECT_GE(drain(*opened->source).waits, 16);
  }
  auto endless = open_source({.files = {"/dev/zero"}});
  ASSERT_TRUE(endless);
  Record record;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(endless->source->next(record), Next::wait);
    EXPECT_TRUE(readable(endless->source->wait_fd()));
  }
}

TEST(Lazy, TheDescriptorToWaitForStaysTheSameFromFileToFile) {
  const TemporaryFiles files;
  ASSERT_EQ(::mkfifo(files.path("fifo").c_str(), 0600), 0);
  const StdinPipe pipe;
  const auto source = open_it({.files = {files.path("fifo"), files.make("file", "b\n"), "-"}});
  Record record;
  EXPECT_EQ(source->next(record), Next::wait) << "a FIFO that has no writer yet";
  const int fd = source->wait_fd();
  UniqueFd writer(::open(files.path("fifo").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(source->next(record), Next::wait);
  EXPECT_FALSE(readable(fd));
  ASSERT_EQ(::write(writer.get(), "a\n", 2), 2);
  EXPECT_TRUE(readable(fd));
  EXPECT_EQ(source->next(record), Next::record);
  EXPECT_EQ(record.text, "a");
  writer.reset();
  // The end of the FIFO and the file are one turn, or two.
  Next next = source->next(record);
  if (next == Next::wait) next = source->next(record);
  EXPECT_EQ(next, Next::record);
  EXPECT_EQ(record.text, "b");
  while (source->next(record) == Next::wait && readable(fd)) {
  }
  EXPECT_EQ(source->wait_fd(), fd);
  EXPECT_FALSE(readable(fd)) << "stdin has nothing yet";
  pipe.put("c\n");
  EXPECT_TRUE(readable(fd));
  EXPECT_EQ(source->next(record), Next::record);
  EXPECT_EQ(record.text, "c");
}

TEST(Lazy, AReadErrorComesAfterWhatWasRead) {
  const TemporaryFiles files;
  auto opened = open_source({.files = {files.make("f", "a\n"), "/proc/self/mem"}});
  ASSERT_TRUE(opened);
  const Drained drained = drain(*opened->source);
  EXPECT_EQ(drained.texts(), std::vector<std::string>{"a"});
  EXPECT_EQ(drained.error, (Error{"cannot read '/proc/self/mem': Input/output error", 3}));
}

}  // namespace
}  // namespace distaff::lazy_test

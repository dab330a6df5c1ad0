#include "sink/spill_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace distaff::spill_files_test {
namespace {

std::string read_all(SpillFiles& spill, const FilePart& part) {
  std::string text(part.length, '\0');
  text.resize(spill.read(part, text.data(), text.size()));
  return text;
}

TEST(SpillFiles, GiveBackWhatTheyWereGiven) {
  const TempDir dir;
  SpillFiles spill(dir.path(), 1 << 20);
  const FilePart first = spill.append("some bytes, ");
  const FilePart second = spill.append("and more");
  EXPECT_EQ(read_all(spill, second), "and more");
  EXPECT_EQ(read_all(spill, first), "some bytes, ");
  EXPECT_EQ(second.fd, first.fd);
  EXPECT_EQ(second.offset, first.length);
}

TEST(SpillFiles, HaveNoNames) {
  const TempDir dir;
  SpillFiles spill(dir.path(), 1 << 20);
  EXPECT_EQ(spill.append("bytes").length, 5u);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(SpillFiles, TakeNoMoreThanTheLimitAndMoreOnceAFileIsUsedUp) {
  const TempDir dir;
  constexpr std::uint64_t kLimit = 400'000;
  SpillFiles spill(dir.path(), kLimit);
  std::vector<FilePart> parts;
  const std::string piece(30'000, 'x');
  while (spill.room() > 0) parts.push_back(spill.append(std::string_view(piece).substr(0, 30'000)));
  EXPECT_EQ(spill.used(), kLimit);
  EXPECT_EQ(spill.append("more").length, 0u);

  // The first file is a quarter of it.
  std::uint64_t released = 0;
  for (const FilePart& part : parts) {
    if (part.fd != parts[0].fd) break;
    EXPECT_EQ(spill.room(), 0u);
    spill.release(part);
    released += part.length;
  }
  EXPECT_EQ(released, kLimit / 4);
  EXPECT_EQ(spill.used(), kLimit - released);
  EXPECT_GT(spill.room(), 0u);
}

TEST(SpillFiles, UseNoDiskWhenNothingIsNeeded) {
  const TempDir dir;
  SpillFiles spill(dir.path(), 1 << 20);
  const FilePart first = spill.append("first");
  const FilePart second = spill.append("second");
  spill.release(first);
  EXPECT_EQ(read_all(spill, second), "second");
  spill.release({second.fd, second.offset, 3});
  EXPECT_EQ(read_all(spill, {second.fd, second.offset + 3, 3}), "ond");
  spill.release({second.fd, second.offset + 3, 3});
  EXPECT_EQ(spill.used(), 0u);
  EXPECT_EQ(fcntl(first.fd, F_GETFD), -1);
}

TEST(SpillFiles, TakeWhatIsInAPipe) {
  const TempDir dir;
  SpillFiles spill(dir.path(), 1 << 20);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd from(ends[0]), to(ends[1]);
  ASSERT_EQ(write(to.get(), "through the kernel", 18), 18);
  using Why = PipeTarget::Moved::Why;
  PipeTarget::Moved moved = spill.target()->take_from(from.get(), 7);
  EXPECT_EQ(moved.bytes, 7u);
  EXPECT_EQ(moved.why, Why::most);
  const FilePart first = spill.moved(moved.bytes);
  moved = spill.target()->take_from(from.get(), 1 << 20);
  EXPECT_EQ(moved.bytes, 11u);
  EXPECT_EQ(moved.why, Why::empty);
  const FilePart second = spill.moved(moved.bytes);
  EXPECT_EQ(read_all(spill, first) + read_all(spill, second), "through the kernel");
  to.reset();
  EXPECT_EQ(spill.target()->take_from(from.get(), 1).why, Why::ended);
}

TEST(SpillFiles, ADirectoryThatCannotBeUsedIsAFullOneAndIsNamedOnce) {
  SpillFiles spill("/nowhere/at/all", 1 << 20);
  EXPECT_EQ(spill.take_failure(), "");
  EXPECT_EQ(spill.append("bytes").length, 0u);
  EXPECT_EQ(spill.room(), 0u);
  const std::string failure = spill.take_failure();
  EXPECT_NE(failure.find("/nowhere/at/all"), std::string::npos) << failure;
  EXPECT_NE(failure.find("--spill-dir"), std::string::npos) << failure;
  EXPECT_EQ(spill.take_failure(), "");
}

}  // namespace
}  // namespace distaff::spill_files_test

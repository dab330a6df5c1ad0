#include "os/file_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace distaff::file_identity_test {
namespace {

TEST(FileIdentity, IsOneOfAllNamesOfAFile) {
  TempDir dir;
  const std::string file = dir.file("file", "x");
  std::filesystem::create_symlink("file", dir / "soft");
  std::filesystem::create_hard_link(file, dir / "hard");
  const auto identity = identity_of(file);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->kind, FileIdentity::Kind::file);
  EXPECT_EQ(identity, identity_of(dir / "soft"));
  EXPECT_EQ(identity, identity_of(dir / "hard"));
  const UniqueFd opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(identity, identity_of(opened.get()));
  EXPECT_NE(identity, identity_of(dir.file("other", "x")));
}

TEST(FileIdentity, IsKnownBeforeTheFileIsMade) {
  TempDir dir;
  std::filesystem::create_symlink("new", dir / "link");
  const auto before = identity_of(dir / "link");
  ASSERT_TRUE(before);
  EXPECT_EQ(before, identity_of(dir / "new"));
  EXPECT_NE(before, identity_of(dir / "newer"));
  EXPECT_FALSE(identity_of(dir / "none/new"));
  std::filesystem::create_symlink("loop", dir / "loop");
  EXPECT_FALSE(identity_of(dir / "loop"));
}

TEST(FileIdentity, TellsWhatKeepsWhatIsWritten) {
  TempDir dir;
  EXPECT_EQ(identity_of("/dev/null")->kind, FileIdentity::Kind::other);
  EXPECT_EQ(identity_of(dir.path())->kind, FileIdentity::Kind::other);
  EXPECT_EQ(identity_of(dir.fifo("fifo"))->kind, FileIdentity::Kind::fifo);
  EXPECT_FALSE(identity_of(-1));
}

TEST(DescriptorNamed, IsThatOfStreamsByAnyName) {
  TempDir dir;
  std::filesystem::create_symlink("/dev/fd/1", dir / "link");
  EXPECT_EQ(descriptor_named("/dev/stdout"), 1);
  EXPECT_EQ(descriptor_named("/dev/stderr"), 2);
  EXPECT_EQ(descriptor_named("/dev/fd/7"), 7);
  EXPECT_EQ(descriptor_named("/proc/self/fd/0"), 0);
  EXPECT_EQ(descriptor_named("/proc/" + std::to_string(getpid()) + "/fd/1"), 1);
  EXPECT_EQ(descriptor_named(dir / "link"), 1);
  EXPECT_EQ(descriptor_named("/dev/null"), std::nullopt);
  EXPECT_EQ(descriptor_named(dir / "none"), std::nullopt);
}

}  // namespace
}  // namespace distaff::file_identity_test

#include "os/replace_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace distaff::replace_file_test {
namespace {

int files_in(const TempDir& dir) {
  int files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(dir.path())) ++files;
  return files;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0);
  return status.st_mode;
}

TEST(ReplaceFile, WritesIntoWhatIsNoRegularFile) {
  TempDir dir;
  EXPECT_TRUE(replace_file("/dev/null", "one"));
  EXPECT_TRUE(S_ISCHR(mode_of("/dev/null")));
  const auto full = replace_file("/dev/full", "one");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().status, 3);
  EXPECT_NE(full.error().message.find("No space left"), std::string::npos);
}

TEST(ReplaceFile, MakesAFileOrReplacesItAndLeavesNothingBeside) {
  TempDir dir;
  ASSERT_TRUE(replace_file(dir / "file", "one"));
  EXPECT_EQ(read_file(dir / "file", 100), "one");
  chmod((dir / "file").c_str(), 0640);
  ASSERT_TRUE(replace_file(dir / "file", "two"));
  EXPECT_EQ(read_file(dir / "file", 100), "two");
  EXPECT_EQ(mode_of(dir / "file") & 0777, 0640u);
  EXPECT_EQ(files_in(dir), 1);
}

TEST(ReplaceFile, WhoHasTheOldOneOpenKeepsIt) {
  TempDir dir;
  std::ifstream old(dir.file("file", "old"));
  ASSERT_TRUE(replace_file(dir / "file", "new"));
  std::string seen;
  old >> seen;
  EXPECT_EQ(seen, "old");
}

TEST(ReplaceFile, OfALinkTheFileBehindIt) {
  TempDir dir;
  dir.file("there/file", "old");
  ASSERT_EQ(symlink("there/file", (dir / "link").c_str()), 0);
  ASSERT_TRUE(replace_file(dir / "link", "new"));
  EXPECT_TRUE(S_ISLNK(mode_of(dir / "link")));
  EXPECT_EQ(read_file(dir / "there/file", 100), "new");
}

TEST(ReplaceFile, AFailureLeavesTheOldOneAndSaysWhatToDo) {
  TempDir dir;
  std::filesystem::create_directory(dir / "file");
  const auto failed = replace_file(dir / "file", "new");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().status, 3);
  EXPECT_NE(failed.error().message.find("name a file in a directory"), std::string::npos);
  EXPECT_EQ(files_in(dir), 1);
  EXPECT_FALSE(replace_file(dir / "nowhere/file", "new"));
}

TEST(ReplaceFile, WhatIsNoFileIsNeverReplaced) {
  TempDir dir;
  EXPECT_FALSE(check_replaceable("/dev/null"));
  EXPECT_FALSE(check_replaceable(dir.path()));
  EXPECT_FALSE(check_replaceable(dir / "nowhere/file"));
  EXPECT_FALSE(check_replaceable(dir.fifo("pipe")));
  EXPECT_TRUE(check_replaceable(dir / "file"));
  EXPECT_TRUE(check_replaceable(dir.file("file", "x")));
}

TEST(TouchFile, MakesItAndSetsItsTimeAndLeavesItsText) {
  TempDir dir;
  ASSERT_TRUE(touch_file(dir / "new"));
  const std::string old = dir.file("old", "text");
  const timespec times[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, old.c_str(), times, 0), 0);
  ASSERT_TRUE(touch_file(old));
  struct stat status {};
  ASSERT_EQ(stat(old.c_str(), &status), 0);
  EXPECT_GT(status.st_mtime, 1000);
  EXPECT_EQ(read_file(old, 100), "text");
  EXPECT_FALSE(touch_file(dir / "nowhere/file"));
}

}  // namespace
}  // namespace distaff::replace_file_test

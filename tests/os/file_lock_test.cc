#include "os/file_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "support/temp_dir.h"
#include "support/timing.h"

namespace distaff::file_lock_test {
namespace {

bool take(FileLocks& locks, std::string_view name) {
  const auto taken = locks.take("test", name);
  EXPECT_TRUE(taken) << taken.error().message;
  return taken && *taken;
}

FileLocks open_in(const TempDir& dir) {
  auto locks = FileLocks::open_in(dir / "locks");
  EXPECT_TRUE(locks) << locks.error().message;
  return std::move(*locks);
}

TEST(FileLocks, OneHolderOfANameAtATime) {
  TempDir dir;
  FileLocks first = open_in(dir), second = open_in(dir);
  EXPECT_TRUE(take(first, "a"));
  EXPECT_FALSE(take(second, "a"));
  EXPECT_TRUE(take(second, "b"));
  EXPECT_FALSE(take(first, "b"));
  first.give_back("test", "a");
  EXPECT_TRUE(take(second, "a"));
}

TEST(FileLocks, WhatIsLockedForAnotherReasonIsAnotherLock) {
  TempDir dir;
  FileLocks first = open_in(dir), second = open_in(dir);
  EXPECT_TRUE(*first.take("run", "a"));
  EXPECT_TRUE(*second.take("job", "a"));
  EXPECT_TRUE(*second.take("ru", "na"));
}

TEST(FileLocks, NamesAreAnyBytes) {
  TempDir dir;
  FileLocks first = open_in(dir), second = open_in(dir);
  const std::string long_name(100000, 'x');
  for (const std::string& name : {std::string(), std::string("../../etc"), std::string("a\0b", 3),
                                  std::string("a\n/\xff"), long_name}) {
    EXPECT_TRUE(take(first, name));
    EXPECT_FALSE(take(second, name));
  }
  EXPECT_TRUE(take(second, "a"));
  EXPECT_TRUE(take(second, long_name + "x"));
}

TEST(FileLocks, WhatWasTakenTwiceIsFreeAfterTheSecondGivingBack) {
  TempDir dir;
  FileLocks first = open_in(dir), second = open_in(dir);
  EXPECT_TRUE(take(first, "a"));
  EXPECT_TRUE(take(first, "a"));
  first.give_back("test", "a");
  EXPECT_FALSE(take(second, "a"));
  first.give_back("test", "a");
  EXPECT_TRUE(take(second, "a"));
}

TEST(FileLocks, AMillionNamesTakeOneFileAndNoMore) {
  TempDir dir;
  FileLocks locks = open_in(dir);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(take(locks, std::to_string(i)));
    locks.give_back("test", std::to_string(i));
  }
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir / "locks")) {
    EXPECT_EQ(file.file_size(), 0u);
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST(FileLocks, TheKernelFreesThemWhenTheHolderIsKilled) {
  TempDir dir;
  int up[2];
  ASSERT_EQ(pipe(up), 0);
  const pid_t child = fork();
  if (child == 0) {
    FileLocks locks = open_in(dir);
    if (take(locks, "a") && write(up[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte;
  ASSERT_EQ(read(up[0], &byte, 1), 1);
  FileLocks ours = open_in(dir);
  EXPECT_FALSE(take(ours, "a"));
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(take(ours, "a"));
  close(up[0]);
  close(up[1]);
}

TEST(FileLocks, AProgramThatWeStartDoesNotKeepThem) {
  TempDir dir;
  auto holder = std::make_unique<FileLocks>(open_in(dir));
  EXPECT_TRUE(take(*holder, "a"));
  const pid_t child = vfork();  // returns when the program is running
  if (child == 0) {
    execl("/bin/sleep", "sleep", "777", nullptr);
    _exit(127);
  }
  holder.reset();
  FileLocks ours = open_in(dir);
  // The kernel lets us go on a moment before it closes the program's descriptors.
  EXPECT_TRUE(test::eventually([&] { return take(ours, "a"); }));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(FileLocks, ALockOnAFileThatWasRemovedIsNone) {
  TempDir dir;
  FileLocks first = open_in(dir), second = open_in(dir);
  std::filesystem::remove(dir / "locks/locks");
  EXPECT_TRUE(take(first, "a"));
  EXPECT_FALSE(take(second, "a"));
  FileLocks later = open_in(dir);
  EXPECT_FALSE(take(later, "a"));
}

TEST(FileLocks, TheDirectoryIsOursAlone) {
  TempDir dir;
  FileLocks locks = open_in(dir);
  struct stat status {};
  ASSERT_EQ(stat((dir / "locks").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

std::string refusal(const std::string& directory) {
  const auto locks = FileLocks::open_in(directory);
  return locks ? std::string() : locks.error().message;
}

TEST(FileLocks, ADirectoryThatOthersCouldHaveMadeIsRefused) {
  TempDir dir;
  ASSERT_EQ(symlink("/tmp", (dir / "link").c_str()), 0);
  EXPECT_NE(refusal(dir / "link").find("it is no directory; remove it"), std::string::npos);
  dir.file("file", "");
  EXPECT_NE(refusal(dir / "file").find("it is no directory; remove it"), std::string::npos);
  std::filesystem::create_directory(dir / "open");
  chmod((dir / "open").c_str(), 0755);
  EXPECT_NE(refusal(dir / "open").find("close it to them by chmod 700"), std::string::npos);
}

TEST(FileLocks, ADirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  TempDir dir;
  std::filesystem::create_directory(dir / "theirs");
  chmod((dir / "theirs").c_str(), 0700);
  ASSERT_EQ(chown((dir / "theirs").c_str(), 54321, 54321), 0);
  EXPECT_NE(refusal(dir / "theirs").find("it belongs to another user; have it removed"),
            std::string::npos);
}

}  // namespace
}  // namespace distaff::file_lock_test

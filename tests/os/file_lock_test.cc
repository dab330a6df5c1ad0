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
#include <utility>
#include <vector>

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
  auto locks = FileLocks::open_in({dir / "locks"});
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
  const auto locks = FileLocks::open_in({directory});
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

// ---- several places

FileLocks open_among(std::vector<std::string> places) {
  auto locks = FileLocks::open_in(std::move(places));
  EXPECT_TRUE(locks) << locks.error().message;
  return std::move(*locks);
}

TEST(FileLocks, AreInTheFirstPlaceThatCanBeMade) {
  TempDir dir;
  dir.file("taken", "");
  const std::vector<std::string> places{dir / "taken", dir / "second", dir / "third"};
  FileLocks first = open_among(places), second = open_among(places);
  EXPECT_TRUE(take(first, "a"));
  EXPECT_FALSE(take(second, "a"));
  EXPECT_TRUE(std::filesystem::exists(dir / "second"));
  EXPECT_FALSE(std::filesystem::exists(dir / "third"));
}

TEST(FileLocks, TellHowManyDescriptorsTheyWillHave) {
  TempDir dir;
  const std::vector<std::string> places{dir / "first", dir / "second", dir / "third"};
  EXPECT_EQ(FileLocks::descriptors_in(places), 2);
  const FileLocks later = open_among({places[1]});
  EXPECT_EQ(FileLocks::descriptors_in(places), 2);
  const FileLocks first = open_among({places[0]});
  EXPECT_EQ(FileLocks::descriptors_in(places), 4);
}

TEST(FileLocks, AreSharedAlsoWhenAnEarlierPlaceIsFreeAgain) {
  TempDir dir;
  dir.file("first", "");
  const std::vector<std::string> places{dir / "first", dir / "second"};
  FileLocks before = open_among(places);
  std::filesystem::remove(dir / "first");
  FileLocks between = open_among(places);
  std::filesystem::create_directory(dir / "first");
  chmod((dir / "first").c_str(), 0700);
  FileLocks after = open_among(places);
  EXPECT_TRUE(take(before, "a"));
  EXPECT_FALSE(take(between, "a"));
  EXPECT_FALSE(take(after, "a"));
  before.give_back("test", "a");
  EXPECT_TRUE(take(after, "a"));
  EXPECT_FALSE(take(before, "a"));
  EXPECT_FALSE(take(between, "a"));
  after.give_back("test", "a");
  EXPECT_TRUE(take(between, "a"));
}

TEST(FileLocks, OfWhichOneIsHeldLeaveTheOthersFree) {
  TempDir dir;
  const auto make = [&](std::string_view name) {
    std::filesystem::create_directory(dir / name);
    chmod((dir / name).c_str(), 0700);
  };
  make("first");
  make("second");
  FileLocks later = open_among({dir / "second"});
  FileLocks both = open_among({dir / "first", dir / "second"});
  EXPECT_TRUE(take(later, "a"));
  EXPECT_FALSE(take(both, "a"));
  FileLocks first = open_among({dir / "first"});
  EXPECT_TRUE(take(first, "a"));
}

TEST(FileLocks, AreOneWhereOnePlaceHasTwoNames) {
  TempDir dir;
  std::filesystem::create_directory(dir / "tmp");
  std::filesystem::create_directory_symlink("tmp", dir / "var");
  FileLocks locks = open_among({dir / "tmp/locks", dir / "var/locks"});
  EXPECT_TRUE(take(locks, "a"));
  FileLocks second = open_among({dir / "var/locks"});
  EXPECT_FALSE(take(second, "a"));
}

TEST(FileLocks, SayOfEachPlaceWhyItCannotBe) {
  TempDir dir;
  dir.file("file", "");
  const auto locks = FileLocks::open_in({dir / "file", dir / "none/locks"});
  ASSERT_FALSE(locks);
  EXPECT_NE(locks.error().message.find("file: it is no directory; remove it; "), std::string::npos);
  EXPECT_NE(locks.error().message.find("none/locks: No such file or directory"), std::string::npos);
}

// Each in a process of its own, all at the same time.
TEST(FileLocks, AreTakenByOneOfManyThatBeginTogether) {
  TempDir dir;
  for (int round = 0; round < 20; ++round) {
    const std::string base = dir / std::to_string(round);
    std::filesystem::create_directory(base);
    int go[2], won[2];
    ASSERT_EQ(pipe(go) + pipe(won), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(fork());
      if (children.back() != 0) continue;
      close(go[1]);
      char byte;
      if (read(go[0], &byte, 1) < 0) _exit(1);
      auto locks = FileLocks::open_in({base + "/a", base + "/b", base + "/c"});
      if (locks && take(*locks, "x") && write(won[1], "x", 1) == 1) pause();
      _exit(0);
    }
    close(go[1]);
    close(go[0]);
    // The winner lives until all others have seen that it has the lock.
    int ended = 0;
    while (ended < 5 && waitpid(-1, nullptr, 0) > 0) ++ended;
    char winners[8];
    EXPECT_EQ(read(won[0], winners, sizeof winners), 1);
    for (const pid_t child : children) kill(child, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    close(won[0]);
    close(won[1]);
  }
}

}  // namespace
}  // namespace distaff::file_lock_test

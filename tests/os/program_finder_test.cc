#include "os/program_finder.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "support/temp_dir.h"

namespace distaff::program_finder_test {
namespace {

class Finding : public testing::Test {
 protected:
  TempDir dir;
  ProgramFinder finder;

  std::string found(std::string_view name, std::optional<std::string_view> path,
                    std::string_view workdir = {}) {
    return finder.find(name, path, workdir).path;
  }
};

TEST_F(Finding, TheFirstDirectoryOfPathThatHasTheProgram) {
  const std::string second = dir.file("b/tool", "", 0755);
  dir.file("c/tool", "", 0755);
  const std::string path = dir / "a:" + dir / "b:" + dir / "c";
  EXPECT_EQ(found("tool", path), second);
  EXPECT_FALSE(finder.was_remembered());
  EXPECT_EQ(found("tool", path), second);
  EXPECT_TRUE(finder.was_remembered());
}

TEST_F(Finding, DirectoriesAreSkippedAndFilesThatAreNotExecutableRemembered) {
  dir.file("a/tool/file", "");
  dir.file("b/tool", "", 0644);
  const std::string right = dir.file("c/tool", "", 0755);
  EXPECT_EQ(found("tool", dir / "a:" + dir / "b:" + dir / "c"), right);
  EXPECT_EQ(finder.find("tool", dir / "a:" + dir / "b", {}).error, EACCES);
  EXPECT_EQ(finder.find("tool", dir / "a", {}).error, ENOENT);
  EXPECT_EQ(finder.find("", dir / "a", {}).error, ENOENT);
}

TEST_F(Finding, AnotherPathFindsAnotherProgram) {
  const std::string a = dir.file("a/tool", "", 0755);
  const std::string b = dir.file("b/tool", "", 0755);
  EXPECT_EQ(found("tool", dir / "a"), a);
  EXPECT_EQ(found("tool", dir / "b"), b);
  EXPECT_EQ(found("tool", dir / "a"), a);
}

TEST_F(Finding, RelativeAndEmptyElementsMeanTheJobsDirectory) {
  dir.file("a/tool", "", 0755);
  dir.file("b/bin/tool", "", 0755);
  for (const std::string path : {":/nowhere", "/nowhere:", "/nowhere::/nowhere", "."}) {
    EXPECT_EQ(found("tool", path, dir / "a"), "./tool") << path;
    EXPECT_EQ(finder.find("tool", path, dir / "b").error, ENOENT) << path;
  }
  EXPECT_EQ(found("tool", "/nowhere:bin", dir / "b"), "bin/tool");
}

TEST_F(Finding, ANameWithASlashIsTakenAsItIs) {
  EXPECT_EQ(found("./x", "/usr/bin"), "./x");
  EXPECT_EQ(found("/no/such", "/usr/bin"), "/no/such");
  EXPECT_EQ(found("-d/x", "/usr/bin"), "./-d/x");
}

TEST_F(Finding, WithoutPathTheUsualDirectories) {
  EXPECT_FALSE(found("sh", {}).empty());
  EXPECT_EQ(finder.find("no-such-program-anywhere", {}, {}).error, ENOENT);
}

TEST_F(Finding, LooksAgainAfterForgetting) {
  const std::string a = dir.file("a/tool", "", 0755);
  const std::string b = dir.file("b/tool", "", 0755);
  const std::string path = dir / "a:" + dir / "b";
  EXPECT_EQ(found("tool", path), a);
  std::filesystem::remove(a);
  EXPECT_EQ(found("tool", path), a);
  finder.forget_last();
  EXPECT_EQ(found("tool", path), b);
}

TEST_F(Finding, ManyNamesAreNotAllRemembered) {
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "tool" + std::to_string(i);
    const std::string file = dir.file("a/" + name, "", 0755);
    ASSERT_EQ(found(name, dir / "a"), file);
  }
  found("tool0", dir / "a");
  EXPECT_FALSE(finder.was_remembered());
}

}  // namespace
}  // namespace distaff::program_finder_test

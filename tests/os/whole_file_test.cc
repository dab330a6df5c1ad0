#include "os/whole_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::whole_file_test {
namespace {

std::set<std::string> names_in(const TempDir& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    names.insert(entry.path().filename());
  }
  return names;
}

void write(const WholeFile& file, std::string_view text) {
  ASSERT_EQ(::write(file.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(WholeFile, HasItsNameWhenItIsWholeAndNoneBefore) {
  TempDir dir;
  WholeFile file(dir / "f", dir / "f.part");
  ASSERT_EQ(file.open(), 0);
  write(file, "text");
  EXPECT_FALSE(names_in(dir).contains("f"));
  EXPECT_EQ(file.publish(), 0);
  EXPECT_EQ(names_in(dir), std::set<std::string>{"f"});
  EXPECT_EQ(read_file(dir / "f"), "text");
}

TEST(WholeFile, ReplacesWhatHasTheName) {
  TempDir dir;
  dir.file("f", "old");
  WholeFile file(dir / "f", dir / "f.part");
  ASSERT_EQ(file.open(), 0);
  write(file, "new");
  EXPECT_EQ(read_file(dir / "f"), "old");
  EXPECT_EQ(file.publish(), 0);
  EXPECT_EQ(names_in(dir), std::set<std::string>{"f"});
  EXPECT_EQ(read_file(dir / "f"), "new");
}

TEST(WholeFile, ThatIsNotPublishedLeavesNothing) {
  TempDir dir;
  {
    WholeFile file(dir / "f", dir / "f.part");
    ASSERT_EQ(file.open(), 0);
    write(file, "half");
    const WholeFile moved(std::move(file));
  }
  EXPECT_TRUE(names_in(dir).empty());
}

TEST(WholeFile, ThatCannotBeNamedLeavesNothing) {
  TempDir dir;
  std::filesystem::create_directory(dir / "f");
  {
    WholeFile file(dir / "f", dir / "f.part");
    ASSERT_EQ(file.open(), 0);
    EXPECT_EQ(file.publish(), EISDIR);
  }
  EXPECT_EQ(names_in(dir), std::set<std::string>{"f"});
}

TEST(WholeFile, MayKeepTheNameBesideItsPlace) {
  TempDir dir;
  dir.file("f", "old");
  {
    WholeFile file(dir / "f", dir / "f.part");
    ASSERT_EQ(file.open(), 0);
    write(file, "rest");
    EXPECT_EQ(file.publish_aside(), 0);
  }
  EXPECT_EQ(read_file(dir / "f"), "old");
  EXPECT_EQ(read_file(dir / "f.part"), "rest");
}

TEST(WholeFile, CannotBeWhereNoDirectoryIs) {
  TempDir dir;
  WholeFile file(dir / "none/f", dir / "none/f.part");
  EXPECT_EQ(file.open(), ENOENT);
}

}  // namespace
}  // namespace distaff::whole_file_test

#include "fetch/data_file.h"

#include <gtest/gtest.h>

#include "fetch/body_testing.h"
#include "support/temp_dir.h"

namespace distaff::data_file_test {
namespace {

TEST(DataFile, IsReadAsItIs) {
  TempDir dir;
  EXPECT_EQ(read_data_file(dir.file("empty", "")), "");
  EXPECT_EQ(read_data_file(dir.file("large", bytes_of(200'000))), bytes_of(200'000));
  EXPECT_EQ(
      read_data_file(dir / "no").error().message,
      "cannot read '" + (dir / "no") + "': No such file or directory; name a file behind the @");
  EXPECT_EQ(read_data_file(dir.path()).error().message,
            "cannot read '" + dir.path() + "': Is a directory; name a file behind the @");
}

}  // namespace
}  // namespace distaff::data_file_test

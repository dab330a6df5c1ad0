#include "os/file_text.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace distaff::file_text_test {
namespace {

TEST(FileText, ReadsSmallFilesWhole) {
  const TempDir dir;
  std::string text(10'000, 'x');
  text[5000] = '\0';
  EXPECT_EQ(text_of_file(dir.file("long", text)), text);
  EXPECT_EQ(text_of_file(dir.file("empty", "")), "");
  EXPECT_EQ(text_of_file(dir.path() + "/none"), std::nullopt);
  EXPECT_EQ(text_of_file(dir.path()), std::nullopt);  // a directory
  EXPECT_TRUE(text_of_file("/proc/self/cgroup").value().ends_with('\n'));
}

TEST(FileText, NamesTheRegularFileBehindADescriptor) {
  const TempDir dir;
  const std::string path = dir.file("{}.out", "");
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(file_name_of(file.get()), "{}.out");
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(file_name_of(null.get()), "");
  EXPECT_TRUE(is_null_device(null.get()));
  EXPECT_FALSE(is_null_device(file.get()));
  EXPECT_FALSE(is_null_device(-1));
  // What stands in for a closed stdin gives no end of input, but an error.
  const UniqueFd closed(open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(is_null_device(closed.get()));
  EXPECT_EQ(file_name_of(-1), "");
}

TEST(FileText, FindsTheInterpreterOfAScript) {
  const TempDir dir;
  EXPECT_EQ(interpreter_of(dir.file("a", "#!/bin/sh\necho\n")), "/bin/sh");
  EXPECT_EQ(interpreter_of(dir.file("b", "#! /bin/sh -e\n")), "/bin/sh");
  EXPECT_EQ(interpreter_of(dir.file("c", "#!/bin/sh\r\necho\r\n")), "/bin/sh\r");
  EXPECT_EQ(interpreter_of(dir.file("d", "#!")), "");
  EXPECT_EQ(interpreter_of(dir.file("e", "echo #!/bin/sh\n")), "");
  EXPECT_EQ(interpreter_of(dir.path() + "/none"), "");
}

}  // namespace
}  // namespace distaff::file_text_test

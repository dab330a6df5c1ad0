#include "sink/failed_records.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::failed_records_test {
namespace {

struct Failing {
  void open(bool is_input = false) {
    auto opened = FailedRecords::open({.file = path,
                                       .run = "r1",
                                       .framing = [this] { return framing; },
                                       .tuples = tuples,
                                       .is_input = is_input});
    ASSERT_TRUE(opened) << opened.error().message;
    records = std::move(*opened);
  }
  // `written`: what the job wrote is out.
  void end(const std::string& text, bool failed, bool written = true) {
    Job job;
    job.id = JobId{++jobs};
    job.records.push_back({.text = text});
    records->on_end(job, {}, failed, {}, {});
    if (written) records->on_output_written(job.id);
  }
  void finish() { records->tick({}, {}, true); }

  TempDir dir;
  std::string path = dir / "f";
  Framing framing;
  bool tuples = false;
  std::uint64_t jobs = 0;
  std::unique_ptr<FailedRecords> records;
};

TEST(FailedRecords, AreWrittenAsideUntilTheRunEnds) {
  Failing failing;
  failing.dir.file("f", "old");
  failing.framing = {"id,v", "\r\n"};
  failing.open();
  failing.end("1,x", true);
  failing.end("2,y", false);
  Job waiting;
  waiting.records = {{.text = "3,z"}, {.text = "4,z"}};
  failing.records->on_not_run(waiting);
  EXPECT_EQ(read_file(failing.path), "old");
  failing.finish();
  EXPECT_EQ(failing.records->failure(), "");
  EXPECT_EQ(read_file(failing.path), "id,v\r\n1,x\r\n3,z\r\n4,z\r\n");
  failing.records.reset();
  EXPECT_FALSE(std::filesystem::exists(failing.path + ".r1.part"));
}

TEST(FailedRecords, OfAPackedBatchAreAllOfThem) {
  for (const std::string ending : {"\n", "\r\n"}) {
    Failing failing;
    failing.framing = {"id", ending};
    failing.open();
    const auto batch = [](std::uint64_t id, const std::string& first) {
      Job job{.id = JobId{id}, .records = {{.text = first}}};
      auto texts = std::make_shared<PackedTexts>("\n");
      for (const std::string& text : {first, std::string(), std::string("z")}) texts->add(text);
      job.packed = texts;
      return job;
    };
    failing.records->on_not_run(batch(1, "a"));
    failing.records->on_end(batch(2, "done"), {}, false, {}, {});
    failing.records->on_output_written(JobId{2});
    failing.records->on_end(batch(3, "unwritten"), {}, false, {}, {});
    failing.finish();
    EXPECT_EQ(read_file(failing.path), "id" + ending + "a" + ending + ending + "z" + ending +
                                           "unwritten" + ending + ending + "z" + ending);
  }
}

TEST(FailedRecords, AreAlsoThoseOfJobsWhoseOutputIsLost) {
  Failing failing;
  failing.framing = {"id", "\n"};
  failing.open();
  failing.end("1", false, false);
  failing.end("2", false);
  failing.end("3", true, false);
  failing.end("4", false, false);
  failing.finish();
  EXPECT_EQ(read_file(failing.path), "id\n3\n1\n4\n");
}

TEST(FailedRecords, HaveNoNameBesideTheirFileWhileTheRunGoesOn) {
  Failing failing;
  failing.dir.file("f", "old");
  failing.open();
  failing.end("1", true);
  int names = 0;
  for ([[maybe_unused]] const auto& name :
       std::filesystem::directory_iterator(failing.dir.path())) {
    ++names;
  }
  if (names > 1) GTEST_SKIP() << "this file system has no files without a name";
  failing.finish();
  EXPECT_EQ(read_file(failing.path), "1\n");
}

TEST(FailedRecords, LeaveAnEmptyFileIfThereAreNone) {
  Failing failing;
  failing.dir.file("f", "old");
  failing.framing = {"id,v", "\n"};
  failing.open();
  failing.end("1,x", false);
  failing.finish();
  EXPECT_TRUE(std::filesystem::exists(failing.path));
  EXPECT_EQ(read_file(failing.path), "");
}

TEST(FailedRecords, OfSeveralListsHaveATabBetweenTheirValues) {
  Failing failing;
  failing.tuples = true;
  failing.open();
  Job job;
  job.records.push_back({.text = "a b c", .fields = {"a b", "c"}});
  failing.records->on_end(job, {}, true, {}, {});
  failing.finish();
  EXPECT_EQ(read_file(failing.path), "a b\tc\n");
}

TEST(FailedRecords, ReplaceTheInputOnlyIfTheRestOfItIsAmongThem) {
  Failing failing;
  failing.dir.file("f", "1\n2\n");
  failing.open(true);
  failing.end("1", true);
  failing.records->on_input_left();
  failing.finish();
  EXPECT_NE(failing.records->failure().find("is left as it was"), std::string::npos);
  failing.records.reset();
  EXPECT_EQ(read_file(failing.path), "1\n2\n");
  EXPECT_EQ(read_file(failing.path + ".r1.part"), "1\n");
}

TEST(FailedRecords, KeepTheModeOfTheFileAndFollowALink) {
  Failing failing;
  failing.dir.file("real", "old", 0600);
  std::filesystem::create_symlink("real", failing.path);
  failing.open();
  failing.end("x", true);
  failing.finish();
  EXPECT_TRUE(std::filesystem::is_symlink(failing.path));
  EXPECT_EQ(read_file(failing.dir / "real"), "x\n");
  EXPECT_EQ(std::filesystem::status(failing.dir / "real").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(FailedRecords, WithoutAnEndLeaveNothingBehind) {
  Failing failing;
  failing.open();
  failing.end("x", true);
  failing.records.reset();
  EXPECT_TRUE(std::filesystem::is_empty(failing.dir.path()));
}

TEST(FailedRecords, KnowTheirFileAmongTheInputs) {
  TempDir dir;
  const std::string file = dir.file("f", "");
  std::filesystem::create_symlink("f", dir / "link");
  EXPECT_TRUE(is_among(file, {dir / "other", dir / "link"}));
  EXPECT_FALSE(is_among(file, {dir / "other"}));
  EXPECT_FALSE(is_among(dir / "other", {file}));
  EXPECT_FALSE(is_among(file, {}));
}

}  // namespace
}  // namespace distaff::failed_records_test

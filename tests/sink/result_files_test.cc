#include "sink/result_files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "collate/json_rows.h"
#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::result_files_test {
namespace {

namespace fs = std::filesystem;

constexpr Stream out = Stream::out;
constexpr Stream err = Stream::err;

Job job(std::uint64_t seq) {
  Job made;
  made.id = JobId{seq};
  made.records.push_back({.text = "r"});
  return made;
}

class ResultFilesTest : public testing::Test {
 protected:
  std::unique_ptr<ResultFiles> make(const std::string& run) {
    describe.push_back(std::make_unique<JsonRows>(JsonRows::Options{.run = run}));
    return std::make_unique<ResultFiles>(*describe.back(), run);
  }

  // Every file there is, below the directory.
  std::set<std::string> files() const {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
      if (!entry.is_directory()) all.insert(entry.path().lexically_relative(dir.path()));
    }
    return all;
  }

  static void end(ResultFiles& results, std::uint64_t seq, int status = 0) {
    results.ended(job(seq), {Outcome::exited(status), {}}, 1, 1);
    results.close(JobId{seq});
  }

  TempDir dir;
  std::vector<std::unique_ptr<JsonRows>> describe;
};

TEST_F(ResultFilesTest, ArePutInAPlaceOfTheJobsOwn) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a/b"));
  ASSERT_TRUE(results->open(JobId{2}, dir / "c"));
  results->output(JobId{1}, out, "one");
  results->output(JobId{2}, out, "two");
  results->output(JobId{1}, out, " and more");
  results->output(JobId{1}, err, "oh");
  end(*results, 1, 3);
  end(*results, 2);
  EXPECT_EQ(files(), (std::set<std::string>{"a/b/stdout", "a/b/stderr", "a/b/job.json", "c/stdout",
                                            "c/stderr", "c/job.json"}));
  EXPECT_EQ(read_file(dir / "a/b/stdout"), "one and more");
  EXPECT_EQ(read_file(dir / "a/b/stderr"), "oh");
  EXPECT_EQ(read_file(dir / "c/stderr"), "");
  const std::string json = read_file(dir / "a/b/job.json");
  EXPECT_TRUE(json.starts_with(R"({"record":"r","seq":1,"attempts":1,"exit":3,)")) << json;
  EXPECT_TRUE(json.ends_with(R"(,"run":"r1"})"
                             "\n"))
      << json;
  EXPECT_EQ(results->failure(), "");
}

TEST_F(ResultFilesTest, HaveTheirNamesOnlyWhenTheyAreComplete) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "one");
  for (const std::string& name : files()) EXPECT_TRUE(name.ends_with(".r1.part")) << name;
  results->ended(job(1), {}, 1, 1);
  for (const std::string& name : files()) EXPECT_TRUE(name.ends_with(".r1.part")) << name;
  results->close(JobId{1});
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(ResultFilesTest, OfASecondJobCannotHaveThePlaceOfTheFirst) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  const auto while_it_runs = results->open(JobId{2}, dir / "a");
  ASSERT_FALSE(while_it_runs);
  EXPECT_EQ(while_it_runs.error().status, 1);
  EXPECT_NE(while_it_runs.error().message.find(dir / "a"), std::string::npos);
  results->output(JobId{2}, out, "ignored");
  end(*results, 2);
  results->output(JobId{1}, out, "one");
  end(*results, 1);

  const auto afterwards = results->open(JobId{3}, dir / "a");
  ASSERT_FALSE(afterwards);
  EXPECT_EQ(afterwards.error(), while_it_runs.error());
  EXPECT_EQ(files(), (std::set<std::string>{"a/stdout", "a/stderr", "a/job.json"}));
  EXPECT_EQ(read_file(dir / "a/stdout"), "one");
}

TEST_F(ResultFilesTest, OfAnEarlierRunAreReplaced) {
  const auto earlier = make("r1");
  ASSERT_TRUE(earlier->open(JobId{1}, dir / "a"));
  earlier->output(JobId{1}, out, "old and long");
  end(*earlier, 1);
  const auto results = make("r2");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  EXPECT_EQ(read_file(dir / "a/stdout"), "old and long");
  results->output(JobId{1}, out, "new");
  end(*results, 1);
  EXPECT_EQ(read_file(dir / "a/stdout"), "new");
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(ResultFilesTest, OfAJobThatIsPutBackLeaveThePlaceFree) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->drop(JobId{1});
  EXPECT_EQ(files(), std::set<std::string>{});
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  end(*results, 1);
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(ResultFilesTest, OfAJobThatIsTriedAgainAreThoseOfItsLastAttempt) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "first");
  results->output(JobId{1}, err, "failed");
  ASSERT_TRUE(results->open(JobId{1}, dir / "elsewhere"));
  results->output(JobId{1}, out, "2nd");
  end(*results, 1);
  EXPECT_EQ(read_file(dir / "a/stdout"), "2nd");
  EXPECT_EQ(read_file(dir / "a/stderr"), "");
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(ResultFilesTest, ThatAreNotCompleteInTheEndAreRemoved) {
  auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "half");
  results.reset();
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(ResultFilesTest, CannotBeWhereAFileIs) {
  dir.file("a", "");
  const auto results = make("r1");
  const auto opened = results->open(JobId{1}, dir / "a/b");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().status, 1);
  const auto long_name = results->open(JobId{2}, dir / std::string(300, 'x'));
  ASSERT_FALSE(long_name);
  EXPECT_EQ(long_name.error().status, 1);
  EXPECT_EQ(results->failure(), "");
}

TEST_F(ResultFilesTest, ThatCannotBeMadeAtAllStopTheRun) {
  const auto results = make("r1");
  const auto opened = results->open(JobId{1}, "/proc/distaff/1");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().status, 3);
  EXPECT_NE(opened.error().message.find("/proc/distaff/1"), std::string::npos);
}

TEST_F(ResultFilesTest, ThatCannotBeWrittenAreAFailureAndNotThere) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  ASSERT_TRUE(results->open(JobId{2}, dir / "b"));
  results->output(JobId{2}, out, "two");
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  results->output(JobId{1}, out, std::string(2000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(results->failure().find("a/stdout"), std::string::npos) << results->failure();
  end(*results, 1);
  end(*results, 2);
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(ResultFilesTest, AreWrittenWithoutADescriptorLeftForThem) {
  const auto results = make("r1");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit small = before;
  small.rlim_cur = 50;
  setrlimit(RLIMIT_NOFILE, &small);
  std::vector<UniqueFd> taken;
  const auto take_all = [&] {
    while (taken.emplace_back(dup(0))) {
    }
  };
  take_all();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::string place = dir / std::to_string(i);
    ASSERT_TRUE(results->open(JobId{i}, place));
    take_all();
    results->output(JobId{i}, out, "one");
    results->output(JobId{i}, err, "two");
    take_all();
    end(*results, i);
    take_all();
    EXPECT_FALSE(results->open(JobId{9}, place)) << "job.json can be read, too";
  }
  taken.clear();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(results->failure(), "");
  EXPECT_EQ(files().size(), 9u);
  EXPECT_EQ(read_file(dir / "3/stderr"), "two");
}

}  // namespace
}  // namespace distaff::result_files_test

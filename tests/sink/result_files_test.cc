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

// With files that have no name until they are whole, and with named parts.
class ResultFilesTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<ResultFiles> make(const std::string& run) {
    describe.push_back(std::make_unique<JsonRows>(JsonRows::Options{.run = run}));
    return std::make_unique<ResultFiles>(*describe.back(),
                                         ResultFiles::Options{run, root, unnamed});
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
  std::string root = dir.path() + "/";
  bool unnamed = GetParam();
  std::vector<std::unique_ptr<JsonRows>> describe;
};

TEST_P(ResultFilesTest, ArePutInAPlaceOfTheJobsOwn) {
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

TEST_P(ResultFilesTest, HaveTheirNamesOnlyWhenTheyAreComplete) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "one");
  for (const std::string& name : files()) EXPECT_TRUE(name.ends_with(".r1.part")) << name;
  results->ended(job(1), {}, 1, 1);
  for (const std::string& name : files()) EXPECT_TRUE(name.ends_with(".r1.part")) << name;
  results->close(JobId{1});
  EXPECT_EQ(files().size(), 3u);
}

TEST_P(ResultFilesTest, OfASecondJobCannotHaveThePlaceOfTheFirst) {
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

TEST_P(ResultFilesTest, OfAnEarlierRunAreReplaced) {
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

TEST_P(ResultFilesTest, OfAJobThatIsPutBackLeaveThePlaceFree) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->drop(JobId{1});
  EXPECT_EQ(files(), std::set<std::string>{});
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  end(*results, 1);
  EXPECT_EQ(files().size(), 3u);
}

TEST_P(ResultFilesTest, OfAJobThatIsTriedAgainAreThoseOfItsLastAttempt) {
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

TEST_P(ResultFilesTest, ThatAreNotCompleteInTheEndAreRemoved) {
  auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "half");
  results.reset();
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_P(ResultFilesTest, CannotBeWhereAFileIs) {
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

TEST_P(ResultFilesTest, ThatCannotBeMadeAtAllStopTheRun) {
  root = "/proc/distaff/";
  const auto results = make("r1");
  const auto opened = results->open(JobId{1}, "/proc/distaff/1");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().status, 3);
  EXPECT_NE(opened.error().message.find("/proc/distaff/1"), std::string::npos);
}

TEST_P(ResultFilesTest, ThatCannotBeWrittenAreAFailureAndNotThere) {
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

TEST_P(ResultFilesTest, AreWrittenWithoutADescriptorLeftForThem) {
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

TEST_P(ResultFilesTest, AreNotWhereALinkBelowTheRootLeads) {
  fs::create_directory(dir / "out");
  fs::create_directory(dir / "elsewhere");
  fs::create_directory_symlink("../elsewhere", dir / "out/link");
  fs::create_directory_symlink("out", dir / "root");
  root = dir / "root/";
  const auto results = make("r1");
  for (const char* const place : {"root/link", "root/link/a", "root/./link//a"}) {
    const auto opened = results->open(JobId{1}, dir / place);
    ASSERT_FALSE(opened) << place;
    EXPECT_EQ(opened.error().status, 1);
    EXPECT_NE(opened.error().message.find("no directory, or a link to one"), std::string::npos);
  }
  // The root itself is what the user named; and a file that is a link is replaced.
  fs::create_directory(dir / "out/a");
  dir.file("victim", "kept");
  fs::create_symlink("../../victim", dir / "out/a/stdout");
  ASSERT_TRUE(results->open(JobId{2}, dir / "root/a"));
  results->output(JobId{2}, out, "new");
  end(*results, 2);
  EXPECT_EQ(read_file(dir / "victim"), "kept");
  EXPECT_EQ(read_file(dir / "out/a/stdout"), "new");
  EXPECT_FALSE(fs::is_symlink(dir / "out/a/stdout"));
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
}

TEST_P(ResultFilesTest, AreNotWhereAJobPutsALinkWhileItRuns) {
  fs::create_directory(dir / "elsewhere");
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "one");
  fs::rename(dir / "a", dir / "b");
  fs::create_directory_symlink("elsewhere", dir / "a");
  results->output(JobId{1}, out, "two");
  end(*results, 1);
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
}

TEST_P(ResultFilesTest, OfOnePlaceWithSeveralSpellingsAreOneJobs) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a/b"));
  EXPECT_FALSE(results->open(JobId{2}, dir / "a//./b"));
  end(*results, 1);
  EXPECT_FALSE(results->open(JobId{3}, dir / "./a/b/"));
}

TEST_P(ResultFilesTest, OfManyJobsAtOnceTakeAFewDescriptors) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit small = before;
  small.rlim_cur = 64;
  setrlimit(RLIMIT_NOFILE, &small);
  const auto results = make("r1");
  for (std::uint64_t i = 1; i <= 100; ++i) {
    EXPECT_TRUE(results->open(JobId{i}, dir / std::to_string(i)));
  }
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 1; i <= 100; ++i) {
      results->output(JobId{i}, i % 2 == 0 ? out : err, std::to_string(i));
    }
  }
  for (std::uint64_t i = 1; i <= 100; ++i) end(*results, i);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(results->failure(), "");
  EXPECT_EQ(files().size(), 300u);
  EXPECT_EQ(read_file(dir / "98/stdout"), "989898");
  EXPECT_EQ(read_file(dir / "99/stderr"), "999999");
}

TEST_P(ResultFilesTest, HaveNoNameAtAllUntilTheyAreComplete) {
  const auto results = make("r1");
  ASSERT_TRUE(results->open(JobId{1}, dir / "a"));
  results->output(JobId{1}, out, "one");
  results->output(JobId{1}, err, "two");
  if (unnamed && !files().empty()) GTEST_SKIP() << "this file system has no files without a name";
  EXPECT_EQ(files().empty(), unnamed) << "where there are none they have one aside";
  end(*results, 1);
  EXPECT_EQ(files().size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(, ResultFilesTest, testing::Bool());

}  // namespace
}  // namespace distaff::result_files_test

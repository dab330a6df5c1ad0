#include "cli/file_roles.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "cli/fetch_options.h"
#include "cli/option_table.h"
#include "support/temp_dir.h"

namespace distaff::file_roles_test {
namespace {

Expected<std::string> no_options(const std::string&) { return std::string("{}"); }

// What the words of an option with a file ask for.  A list of `::::` goes behind all options.
NativeRequest asked(Program program, const std::vector<std::string>& options,
                    const std::vector<std::string>& lists = {}) {
  std::vector<std::string_view> words(options.begin(), options.end());
  if (program == Program::run) words.emplace_back("true");
  words.insert(words.end(), lists.begin(), lists.end());
  auto request =
      program == Program::run ? parse_native(words, no_options) : parse_fetch(words, no_options);
  EXPECT_TRUE(request) << request.error().message;
  return request ? *request : NativeRequest{};
}

struct NamedFile {
  std::string option;
  Program program;
  bool written;
  std::string before{};              // of the value
  std::vector<std::string> needs{};  // other options
};

const std::vector<NamedFile>& all() {
  static const std::vector<NamedFile> kAll = {
      {"-a", Program::run, false},
      {"::::", Program::run, false},
      {"--rules", Program::run, false},
      {"--config", Program::run, false},
      {"--journal", Program::run, true},
      {"--joblog", Program::run, true},
      {"--failed-to", Program::run, true},
      {"--log-file", Program::run, true},
      {"--metrics", Program::run, true},
      {"--stamp", Program::run, true},
      {"--archive", Program::fetch, true},
      {"--cookie-jar", Program::fetch, true},
      {"--cond", Program::fetch, false},
      {"--netrc-file", Program::fetch, false},
      {"--cert", Program::fetch, false},
      {"--cert-key", Program::fetch, false, "", {"--cert", "/dev/null"}},
      {"--cacert", Program::fetch, false},
      {"--cookie", Program::fetch, false},
      {"--data", Program::fetch, false, "@"},
  };
  return kAll;
}

bool is_good_pair(std::string_view a, std::string_view b) {
  const std::pair<std::string_view, std::string_view> good[] = {{"-a", "--failed-to"},
                                                                {"::::", "--failed-to"},
                                                                {"--cookie-jar", "--cookie"},
                                                                {"--archive", "--cond"}};
  return std::any_of(std::begin(good), std::end(good), [&](const auto& pair) {
    return (pair.first == a && pair.second == b) || (pair.first == b && pair.second == a);
  });
}

NativeRequest both(const NamedFile& a, const std::string& file_of_a, const NamedFile& b,
                   const std::string& file_of_b) {
  std::vector<std::string> options, lists;
  const auto add = [&](const NamedFile& named, const std::string& file) {
    auto& words = named.option == "::::" ? lists : options;
    words.insert(words.begin(), named.needs.begin(), named.needs.end());
    words.push_back(named.option);
    words.push_back(named.before + file);
  };
  add(a, file_of_a);
  add(b, file_of_b);
  const bool fetch = a.program == Program::fetch || b.program == Program::fetch;
  return asked(fetch ? Program::fetch : Program::run, options, lists);
}

// Empty: they may be.
std::string mistake(const NativeRequest& request, const Startup& startup = {}) {
  const auto good = check_file_roles(request, startup);
  if (good) return {};
  EXPECT_EQ(good.error().status, 2);
  return good.error().message;
}

TEST(FileRoles, KnowTheFilesOfAllOptionsThatNameOne) {
  for (const Program program : {Program::run, Program::fetch}) {
    for (const Option& option : options(program)) {
      if (option.kind != ValueKind::file) continue;
      const std::string name = option.letter == 'a' ? "-a" : "--" + std::string(option.name);
      const auto known = std::find_if(all().begin(), all().end(),
                                      [&](const NamedFile& one) { return one.option == name; });
      EXPECT_NE(known, all().end()) << name;
    }
  }
}

TEST(FileRoles, RefuseEachPairThatIsOneFileOfWhichOneIsWritten) {
  TempDir dir;
  const std::string file = dir.file("file", "x");
  const std::string new_file = dir / "new";
  for (std::size_t i = 0; i < all().size(); ++i) {
    for (std::size_t j = i + 1; j < all().size(); ++j) {
      const NamedFile &a = all()[i], &b = all()[j];
      if (a.option == "-a" && b.option == "::::") continue;  // exclude each other
      const std::string pair = a.option + " " + b.option;
      const bool good = (!a.written && !b.written) || is_good_pair(a.option, b.option);
      for (const std::string& name : {file, new_file}) {
        const std::string said = mistake(both(a, name, b, name));
        EXPECT_EQ(said.empty(), good) << pair << " " << name << ": " << said;
      }
      EXPECT_EQ(mistake(both(a, file, b, new_file)), "") << pair;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(new_file));
}

TEST(FileRoles, SeeOneFileBehindLinksAndOtherSpellings) {
  TempDir dir;
  const NamedFile journal{"--journal", Program::run, true}, input{"-a", Program::run, false};
  const std::string file = dir.file("file", "x");
  const std::string hard = dir / "hard", soft = dir / "soft", folder = dir / "folder";
  std::filesystem::create_hard_link(file, hard);
  std::filesystem::create_symlink("file", soft);
  std::filesystem::create_directory_symlink(dir.path(), folder);
  for (const std::string& other : {hard, soft, dir / "./file", folder + "/file"}) {
    EXPECT_NE(mistake(both(journal, file, input, other)), "") << other;
  }
  // Of a file that is made only then, too.
  std::filesystem::create_symlink(dir / "later", dir / "link");
  std::filesystem::create_symlink("link", dir / "link of a link");
  const NamedFile metrics{"--metrics", Program::run, true};
  for (const std::string& other :
       {dir / "later", dir / "./later", folder + "/later", dir / "link", dir / "link of a link"}) {
    EXPECT_NE(mistake(both(journal, dir / "later", metrics, other)), "") << other;
  }
  EXPECT_EQ(mistake(both(journal, dir / "later", metrics, dir / "lately")), "");
}

TEST(FileRoles, NameBothAndSayWhatWouldHappen) {
  TempDir dir;
  const std::string file = dir.file("j", "x");
  const NamedFile journal{"--journal", Program::run, true}, input{"-a", Program::run, false},
      metrics{"--metrics", Program::run, true};
  EXPECT_EQ(mistake(both(journal, file, metrics, file)),
            "--journal '" + file + "' is the same file as --metrics '" + file +
                "', and each would spoil what the other writes; name another for one of them");
  EXPECT_EQ(mistake(both(input, file, journal, file)),
            "-a '" + file + "' is the same file as --journal '" + file +
                "', and it would be changed while it is read; name another for one of them");
}

TEST(FileRoles, TakeTerminalsPipesAndDevicesForWhatTheyAre) {
  TempDir dir;
  const NamedFile job_log{"--joblog", Program::run, true}, log{"--log-file", Program::run, true},
      input{"-a", Program::run, false};
  EXPECT_EQ(mistake(both(job_log, "/dev/null", input, "/dev/null")), "");
  const std::string fifo = dir.fifo("fifo");
  EXPECT_EQ(mistake(both(job_log, fifo, log, fifo)), "");
  EXPECT_NE(mistake(both(job_log, fifo, input, fifo)), "");  // records that come back
}

// ---- streams

class FileRolesOfStreams : public testing::Test {
 protected:
  FileRolesOfStreams() {
    for (int fd = 0; fd < 3; ++fd) kept_[fd].reset(fcntl(fd, F_DUPFD_CLOEXEC, 10));
  }
  ~FileRolesOfStreams() override {
    for (int fd = 0; fd < 3; ++fd) dup2(kept_[fd].get(), fd);
  }

  // The question is asked while the descriptor is the file.
  std::string mistake_with(int fd, const std::string& path, int flags,
                           const NativeRequest& request) {
    const UniqueFd opened(open(path.c_str(), flags | O_CLOEXEC));
    EXPECT_TRUE(opened);
    dup2(opened.get(), fd);
    std::string said = mistake(request);
    dup2(kept_[fd].get(), fd);
    return said;
  }

  TempDir dir;
  const std::string file = dir.file("file", "x");
  UniqueFd kept_[3];
};

TEST_F(FileRolesOfStreams, AreNoFileOfAnotherRole) {
  for (const NamedFile& named : all()) {
    std::vector<std::string> words = named.needs;
    words.insert(words.end(), {named.option, named.before + file});
    const bool list = named.option == "::::";
    const NativeRequest request =
        list ? asked(named.program, {}, words) : asked(named.program, words);
    for (const int fd : {1, 2}) {
      EXPECT_NE(mistake_with(fd, file, O_WRONLY, request), "") << fd << " " << named.option;
    }
    const bool reads_stdin = !list && named.option != "-a";
    const bool good = !named.written || !reads_stdin || named.option == "--failed-to";
    EXPECT_EQ(mistake_with(0, file, O_RDONLY, request).empty(), good) << named.option;
  }
}

TEST_F(FileRolesOfStreams, MayBeALogFileThatAllAppendTo) {
  const NativeRequest request = asked(Program::run, {"--log-file", file});
  EXPECT_EQ(mistake_with(2, file, O_WRONLY | O_APPEND, request), "");
  EXPECT_NE(mistake_with(2, file, O_WRONLY, request), "");
  const NativeRequest other = asked(Program::run, {"--joblog", file});
  EXPECT_NE(mistake_with(2, file, O_WRONLY | O_APPEND, other), "");
}

TEST_F(FileRolesOfStreams, MayBothBeOneFileButNotThatOfStdin) {
  const UniqueFd opened(open(file.c_str(), O_RDWR | O_CLOEXEC));
  dup2(opened.get(), 1);
  const NativeRequest request = asked(Program::run, {});
  EXPECT_EQ(mistake_with(2, file, O_WRONLY, request), "");
  EXPECT_NE(mistake_with(0, file, O_RDONLY, request), "");
  // Who reads a list of its own leaves stdin alone.
  EXPECT_EQ(mistake_with(0, file, O_RDONLY, asked(Program::run, {}, {":::", "a"})), "");
}

TEST_F(FileRolesOfStreams, ThatWereClosedHaveNoOtherName) {
  Startup startup;
  startup.was_closed = {false, true, false};
  const auto said = [&](const std::string& name) {
    return mistake(asked(Program::run, {"--joblog", name}), startup);
  };
  std::filesystem::create_symlink("/dev/stdout", dir / "link");
  for (const std::string& name :
       {std::string("/dev/stdout"), std::string("/proc/self/fd/1"), dir / "link"}) {
    EXPECT_EQ(said(name), "--joblog '" + name + "': stdout is closed; name a file");
  }
  EXPECT_EQ(said("/dev/null"), "");
  EXPECT_EQ(said("/dev/stderr").find("closed"), std::string::npos);  // it may be a file
}

TEST_F(FileRolesOfStreams, AreNotWhatResultsMayReplace) {
  std::filesystem::create_directories(dir / "out/1");
  const std::string place = dir.file("out/1/stdout", "");
  const NativeRequest request = asked(Program::run, {"--results", dir / "out"});
  EXPECT_NE(mistake_with(1, place, O_WRONLY, request), "");
  EXPECT_EQ(mistake_with(1, dir.file("out/log", ""), O_WRONLY, request), "");
}

// ---- results

TEST(FileRoles, AreNotWhatResultsMayReplace) {
  TempDir dir;
  std::filesystem::create_directories(dir / "out/a");
  const auto said = [&](const std::string& results, const std::string& journal) {
    return mistake(asked(Program::run, {"--results", results, "--journal", journal}));
  };
  EXPECT_NE(said(dir / "out/{}", dir / "out/a/job.json"), "");
  EXPECT_NE(said(dir / "out", dir / "out/stdout"), "");
  EXPECT_NE(said(dir / "{}/x", dir / "out/a/stderr"), "");
  EXPECT_EQ(said(dir / "out/{}", dir / "out/a/journal"), "");
  EXPECT_EQ(said(dir / "out/{}", dir / "stdout"), "");
}

}  // namespace
}  // namespace distaff::file_roles_test

#include "fetch/body_files.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>

#include "fetch/body_testing.h"
#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::body_files_test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMany = 5 << 20;  // more bytes than may be lost

// Each with files that have no name until they are complete, and with files that are renamed.
class BodyFilesTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<BodyFiles> open(const std::string& directory) {
    auto files = BodyFiles::open({.directory = directory, .unnamed_files = GetParam()});
    EXPECT_TRUE(files) << files.error().message;
    return files ? *std::move(files) : nullptr;
  }
  std::unique_ptr<BodyFiles> open() { return open(out()); }
  std::string out() const { return dir_ / "out"; }

  TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Unnamed, BodyFilesTest, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Renamed, BodyFilesTest, testing::Values(false));

TEST_P(BodyFilesTest, PutABodyUnderTheHashOfItsUrl) {
  const auto files = open(dir_ / "new/out/");
  const std::string hash = hash_of_url("https://h/a").hex();
  const std::string path = dir_ / "new/out/" + hash.substr(0, 2) + "/" + hash + ".txt";
  EXPECT_EQ(store(*files, request_for("https://h/a"), "hello"), path);
  EXPECT_EQ(read_file(path), "hello");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all, fs::perms{0644});
}

// "5": it is there, of five bytes; "-": it has to come again.
std::string earlier(BodyStore& files, const Request& request, std::string path,
                    std::optional<std::uint64_t> bytes = {}, bool keep = false) {
  KnownBody known;
  known.path = std::move(path);
  known.bytes = bytes;
  const BodyHead head{.url = request.url, .mime = "text/plain"};
  const auto size =
      keep ? files.keep_earlier(request, head, known) : files.find_earlier(request, head, known);
  return size ? std::to_string(*size) : "-";
}

TEST_P(BodyFilesTest, FindWhatAnEarlierRunHasKept) {
  const Request by_hash = request_for("https://h/a");
  const Request named = request_for("https://h/b", "b.txt");
  const std::string hash = store(*open(), by_hash, "hello");
  const std::string name = store(*open(), named, "hello");
  const auto files = open();
  EXPECT_EQ(earlier(*files, by_hash, hash), "5");
  EXPECT_EQ(earlier(*files, by_hash, hash, 5), "5");
  EXPECT_EQ(earlier(*files, by_hash, hash, 6), "-") << "it was changed";
  EXPECT_EQ(earlier(*files, by_hash, out() + "/./../out//" + hash.substr(out().size() + 1)), "5");
  EXPECT_EQ(earlier(*files, by_hash, ""), "-");
  EXPECT_EQ(earlier(*files, by_hash, out()), "-");
  EXPECT_EQ(earlier(*files, named, name), "5");
  // It would have another name now.
  EXPECT_EQ(earlier(*files, by_hash, name), "-");
  EXPECT_EQ(earlier(*files, named, hash), "-");
  // Redirects may lead to a URL with another signature each time, but secrets hide which row it is.
  EXPECT_EQ(earlier(*files, request_for("https://h/other"), hash), "5");
  EXPECT_EQ(earlier(*files, request_for("https://h/other?token=x"), hash), "-");
  // Another directory's is as good.
  EXPECT_EQ(earlier(*open(dir_ / "second"), named, name), "5");
  EXPECT_EQ(earlier(*open(dir_ / "second"), request_for("https://h/?token=x"), name), "-");
  fs::remove(hash);
  EXPECT_EQ(earlier(*files, by_hash, hash), "-");
  fs::create_directory(hash);
  EXPECT_EQ(earlier(*files, by_hash, hash), "-");
}

TEST_P(BodyFilesTest, GiveTheNameOfABodyThatStaysToNoOther) {
  const Request one = request_for("https://h/1", "x"), other = request_for("https://h/2", "x");
  const std::string path = store(*open(), one, "hello");
  {
    const auto files = open();
    auto begun = files->begin(other, {.url = other.url}, nullptr);
    EXPECT_EQ(earlier(*files, one, path, 5, true), "5");
    EXPECT_TRUE(store(*files, other, "new").starts_with("'x' was already written for another URL"));
    EXPECT_FALSE((*begun)->finish()) << "nor to one that began before";
    EXPECT_EQ(read_file(path), "hello");
    EXPECT_EQ(store(*files, one, "it came later"), path);
    EXPECT_EQ(read_file(path), "it came later");
  }
  const auto files = open();
  EXPECT_EQ(store(*files, other, "by now"), path);
  EXPECT_EQ(earlier(*files, one, path, {}, true), "-") << "it is another's now";
}

TEST_P(BodyFilesTest, ShowNothingBeforeTheEnd) {
  {
    const auto files = open();
    for (const std::size_t size : {std::size_t{10}, std::size_t{300'000}, kMany}) {
      const Request request = request_for("https://h/a", "x");
      auto body = *files->begin(request, {.url = request.url}, nullptr);
      ASSERT_TRUE(body->write(bytes_of(size)));
      EXPECT_FALSE(fs::exists(out() + "/x"));
      body.reset();
      EXPECT_FALSE(fs::exists(out() + "/x"));
    }
  }
  EXPECT_EQ(tree_of(out()).size(), 0U);
}

TEST_P(BodyFilesTest, TakeBodiesOfAnySizeInAnyPieces) {
  const auto files = open();
  for (const std::size_t size : {0, 1, 4096, 262'144, 262'145, 5'000'000}) {
    const std::string text = bytes_of(size);
    const Request request = request_for("https://h/" + std::to_string(size));
    auto body = *files->begin(request, {.url = request.url, .etag = "\"e\"", .validator = "\"e\""},
                              nullptr);
    for (std::size_t at = 0; at < size; at += 100'000) {
      ASSERT_TRUE(body->write(std::string_view(text).substr(at, 100'000)));
    }
    EXPECT_TRUE(read_file(*body->finish()) == text) << size;
  }
}

TEST_P(BodyFilesTest, LeaveNothingElseBehind) {
  {
    const auto files = open();
    store(*files, request_for("https://h/a", "x"), "new");
    store(*files, request_for("https://h/b", "y"), bytes_of(kMany));
    store(*files, request_for("https://h/c"), bytes_of(kMany));
  }
  for (const auto& [name, what] : tree_of(out()))
    EXPECT_FALSE(name.starts_with(".distaff")) << name;
}

TEST_P(BodyFilesTest, ReplaceWhatWasThereBefore) {
  const Request request = request_for("https://h/a");
  const std::string path = store(*open(), request, "old");
  const std::string own = store(*open(), request_for("https://h/a", "x"), "old");
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::seconds(5));
  const auto files = open();
  EXPECT_EQ(store(*files, request, "new"), path);
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(store(*files, request_for("https://h/b", "x"), "new"), own);
  EXPECT_EQ(read_file(own), "new");
}

// Until the clock of the file system, which goes by milliseconds, has moved on.
void wait_for_later(const TempDir& dir) {
  const auto time = [&] { return fs::last_write_time(dir.file("clock", "")); };
  for (const auto before = time(); time() == before;) sched_yield();
  fs::remove(dir / "clock");
}

TEST_P(BodyFilesTest, WriteTheBodyOfAUrlOnce) {
  const auto files = open();
  wait_for_later(dir_);
  const Request request = request_for("https://h/a");
  const std::string path = store(*files, request, "first");
  EXPECT_EQ(store(*files, request, "second"), path);
  EXPECT_EQ(read_file(path), "first");
  EXPECT_EQ(store(*files, request_for("https://h/a#there"), "third"), path);
  const std::string own = store(*files, request_for("https://h/a", "x"), "first");
  EXPECT_EQ(store(*files, request_for("https://h/a", "./x"), "second"), own);
  EXPECT_EQ(read_file(own), "first");
}

TEST_P(BodyFilesTest, DoNotLetAnotherUrlTakeAName) {
  const auto files = open();
  const Request first = request_for("https://h/a", "x");
  const Request second = request_for("https://h/b", "x");
  const std::string refusal =
      "'x' was already written for another URL in this run; put {hash} or {#} into --name";
  auto both_at_once = *files->begin(second, {.url = second.url}, nullptr);
  store(*files, first, "first");
  EXPECT_EQ(store(*files, second, "second"), refusal);
  EXPECT_EQ(both_at_once->finish().error().message, refusal);
  EXPECT_EQ(read_file(out() + "/x"), "first");
}

TEST_P(BodyFilesTest, SayWhatStandsInTheWay) {
  const auto files = open();
  const std::string path = out() + "/a/b";
  store(*files, request_for("https://h/1", "a/b"), "file");
  EXPECT_EQ(
      store(*files, request_for("https://h/2", "a"), "x"),
      "cannot write " + out() + "/a: a directory has this name; put {ext} or {hash} into --name");
  EXPECT_EQ(store(*files, request_for("https://h/3", "a/b/c/d"), "x"),
            "cannot write " + out() +
                "/a/b/c/d: 'a/b' in it is no directory, or a link to one; put {hash} into --name, "
                "or remove it");
  EXPECT_EQ(read_file(path), "file");
}

TEST_P(BodyFilesTest, MakeFoldersAgainThatWereRemoved) {
  const auto files = open();
  store(*files, request_for("https://h/1", "a/b/c"), "x");
  fs::remove_all(out() + "/a");
  EXPECT_EQ(store(*files, request_for("https://h/2", "a/b/d"), "y"), out() + "/a/b/d");
}

// ---- nothing outside

TEST_P(BodyFilesTest, FollowNoLink) {
  dir_.file("outside/victim", "untouched");
  fs::create_directories(out() + "/a/b");
  const std::string outside = dir_ / "outside";
  fs::create_directory_symlink(outside, out() + "/link");
  fs::create_directory_symlink(outside, out() + "/a/link");
  fs::create_directory_symlink("../../../outside", out() + "/a/b/link");
  fs::create_symlink(outside + "/victim", out() + "/a/victim");
  fs::create_symlink(outside + "/new", out() + "/dangling");
  const auto before = tree_of(outside);
  const auto files = open();
  for (const std::string name :
       {"link/x", "a/link/x", "a/b/link/x", "link/victim/x", "a/victim/x"}) {
    EXPECT_TRUE(
        store(*files, request_for("https://h/" + name, name), "x").starts_with("cannot write"))
        << name;
  }
  for (const std::string name : {"a/victim", "dangling", "a/b/link"}) {
    EXPECT_EQ(store(*files, request_for("https://h/" + name, name), "x"), out() + "/" + name);
    EXPECT_FALSE(fs::is_symlink(out() + "/" + name)) << "the link itself is replaced";
  }
  EXPECT_EQ(tree_of(outside), before);
}

TEST_P(BodyFilesTest, RefuseALinkInPlaceOfTheirOwnFolder) {
  fs::create_directories(out());
  fs::create_directories(dir_ / "outside/parts");
  fs::create_directory_symlink(dir_ / "outside", out() + "/.distaff");
  const auto before = tree_of(dir_ / "outside");
  auto files = BodyFiles::open({.directory = out(), .unnamed_files = GetParam()});
  if (files) {
    const Request request = request_for("https://h/a", "x");
    auto body = *(*files)->begin(
        request, {.url = request.url, .etag = "\"e\"", .validator = "\"e\""}, nullptr);
    ASSERT_TRUE(body->write(bytes_of(kMany)));
    body->keep();
  } else {
    EXPECT_NE(files.error().message.find("its .distaff is no directory"), std::string::npos);
  }
  EXPECT_EQ(tree_of(dir_ / "outside"), before);
}

TEST_P(BodyFilesTest, WriteNothingOutsideWhateverTheName) {
  dir_.file("outside/victim", "untouched");
  dir_.file("secret", "untouched");
  fs::create_directories(out() + "/.git");
  fs::create_directory_symlink("..", out() + "/up");
  fs::create_directory_symlink("/", out() + "/root");
  const auto outside = [&] {
    auto tree = tree_of(dir_.path());
    std::erase_if(tree, [](const auto& entry) { return entry.first.starts_with("out/"); });
    return tree;
  };
  const auto before = outside();
  const auto files = open();
  std::mt19937 random(26);
  const std::string_view pieces[] = {"..",     ".",
                                     "/",      "/",
                                     "/",      "../",
                                     "up",     "root",
                                     "a",      "b",
                                     "secret", std::string_view("\0", 1),
                                     "\n",     ".distaff",
                                     "~",      "-",
                                     " ",      "\xff",
                                     "CON",    "%2e%2e",
                                     "\\",     "\xE2\x80\xAE",
                                     ".git",   "outside",
                                     "victim"};
  int written = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string name;
    for (auto n = 1 + random() % 9; n > 0; --n) name += pieces[random() % std::size(pieces)];
    if (random() % 20 == 0) name += std::string(200 + random() % 400, 'x');
    const std::string path =
        store(*files, request_for("https://h/" + std::to_string(i), name), "evil");
    if (!path.starts_with(out())) continue;
    ++written;
    EXPECT_EQ(read_file(path), "evil");
  }
  EXPECT_GT(written, 1000);
  EXPECT_EQ(outside(), before);
}

TEST_P(BodyFilesTest, WriteNothingOutsideWhateverTheUrl) {
  const auto files = open();
  const std::vector<FileNamePart> name{{FileNamePart::What::host, ""},
                                       {FileNamePart::What::text, "/"},
                                       {FileNamePart::What::path, ""},
                                       {FileNamePart::What::ext, ""}};
  for (const std::string url :
       {"http://h/../../x", "http://../x", "http://h/..", "http://.../x", "http://h//etc/passwd",
        "http://h/%2e%2e/x", "http://h/a/./../../../x.html"}) {
    Request request{.url = url, .name = name};
    store(*files, request, "x");
  }
  for (const auto& entry : fs::directory_iterator(dir_.path())) EXPECT_EQ(entry.path(), out());
}

// ---- what broke off

TEST_P(BodyFilesTest, DoNotLetAnotherUrlTakeANameOfAnEarlierRun) {
  WrittenNames written;
  written.add_earlier("x", "https://h/a?token=***");
  written.add_earlier("x", "https://h/b?token=***");  // the last one counts
  const auto files = *BodyFiles::open({.directory = out(), .written = std::move(written)});
  EXPECT_EQ(store(*files, request_for("https://h/a?token=1", "x"), "a"),
            "'x' was already written for another URL in an earlier run; put {hash} or {#} into "
            "--name");
  EXPECT_EQ(store(*files, request_for("https://h/b?token=1", "x"), "b"), out() + "/x");
  EXPECT_EQ(store(*files, request_for("https://h/b?token=1", "./x"), "b"), out() + "/x");
  EXPECT_EQ(store(*files, request_for("https://h/c", "y"), "c"), out() + "/y");
}

TEST_P(BodyFilesTest, KeepWhatMayBeContinued) {
  const std::string text = bytes_of(200'000);
  const Request request = request_for("https://h/a", "x");
  const BodyHead head{
      .url = "https://mirror/a", .etag = "\"v1\"", .last_modified = "then", .validator = "\"v1\""};
  {
    const auto files = open();
    EXPECT_FALSE(files->part(request));
    auto body = *files->begin(request, head, nullptr);
    ASSERT_TRUE(body->write(text.substr(0, 100'000)));
    body->keep();
    body.reset();
    EXPECT_EQ(files->part(request)->bytes, 100'000U) << "in the same run";
  }
  EXPECT_FALSE(fs::exists(out() + "/x"));
  {
    const auto files = open();
    const auto part = files->part(request);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->bytes, 100'000U);
    EXPECT_EQ(part->validator, "\"v1\"");
    EXPECT_FALSE(files->part(request_for("https://h/b")));
    auto there = *part;
    there.bytes = 90'000;
    auto body = *files->begin(request, head, &there);
    EXPECT_FALSE(files->part(request)) << "another is at it";
    ASSERT_TRUE(body->write(text.substr(90'000)));
    EXPECT_EQ(*body->finish(), out() + "/x");
    body.reset();
    EXPECT_FALSE(files->part(request));
  }
  EXPECT_EQ(tree_of(out()), (std::map<std::string, std::string>{{"x", "file " + text}}));
}

TEST_P(BodyFilesTest, GoOnAtAnyByte) {
  const std::string text = bytes_of(1'000'000);
  const auto files = open();
  const auto store_from = [&](Body& body, std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; at += 7'777) {
      const std::size_t size = std::min<std::size_t>(7'777, end - at);
      ASSERT_TRUE(body.write(std::string_view(text).substr(at, size)));
    }
  };
  for (const std::size_t stop : {70'001, 262'143, 262'144, 262'145, 700'000}) {
    const Request request = request_for("https://h/" + std::to_string(stop));
    const BodyHead head{.url = request.url, .etag = "\"v\"", .validator = "\"v\""};
    auto body = *files->begin(request, head, nullptr);
    store_from(*body, 0, stop);
    body->keep();
    body.reset();
    const auto part = files->part(request);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->bytes, stop) << "all that came is in the file";
    body = *files->begin(request, head, &*part);
    store_from(*body, stop, text.size());
    EXPECT_TRUE(read_file(*body->finish()) == text) << stop;
  }
}

TEST_P(BodyFilesTest, KeepNothingElse) {
  const auto files = open();
  const auto kept = [&](BodyHead head, std::size_t size) {
    const Request request = request_for("https://h/" + std::to_string(size), "x");
    head.url = request.url;
    auto body = *files->begin(request, head, nullptr);
    EXPECT_TRUE(body->write(bytes_of(size)));
    body->keep();
    body.reset();
    return files->part(request).has_value();
  };
  EXPECT_TRUE(kept({.last_modified = "then", .validator = "then"}, 100'000));
  EXPECT_FALSE(kept({.etag = "\"v1\"", .validator = "\"v1\""}, 1000)) << "too little";
  EXPECT_FALSE(kept({.etag = "\"v1\""}, kMany)) << "not as the server has it";
}

TEST_P(BodyFilesTest, KeepTheNewerOfTwo) {
  const Request request = request_for("https://h/a", "x");
  for (const std::string validator : {"then", "\"v2\""}) {
    const auto files = open();
    const std::size_t size = validator.size() * 100'000;
    const std::optional<std::uint64_t> total =
        validator == "then" ? std::nullopt : std::optional<std::uint64_t>(size + 1);
    auto body = *files->begin(request, {.url = request.url, .validator = validator, .total = total},
                              nullptr);
    ASSERT_TRUE(body->write(bytes_of(size)));
    body->keep();
    body.reset();
    EXPECT_EQ(files->part(request)->bytes, size);
    EXPECT_EQ(files->part(request)->validator, validator);
    EXPECT_EQ(files->part(request)->total, total);
  }
}

// A part is kept of the body of this URL.
void keep_part(BodyFiles& files, const Request& request) {
  auto body =
      *files.begin(request, {.url = request.url, .etag = "\"v1\"", .validator = "\"v1\""}, nullptr);
  ASSERT_TRUE(body->write(bytes_of(100'000)));
  body->keep();
}

TEST_P(BodyFilesTest, DropWhatWasContinuedInVain) {
  const Request request = request_for("https://h/a", "x");
  const BodyHead head{.url = request.url, .etag = "\"v1\"", .validator = "\"v1\""};
  const auto files = open();
  auto body = *files->begin(request, head, nullptr);
  ASSERT_TRUE(body->write(bytes_of(100'000)));
  body->keep();
  body.reset();
  const auto part = *files->part(request);
  body = *files->begin(request, head, &part);
  body.reset();
  EXPECT_FALSE(files->part(request));
  EXPECT_EQ(*files->begin(request, head, &part), nullptr) << "it is no longer there";
}

TEST_P(BodyFilesTest, DoNotGoOnWithWhatAnotherJobHasKeptMeanwhile) {
  const Request request = request_for("https://h/a", "x");
  const auto files = open();
  const auto keep = [&](const std::string& etag, std::size_t size) {
    auto body = *files->begin(
        request, {.url = request.url, .etag = etag, .validator = etag, .total = kMany}, nullptr);
    ASSERT_TRUE(body->write(bytes_of(size)));
    body->keep();
  };
  keep("\"v1\"", 100'000);
  const auto part = *files->part(request);
  keep("\"v2\"", 100'000);
  EXPECT_EQ(*files->begin(request, {.url = request.url}, &part), nullptr) << "another version";
  keep("\"v1\"", 150'000);
  EXPECT_NE(*files->begin(request, {.url = request.url}, &part), nullptr) << "more of the same";
}

TEST_P(BodyFilesTest, KnowPartsByAllThatAServerSeesOfTheRequest) {
  Request request = request_for("https://h/a", "x");
  request.headers = {"Accept: text/csv"};
  const auto files = open();
  keep_part(*files, request);
  EXPECT_TRUE(files->part(request));
  request.headers = {"Accept: application/json"};
  EXPECT_FALSE(files->part(request));
  request.headers.clear();
  EXPECT_FALSE(files->part(request));
}

TEST_P(BodyFilesTest, LetOnlyOneOfTwoJobsOfAUrlKeepItsBody) {
  const Request request = request_for("https://h/a");
  const BodyHead head{.url = request.url, .etag = "\"v1\"", .validator = "\"v1\""};
  const auto files = open();
  auto one = *files->begin(request, head, nullptr);
  auto two = *files->begin(request, head, nullptr);
  ASSERT_TRUE(one->write(bytes_of(kMany)));
  ASSERT_TRUE(two->write(bytes_of(kMany + 7)));
  two->keep();
  two.reset();
  const std::string path = *one->finish();
  EXPECT_EQ(fs::file_size(path), kMany);
}

TEST_P(BodyFilesTest, RemoveWhatNobodyContinuedForAWeek) {
  const Request old = request_for("https://h/old", "old");
  const Request newer = request_for("https://h/newer", "newer");
  const auto let_age = [&](const Request& request, int days) {
    const auto now = fs::file_time_type::clock::now();
    fs::last_write_time(out() + "/.distaff/parts/" + hash_of_url(request.url).hex(),
                        now - std::chrono::hours(24 * days));
  };
  {
    const auto files = open();
    keep_part(*files, old);
    keep_part(*files, newer);
    let_age(old, 8);
    let_age(newer, 6);
    const auto another = open();
    open();
    EXPECT_TRUE(another->part(old)) << "others are at work";
  }
  EXPECT_TRUE(open()->part(newer));
  EXPECT_FALSE(open()->part(old));
  let_age(newer, 8);
  EXPECT_TRUE(open()->part(newer)) << "the run that looks for it still has it";
  EXPECT_EQ(tree_of(out()).size(), 0U);
}

TEST_P(BodyFilesTest, RemoveAPartWhoseBodyCameWhole) {
  const Request request = request_for("https://h/a", "x");
  keep_part(*open(), request);
  {
    const auto files = open();
    ASSERT_TRUE(files->part(request));
    store(*files, request, "whole");
  }
  EXPECT_EQ(tree_of(out()), (std::map<std::string, std::string>{{"x", "file whole"}}));
  {
    const auto files = open();
    keep_part(*files, request_for("https://h/b", "y"));
    store(*files, request, "whole");
    fs::remove(out() + "/.distaff/parts/" + hash_of_url("https://h/b").hex());
  }
  EXPECT_EQ(tree_of(out()).size(), 1U) << "a validator alone is of no use";
}

// ---- the end of a run, whatever it is

// What runs in a child that ends as if killed; gives its status.
template <class Action>
int in_child(Action action) {
  const pid_t child = fork();
  if (child == 0) {
    action();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST_P(BodyFilesTest, KeepAPartOfALargeBodyWhenTheRunIsKilled) {
  const Request request = request_for("https://h/a", "x");
  const int status = in_child([&] {
    const auto files = open();
    auto body = *files->begin(
        request, {.url = request.url, .etag = "\"v1\"", .validator = "\"v1\""}, nullptr);
    for (int i = 0; i < 10; ++i) static_cast<void>(body->write(bytes_of(1 << 20)));
    kill(getpid(), SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto part = open()->part(request);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->bytes, 10U << 20);
}

TEST_P(BodyFilesTest, RemoveWhatAKilledRunLeftButNothingOfALivingOne) {
  const auto alive = open();
  const Request ours = request_for("https://h/ours", "ours");
  auto body = *alive->begin(ours, {.url = ours.url}, nullptr);
  ASSERT_TRUE(body->write(bytes_of(300'000)));
  in_child([&] {
    const auto files = open();
    const Request request = request_for("https://h/a", "x");
    auto left = *files->begin(request, {.url = request.url}, nullptr);
    static_cast<void>(left->write(bytes_of(300'000)));
    kill(getpid(), SIGKILL);
  });
  const auto parts = [&] {
    const auto tree = tree_of(out());
    return std::count_if(tree.begin(), tree.end(),
                         [](const auto& entry) { return entry.first.ends_with(".part"); });
  };
  EXPECT_EQ(parts(), GetParam() ? 0 : 2);
  open();
  EXPECT_EQ(parts(), GetParam() ? 0 : 1);
  EXPECT_EQ(*body->finish(), out() + "/ours");
}

TEST_P(BodyFilesTest, AreCompleteOrAbsentWheneverTheRunIsKilled) {
  const std::string text = bytes_of(300'000);
  for (int round = 1; round <= 20; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto files = open();
      for (int i = 0;; ++i) {
        const std::string name = std::to_string(round) + "-" + std::to_string(i);
        store(*files, request_for("https://h/" + name, name),
              std::string_view(text).substr(0, i % 2 == 0 ? 4096 : 300'000));
        if (write(ends[1], "x", 1) != 1) _exit(1);
      }
    }
    close(ends[1]);
    char x;
    for (int i = 0; i < round; ++i) EXPECT_EQ(read(ends[0], &x, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ends[0]);
  }
  int files = 0;
  for (const auto& entry : fs::directory_iterator(out())) {
    if (entry.is_directory()) continue;
    ++files;
    EXPECT_TRUE(entry.file_size() == 4096 || entry.file_size() == 300'000) << entry.path();
  }
  EXPECT_GE(files, 200);
  open();
  EXPECT_FALSE(fs::exists(out() + "/.distaff"));
}

TEST_P(BodyFilesTest, EndTheRunWhenTheDiskIsFull) {
  const std::string small = dir_ / "small";
  fs::create_directories(small);
  const pid_t child = fork();
  if (child == 0) {
    if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", small.c_str(), "tmpfs", 0, "size=64k") != 0) {
      _exit(77);
    }
    const auto files = open(small);
    const Request request = request_for("https://h/a", "x");
    auto body = *files->begin(request, {.url = request.url}, nullptr);
    auto failed = body->write(bytes_of(200'000));
    Error error = failed ? Error{} : failed.error();
    if (failed) {
      const auto path = body->finish();
      error = path ? Error{} : path.error();
    }
    const Error expected{"cannot write " + small + "/x: No space left on device", 3};
    body.reset();
    _exit(error == expected && store(*files, request, "fits").ends_with("/x") ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no file system may be mounted here";
  EXPECT_EQ(status, 0);
}

TEST_P(BodyFilesTest, DoWithFewDescriptors) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 40;
  setrlimit(RLIMIT_NOFILE, &few);
  const auto files = open();
  int stored = 0;
  for (int i = 0; i < 1000; ++i) {
    if (store(*files, request_for("https://h/" + std::to_string(i)), "x").starts_with(out()))
      ++stored;
  }
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(stored, 1000);
}

TEST(BodyFiles, SayWhyADirectoryIsNone) {
  TempDir dir;
  dir.file("file", "");
  const auto files = BodyFiles::open({.directory = dir / "file"});
  EXPECT_EQ(files.error().message,
            (dir / "file") + ": Not a directory; name a directory you may write to");
}

TEST(BodyFiles, ShowPathsAsTheUserWroteThem) {
  TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  const auto files = BodyFiles::open({.directory = "a//"});
  EXPECT_EQ(store(**files, request_for("https://h/1", "x"), "x"), "a/x");
  const auto here = BodyFiles::open({.directory = "."});
  EXPECT_EQ(store(**here, request_for("https://h/1", "x"), "x"), "./x");
  fs::current_path(before);
}

}  // namespace
}  // namespace distaff::body_files_test

#include "fetch/body_archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <zlib.h>

#include <csignal>
#include <random>

#include "fetch/body_testing.h"
#include "support/read_file.h"
#include "support/temp_dir.h"

namespace distaff::body_archive_test {
namespace {

class BodyArchiveTest : public testing::Test {
 protected:
  std::unique_ptr<BodyArchive> open() {
    auto archive = BodyArchive::open(file_);
    EXPECT_TRUE(archive) << archive.error().message;
    return archive ? *std::move(archive) : nullptr;
  }

  // The answers to a query: columns joined by |, rows by newlines.
  std::string answer(const std::string& query, int columns = 1) {
    SqliteDatabase database;
    EXPECT_EQ(database.open_for_reading(file_), 0);
    SqliteStatement statement = database.prepare(query);
    EXPECT_TRUE(statement.valid()) << database.message();
    std::string text;
    while (statement.valid() && statement.row()) {
      if (!text.empty()) text += '\n';
      for (int i = 0; i < columns; ++i) text += (i > 0 ? "|" : "") + statement.column(i);
    }
    return text;
  }

  // As `sqlite3 -A` would put it into a file.
  std::string body(const std::string& name) {
    SqliteDatabase database;
    EXPECT_EQ(database.open_for_reading(file_), 0);
    SqliteStatement statement = database.prepare("SELECT sz, data FROM sqlar WHERE name=?");
    statement.text(1, name);
    if (!statement.row()) return "no such body";
    const std::string data = statement.column(1);
    std::string text(std::stoul(statement.column(0)), '\0');
    if (data.size() == text.size()) return data;
    uLongf size = text.size();
    EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                         reinterpret_cast<const Bytef*>(data.data()), data.size()),
              Z_OK);
    EXPECT_EQ(size, text.size());
    return text;
  }

  TempDir dir_;
  std::string file_ = dir_ / "a.sqlar";
};

std::string noise(std::size_t size) {
  std::mt19937 random(26);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST_F(BodyArchiveTest, HoldsBodiesAsAnArchiveDoes) {
  const auto archive = open();
  const std::string hash = hash_of_url("https://h/a").hex();
  const std::string path = hash.substr(0, 2) + "/" + hash + ".html";
  EXPECT_EQ(store(*archive, request_for("https://h/a"), "<p>", "text/html"), path);
  EXPECT_EQ(body(path), "<p>");
  EXPECT_EQ(answer("SELECT mode, sz, length(data), mtime > 1700000000 FROM sqlar", 4),
            "33188|3|3|1");
}

TEST_F(BodyArchiveTest, CompressesWhatThatMakesSmaller) {
  const auto archive = open();
  const std::string many = bytes_of(100'000);
  store(*archive, request_for("https://h/1", "many"), many);
  store(*archive, request_for("https://h/2", "noise"), noise(1000));
  store(*archive, request_for("https://h/3", "film"), many, "video/mp4");
  store(*archive, request_for("https://h/4", "empty"), "");
  EXPECT_EQ(answer("SELECT name, sz, length(data) < sz FROM sqlar ORDER BY name", 3),
            "empty|0|0\nfilm|100000|0\nmany|100000|1\nnoise|1000|0");
  EXPECT_EQ(body("many"), many);
  EXPECT_EQ(body("noise"), noise(1000));
}

TEST_F(BodyArchiveTest, TakesLargeBodiesInPieces) {
  const auto archive = open();
  for (const auto& [name, text, mime] : {std::tuple{"text", bytes_of(3'000'000), "text/plain"},
                                         std::tuple{"noise", noise(3'000'000), "text/plain"},
                                         std::tuple{"film", bytes_of(3'000'000), "video/mp4"}}) {
    const Request request = request_for(std::string("https://h/") + name, name);
    auto open_body = *archive->begin(request, {.url = request.url, .mime = mime}, 0);
    for (std::size_t at = 0; at < text.size(); at += 70'000) {
      ASSERT_TRUE(open_body->write(std::string_view(text).substr(at, 70'000)));
    }
    EXPECT_EQ(answer("SELECT count(*) FROM sqlar WHERE name='" + std::string(name) + "'"), "0");
    EXPECT_EQ(*open_body->finish(), name);
    EXPECT_TRUE(body(name) == text) << name;
  }
}

TEST_F(BodyArchiveTest, RemembersUrlsWithoutTheirSecrets) {
  const auto archive = open();
  const Request request = request_for("https://joe:pw@h/?token=x", "name");
  const BodyHead head{.url = "https://h/final", .etag = "\"e\"", .last_modified = "then"};
  auto one = *archive->begin(request, head, 0);
  EXPECT_TRUE(one->finish());
  const Request other = request_for("https://h/other", "name");
  auto two = *archive->begin(other, head, 0);
  EXPECT_EQ(*two->finish(), "name");
  EXPECT_EQ(answer("SELECT url, name, etag, last_modified FROM distaff ORDER BY url DESC", 4),
            "https://joe:***@h/?token=***|name|\"e\"|then\nhttps://h/other|name|\"e\"|then");
}

TEST_F(BodyArchiveTest, FindsWhatAnEarlierRunHasKept) {
  const Request request = request_for("https://h/a", "x");
  store(*open(), request, "hello");
  const auto archive = open();
  const BodyHead head{.url = request.url, .mime = "text/plain"};
  KnownBody known;
  EXPECT_FALSE(archive->find_earlier(request, head, known));
  known.path = "x";
  EXPECT_EQ(archive->find_earlier(request, head, known), 5u);
  EXPECT_FALSE(archive->find_earlier(request_for("https://h/a", "y"), head, known));
  EXPECT_EQ(archive->keep_earlier(request, head, known), 5u);
  EXPECT_TRUE(
      store(*archive, request_for("https://h/b", "x"), "new").starts_with("'x' was already"));
  known.bytes = 6;
  EXPECT_FALSE(archive->find_earlier(request, head, known));
  known = {};
  known.path = "z";
  EXPECT_FALSE(archive->find_earlier(request_for("https://h/z", "z"), head, known));
}

TEST_F(BodyArchiveTest, NamesBodiesAsFilesAreNamed) {
  const auto archive = open();
  EXPECT_EQ(store(*archive, request_for("https://h/1", "//a/./b"), "x"), "a/b");
  EXPECT_TRUE(store(*archive, request_for("https://h/2", "../x"), "x")
                  .starts_with("the name '../x' leads elsewhere"));
  EXPECT_EQ(store(*archive, request_for("https://h/3", "a/b"), "y"),
            "'a/b' was already written for another URL in this run; put {hash} or {#} into --name");
  EXPECT_EQ(store(*archive, request_for("https://h/1", "a/b"), "z"), "a/b");
  EXPECT_EQ(body("a/b"), "x");
}

TEST_F(BodyArchiveTest, ReplacesBodiesOfEarlierRuns) {
  store(*open(), request_for("https://h/1", "x"), "old");
  store(*open(), request_for("https://h/2", "x"), "new");
  EXPECT_EQ(answer("SELECT name FROM sqlar"), "x");
  EXPECT_EQ(body("x"), "new");
}

TEST_F(BodyArchiveTest, SaysWhatStandsInTheWay) {
  const std::string folder =
      "cannot write a: a directory has this name; put {ext} or {hash} into --name";
  const auto file_of = [](std::string_view name, std::string_view file) {
    return fmt::format(
        "cannot write {}: '{}' in it is no directory; put {{hash}} into --name, or remove it", name,
        file);
  };
  for (const bool earlier : {false, true}) {
    auto archive = open();
    store(*archive, request_for("https://h/1", "a/b"), "file");
    if (earlier) {
      archive.reset();
      archive = open();
    }
    EXPECT_EQ(store(*archive, request_for("https://h/2", "a"), "x"), folder);
    EXPECT_EQ(store(*archive, request_for("https://h/3", "a"), noise(2'000'000)), folder);
    EXPECT_EQ(store(*archive, request_for("https://h/4", "a/b/c/d"), "x"),
              file_of("a/b/c/d", "a/b"));
    EXPECT_EQ(store(*archive, request_for("https://h/5", "a/b/c"), noise(2'000'000)),
              file_of("a/b/c", "a/b"));
    // Neither above it nor below.
    for (const std::string name : {"a.b", "a-", "a0", "A", "aa/b", "a/bc", "a/b.c"}) {
      EXPECT_EQ(store(*archive, request_for("https://h/" + name, name), "x"), name);
    }
    EXPECT_EQ(store(*archive, request_for("https://h/1", "a/b"), "file"), "a/b");
  }
  EXPECT_EQ(answer("SELECT count(*), max(sz) FROM sqlar", 2), "8|4");
  EXPECT_EQ(answer("SELECT count(*) FROM distaff"), "8");
}

// As `sqlite3 -Ac` archives them.
TEST_F(BodyArchiveTest, KnowsFoldersAndLinksOfOtherPrograms) {
  open().reset();
  SqliteDatabase database;
  ASSERT_EQ(database.open_for_writing(file_), 0);
  ASSERT_EQ(database.run("INSERT INTO sqlar VALUES('a',16877,0,0,NULL),('l',41471,0,-1,'a')"), 0);
  const auto archive = open();
  EXPECT_EQ(store(*archive, request_for("https://h/1", "a"), "x"),
            "cannot write a: a directory has this name; put {ext} or {hash} into --name");
  EXPECT_EQ(store(*archive, request_for("https://h/2", "a/b"), "x"), "a/b");
  EXPECT_EQ(store(*archive, request_for("https://h/3", "l/b"), "x"),
            "cannot write l/b: 'l' in it is no directory; put {hash} into --name, or remove it");
  EXPECT_EQ(store(*archive, request_for("https://h/4", "l"), "x"), "l");
}

// Of an earlier run a body stays as it is, and is in the way of others as if it were new.
TEST_F(BodyArchiveTest, KeptBodiesStandInTheWay) {
  const Request request = request_for("https://h/1", "a");
  store(*open(), request, "hello");
  const auto archive = open();
  EXPECT_EQ(archive->keep_earlier(request, {.url = request.url}, {.path = "a"}), 5u);
  EXPECT_EQ(store(*archive, request_for("https://h/2", "a/b"), "x"),
            "cannot write a/b: 'a' in it is no directory; put {hash} into --name, or remove it");
  EXPECT_EQ(store(*archive, request, "again"), "a");
  EXPECT_EQ(body("a"), "again");
}

TEST_F(BodyArchiveTest, IsOneFileAtRest) {
  store(*open(), request_for("https://h/1", "x"), "x");
  EXPECT_EQ(tree_of(dir_.path()).size(), 1U);
}

TEST_F(BodyArchiveTest, IsOfOneRunAtATime) {
  const auto archive = open();
  store(*archive, request_for("https://h/1", "x"), "x");
  const auto second = BodyArchive::open(file_);
  EXPECT_EQ(
      second.error(),
      (Error{file_ + ": another run is writing into it; wait for its end, or name another file",
             75}));
  EXPECT_EQ(store(*archive, request_for("https://h/2", "y"), "y"), "y");
}

TEST_F(BodyArchiveTest, SaysWhyAFileIsNone) {
  dir_.file("text", std::string(5000, 'x'));
  EXPECT_EQ(BodyArchive::open(dir_ / "text").error().message,
            (dir_ / "text") + ": it is no SQLite archive; name another file");
  EXPECT_EQ(read_file(dir_ / "text"), std::string(5000, 'x'));
  EXPECT_EQ(BodyArchive::open(dir_ / "no/x").error().message,
            (dir_ / "no/x") + ": " + (dir_ / "no") +
                ": No such file or directory; name a directory you may write to");
  SqliteDatabase database;
  ASSERT_EQ(database.open_for_writing(dir_ / "other"), 0);
  ASSERT_EQ(database.run("CREATE TABLE distaff(a)"), 0);
  EXPECT_FALSE(BodyArchive::open(dir_ / "other"));
}

TEST_F(BodyArchiveTest, HasEveryBodyThatWasFinishedWhenTheRunIsKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto archive = open();
    for (int i = 0;; ++i) {
      const std::string name = std::to_string(i);
      store(*archive, request_for("https://h/" + name, name),
            bytes_of(i % 10 == 0 ? 2'000'000 : 4096));
      if (write(ends[1], "x", 1) != 1) _exit(1);
    }
  }
  close(ends[1]);
  char x;
  int finished = 0;
  while (finished < 60 && read(ends[0], &x, 1) == 1) ++finished;
  kill(child, SIGKILL);
  while (read(ends[0], &x, 1) == 1) ++finished;
  waitpid(child, nullptr, 0);
  close(ends[0]);
  const auto archive = open();
  for (int i = 0; i < finished; ++i) {
    ASSERT_TRUE(body(std::to_string(i)) == bytes_of(i % 10 == 0 ? 2'000'000 : 4096)) << i;
  }
  EXPECT_EQ(answer("PRAGMA integrity_check"), "ok");
}

TEST_F(BodyArchiveTest, IsWhatTheSqliteProgramReads) {
  if (system("command -v sqlite3 >/dev/null") != 0) GTEST_SKIP() << "no sqlite3";
  store(*open(), request_for("https://h/1", "a/b.txt"), bytes_of(10'000));
  const std::string command =
      "cd '" + dir_.path() + "' && sqlite3 a.sqlar -Ax && sqlite3 a.sqlar -At >list";
  ASSERT_EQ(system(command.c_str()), 0);
  EXPECT_EQ(read_file(dir_ / "a/b.txt"), bytes_of(10'000));
  EXPECT_EQ(read_file(dir_ / "list"), "a/b.txt\n");
}

}  // namespace
}  // namespace distaff::body_archive_test

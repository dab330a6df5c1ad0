#include "compose/result_path.h"

#include <gtest/gtest.h>

#include "compose/line.h"

namespace distaff::result_path_test {
namespace {

// Where the job goes, or why it does not.
std::string place(std::string_view text, std::string value) {
  const auto path = ResultPath::compile(text, {});
  if (!path) return path.error().message;
  const Record record = line(std::move(value));
  const auto of = path->of({{&record, 1}, JobId{7}, 2});
  return of ? *of : of.error().message;
}

std::string refusal(std::string_view path, std::string_view why) {
  return "--results '" + std::string(path) + "': " + std::string(why);
}

TEST(ResultPath, IsTheTemplateOrElseTheJobsNumber) {
  EXPECT_EQ(place("out/{}", "a"), "out/a");
  EXPECT_EQ(place("out/{/.}-{#}", "x/a.txt"), "out/a-7");
  EXPECT_EQ(place("{}", "a b"), "a b");
  EXPECT_EQ(place("out", "a"), "out/7");
  EXPECT_EQ(place("../out/", "a"), "../out//7");
  EXPECT_EQ(place("/", "a"), "//7");
}

TEST(ResultPath, MakesDirectoriesOfASlashInAValue) {
  EXPECT_EQ(place("out/{}", "a/b/c"), "out/a/b/c");
  EXPECT_EQ(place("out/{}", "/etc/passwd"), "out//etc/passwd");
  EXPECT_EQ(place("./{}", "/etc"), ".//etc");
  EXPECT_EQ(place("out/{}", "..."), "out/...");
  EXPECT_EQ(place("../{}", "a"), "../a");
}

TEST(ResultPath, DoesNotLeadOutOfTheLiteralDirectory) {
  const std::string elsewhere = "'..' in a value leads elsewhere; take a part of it, as {/}";
  for (const std::string value : {"..", "../x", "a/..", "a/../../x", "/..", "a/../b"}) {
    EXPECT_EQ(place("out/{}", value), refusal("out/" + value, elsewhere));
    EXPECT_EQ(place("{}", value),
              refusal(value, value[0] == '/' ? "the value is an absolute path; write --results "
                                               "'./{}', or take a part of it, as {/}"
                                             : elsewhere));
  }
  EXPECT_EQ(place("out/.{}", "."), refusal("out/..", elsewhere));
  EXPECT_EQ(place("out/{}.", "a/."), refusal("out/a/..", elsewhere));
  EXPECT_EQ(place("out{}", "/../x"), refusal("out/../x", elsewhere));
  EXPECT_EQ(place("{}", "/etc"),
            refusal("/etc",
                    "the value is an absolute path; write --results './{}', or take a part of it, "
                    "as {/}"));
}

TEST(ResultPath, NeedsAName) {
  for (const std::string value : {"", ".", "/", "./."}) {
    EXPECT_EQ(place("out/{}", value),
              refusal("out/" + value, "it needs a name; the value is empty"));
  }
  EXPECT_EQ(place("out/{}", std::string("a\0b", 3)),
            refusal("out/a\\x00b", "a file name cannot hold a NUL byte"));
}

TEST(ResultPath, IsNotThatOfAResultItself) {
  EXPECT_EQ(
      place("out/{}", "a/stdout"),
      refusal("out/a/stdout", "'stdout' is a file of results and cannot be a directory of them"));
  EXPECT_EQ(place("out/{}/x", "job.json"),
            refusal("out/job.json/x",
                    "'job.json' is a file of results and cannot be a directory of them"));
  EXPECT_EQ(place("out/{}/stdout", "a"),
            "--results out/{}/stdout: it names a directory, in which there will be stdout, stderr "
            "and job.json; leave 'stdout' out");
}

TEST(ResultPath, SaysWhatIsMissing) {
  TemplateSyntax syntax;
  syntax.scheme = {FieldScheme::Kind::named, {"id"}, {}};
  const auto unknown = ResultPath::compile("out/{ib}", syntax);
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(unknown.error().message.starts_with("--results: ")) << unknown.error().message;

  const auto path = ResultPath::compile("out/{id}", syntax);
  ASSERT_TRUE(path);
  Record record = line("");
  record.names = std::make_shared<FieldNames>(FieldNames{"id"});
  EXPECT_FALSE(path->of({{&record, 1}, JobId{1}, 1}));
}

}  // namespace
}  // namespace distaff::result_path_test

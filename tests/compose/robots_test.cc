#include "compose/robots.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace distaff::robots_test {
namespace {

using namespace std::chrono_literals;

// One group for everyone, with these rules.
bool allowed(std::string_view rules, std::string_view path) {
  return Robots::parse("User-agent: *\n" + std::string(rules), "distaff").allows(path);
}

TEST(Robots, AllowsWhatNoRuleSpeaksOf) {
  EXPECT_TRUE(Robots::parse("", "distaff").allows("/"));
  EXPECT_TRUE(Robots::allow_all().allows("/a"));
  EXPECT_FALSE(Robots::disallow_all().allows("/a"));
  EXPECT_FALSE(Robots::disallow_all().allows(""));
  EXPECT_TRUE(allowed("Disallow: /a", "/b"));
  EXPECT_TRUE(allowed("Disallow: /a", "/A"));
  EXPECT_TRUE(allowed("Disallow:", "/b"));
  EXPECT_TRUE(allowed("Disallow: a", "/a"));
}

TEST(Robots, MayItselfAlwaysBeRead) {
  EXPECT_TRUE(Robots::disallow_all().allows("/robots.txt"));
  EXPECT_TRUE(allowed("Disallow: /", "/robots.txt?again"));
  EXPECT_FALSE(allowed("Disallow: /", "/robots.txt.old"));
}

TEST(Robots, FindsTheGroupsOfAnAgentWhateverItsLetters) {
  const std::string text =
      "User-agent: other\nDisallow: /\n"
      "\n"
      "USER-AGENT : third\n\nuser-agent: DiStaff/2.0 (and more)\nDisallow: /ours\n"
      "User-agent: *\nDisallow: /all\n"
      "User-agent: distaff\nDisallow: /more\n";
  const Robots ours = Robots::parse(text, "distaff");
  EXPECT_TRUE(ours.allows("/"));
  EXPECT_TRUE(ours.allows("/all"));
  EXPECT_FALSE(ours.allows("/ours"));
  EXPECT_FALSE(ours.allows("/more"));
  EXPECT_FALSE(Robots::parse(text, "nobody").allows("/all"));
  EXPECT_TRUE(Robots::parse(text, "nobody").allows("/ours"));
  EXPECT_FALSE(Robots::parse(text, "Other/1").allows("/x"));
  EXPECT_TRUE(Robots::parse(text, "dist").allows("/ours"));
  EXPECT_TRUE(Robots::parse(text, "distaff-b").allows("/ours"));
}

TEST(Robots, LetsAnEmptyGroupOfOursReplaceThatOfEveryone) {
  const std::string text = "User-agent: *\nDisallow: /\n\nUser-agent: distaff\nDisallow:\n";
  EXPECT_TRUE(Robots::parse(text, "distaff").allows("/a"));
  EXPECT_FALSE(Robots::parse(text, "other").allows("/a"));
  EXPECT_TRUE(
      Robots::parse("User-agent: *\nDisallow: /\nUser-agent: distaff", "distaff").allows("/a"));
}

TEST(Robots, TakesTheRuleWithMostOctetsAndOfEqualOnesTheKinder) {
  struct Row {
    const char* rules;
    const char* path;
    bool allowed;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"Allow: /p\nDisallow: /", "/page", true},
           {"Allow: /folder\nDisallow: /folder", "/folder/page", true},
           {"Disallow: /folder\nAllow: /folder", "/folder/page", true},
           {"Allow: /page\nDisallow: /*.htm", "/page.htm", false},
           {"Allow: /page\nDisallow: /*.ph", "/page.php5", true},
           {"Allow: /$\nDisallow: /", "/", true},
           {"Allow: /$\nDisallow: /", "/page.htm", false},
           {"Allow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "/example/page/disallowed.gif", false},
           {"Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/x",
            true},
           {"Disallow: /a\nSitemap: /s\nAllow: /ab", "/abc", true},
       }) {
    EXPECT_EQ(allowed(row.rules, row.path), row.allowed) << row.rules << " for " << row.path;
  }
}

TEST(Robots, ReadsStarsAndTheEnd) {
  struct Row {
    const char* rule;
    const char* path;
    bool fits;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"*", "/", true},
           {"/*", "/a/b", true},
           {"/fish", "/fish.html", true},
           {"/fish", "/Fish", false},
           {"/fish", "/catfish", false},
           {"/fish*", "/fishheads/yummy?id=1", true},
           {"/fish/", "/fish", false},
           {"/*.php", "/folder/filename.php?parameters", true},
           {"/*.php", "/windows.PHP", false},
           {"/*.php$", "/filename.php", true},
           {"/*.php$", "/filename.php?parameters", false},
           {"/*.php$", "/filename.php.php", true},
           {"/*.php$", "/filename.php/", false},
           {"/fish*.php", "/fishheads/catfish.php?parameters", true},
           {"/fish*.php", "/fish.asp", false},
           {"/a*b*c$", "/abcbc", true},
           {"/a*b*c$", "/acbcd", false},
           {"/a**b", "/a-b", true},
           {"/ab*b$", "/ab", false},
           {"/ab*$", "/abc", true},
           {"/$", "/", true},
           {"/$x", "/$x", true},
           {"/$x", "/", false},
           {"/this/path/exactly$", "/this/path/exactly", true},
           {"/this/path/exactly$", "/this/path/exactly/", false},
           {"/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true},
           {"/path/file-with-a-%2A.html", "/path/file-with-a-b.html", false},
           {"/path/foo-%24", "/path/foo-$", true},
           {"/path/foo-%24", "/path/foo-", false},
       }) {
    EXPECT_EQ(allowed("Disallow: " + std::string(row.rule), row.path), !row.fits)
        << row.rule << " for " << row.path;
  }
}

TEST(Robots, ComparesPercentSignsInOneSpelling) {
  struct Row {
    const char* rule;
    const char* path;
    bool fits;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"/foo/bar?baz=quz", "/foo/bar?baz=quz", true},
           {"/foo/bar?baz=http://foo.bar", "/foo/bar?baz=http%3A%2F%2Ffoo.bar", true},
           {"/foo/bar?baz=http%3a%2f%2ffoo.bar", "/foo/bar?baz=http://foo.bar", true},
           {"/foo/bar/\xE3\x83\x84", "/foo/bar/%E3%83%84", true},
           {"/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84", true},
           {"/foo/bar/%62%61%7A", "/foo/bar/baz", true},
           {"/foo/bar/baz", "/foo/bar/%62%61%7A", true},
           {"/a%2Fb", "/a/b", false},
           {"/a/b", "/a%2fb", false},
           {"/a%3Cd.html", "/a%3cd.html", true},
           {"/%7Ejoe/", "/~joe/index.html", true},
           {"/a b", "/a%20b", true},
           {"/100%", "/100%25", true},
           {"/*/x", "/a?u=/x", true},
           {"/a%3Fb", "/a?b", false},
       }) {
    EXPECT_EQ(allowed("Disallow: " + std::string(row.rule), row.path), !row.fits)
        << row.rule << " for " << row.path;
  }
}

TEST(Robots, ReadsEveryKindOfLineEndCommentsAndAMark) {
  for (const std::string end : {"\n", "\r", "\r\n", "\n\r\n"}) {
    std::string text = "\xEF\xBB\xBFUser-agent: *  # all" + end;
    text +=
        "# Allow: /" + end + "  Disallow:  /a b # no" + end + "nonsense" + end + "Disallow /" + end;
    const Robots robots = Robots::parse(text, "distaff");
    EXPECT_FALSE(robots.allows("/a%20b"));
    EXPECT_TRUE(robots.allows("/c"));
  }
  EXPECT_TRUE(Robots::parse("Disallow: /", "distaff").allows("/a")) << "a rule of nobody";
  EXPECT_FALSE(
      Robots::parse("User-agent: distaff\nSitemap: x\n\nUser-agent: b\nDisallow: /", "distaff")
          .allows("/"));
}

TEST(Robots, TellsTheLongestDelayForUs) {
  const auto delay = [](std::string text) { return Robots::parse(text, "distaff").crawl_delay(); };
  EXPECT_EQ(delay("User-agent: *\nCrawl-delay: 10"), 10s);
  EXPECT_EQ(delay("User-agent: *\ncrawl-delay: 0.5\nDisallow: /"), 500ms);
  EXPECT_EQ(delay("User-agent: *\nCrawl-delay: 2\nUser-agent: distaff\nDisallow: /a"),
            std::nullopt);
  EXPECT_EQ(delay("User-agent: *\nDisallow:\nCrawl-delay: 2\nUser-agent: distaff\nDisallow: /a"),
            std::nullopt);
  EXPECT_EQ(
      delay("User-agent: distaff\nCrawl-delay: 3\nDisallow:\nUser-agent: Distaff\nCrawl-delay: 5"),
      5s);
  EXPECT_EQ(delay("User-agent: slow\nCrawl-delay: 9\nUser-agent: *\nDisallow: /a"), std::nullopt);
  EXPECT_EQ(delay("User-agent: *\nCrawl-delay: 1e300"), 24h);
  for (const std::string wrong : {"", "-1", "nan", "inf", "soon"}) {
    EXPECT_EQ(delay("User-agent: *\nCrawl-delay: " + wrong), std::nullopt) << wrong;
  }
}

TEST(Robots, TakesAnyBytes) {
  std::mt19937 random(26);
  const std::string_view pieces[] = {
      "User-agent:", "*", "\n", "\r", "Disallow: ", "Allow: ", "/", "$", "%2",
      "%",           ":", "#",  "\0", "\xff",       "distaff", "a", "?", " "};
  for (int i = 0; i < 20000; ++i) {
    std::string text, path = "/";
    for (auto n = random() % 30; n > 0; --n) text += pieces[random() % std::size(pieces)];
    for (auto n = random() % 10; n > 0; --n) path += pieces[random() % std::size(pieces)];
    const Robots robots = Robots::parse(text, "distaff");
    EXPECT_TRUE(robots.allows("/robots.txt"));
    robots.allows(path);
  }
}

// What a star may stand for is tried in one way only; with all of them this would take years.
TEST(Robots, TakesHostileRulesInGoodTime) {
  std::string stars = "Disallow: /";
  for (int i = 0; i < 100'000; ++i) stars += "*a";
  EXPECT_TRUE(allowed(stars + "b$", "/" + std::string(8000, 'a')));
  std::string rules = "User-agent: *\n";
  for (int i = 0; i < 60; ++i)
    rules += "Disallow: *" + std::string(4000, 'a') + "b" + std::string(4000, 'a') + "\n";
  const Robots robots = Robots::parse(rules, "distaff");
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(robots.allows("/" + std::string(8000, 'a')));
  EXPECT_LT(robots.memory(), 1 << 20);
}

}  // namespace
}  // namespace distaff::robots_test

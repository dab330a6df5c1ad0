#include "compose/url.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "compose/authority.h"

namespace distaff::url_test {
namespace {

std::string shown(const UrlExpected<std::string>& url) {
  if (url) return *url;
  switch (url.error().what) {
    case UrlFault::What::scheme:
      return "no scheme";
    case UrlFault::What::byte:
      return "bad byte at " + std::to_string(url.error().at);
    case UrlFault::What::host:
      break;
  }
  return "no host" + (url.error().why.empty() ? "" : ": " + url.error().why);
}

std::string normal(std::string_view text) { return shown(normal_url(text)); }

TEST(NormalUrl, IsTheSameForUrlsThatMeanTheSame) {
  for (const char* same : {"http://example.com/a/b?q", "HTTP://example.com/a/b?q",
                           "http://EXAMPLE.com:80/a/b?q", "http://example.com:/a/b?q",
                           "http://example.com:0080/a/b?q", "http://example.com/./a/x/../b?q",
                           "http://example.com/../a/b?q", "http://example.com/%61/%62?%71",
                           "http://exam%70le.com/a/%2e/b?q", "http:///example.com/a/b?q",
                           "http://example.com/a/c/%2E%2e/b?q", " http://example.com/a/b?q\r\n"}) {
    EXPECT_EQ(normal(same), "http://example.com/a/b?q") << same;
  }
  EXPECT_EQ(normal("https://h:443"), "https://h/");
  EXPECT_EQ(normal("https://h:80"), "https://h:80/");
  EXPECT_EQ(normal("ftp://h:21?x"), "ftp://h/?x");
  EXPECT_EQ(normal("http://h#top"), "http://h/#top");
  EXPECT_EQ(normal("http://0x7f.1/"), "http://127.0.0.1/");
  EXPECT_EQ(normal("http://[FE80::0:1%25eth0]:80/"), "http://[fe80::1%25eth0]/");
  EXPECT_EQ(normal("http://h/~joe%7e/%c3%a9\xc3\xa9"), "http://h/~joe~/%C3%A9%C3%A9");
}

// RFC 3986 5.2.4 and its examples in 5.4.
TEST(NormalUrl, HasNoDotSegments) {
  EXPECT_EQ(normal("http://h/a/b/c/./../../g"), "http://h/a/g");
  EXPECT_EQ(normal("http://h/a/.."), "http://h/");
  EXPECT_EQ(normal("http://h/a/."), "http://h/a/");
  EXPECT_EQ(normal("http://h/.."), "http://h/");
  EXPECT_EQ(normal("http://h/../../g/"), "http://h/g/");
  EXPECT_EQ(normal("http://h/a//../b"), "http://h/a/b");
  EXPECT_EQ(normal("http://h/a/..?x=/../y#/./z"), "http://h/?x=/../y#/./z");
  EXPECT_EQ(normal("http://h/.well-known/..a/b../..."), "http://h/.well-known/..a/b../...");
}

TEST(NormalUrl, SaysNothingElseThanWhatWasWritten) {
  for (const char* url :
       {"http://h/%2F%3F%23%25", "http://h/a%2f../b", "http://h/?b=2&a=1&a=0", "http://h/A?B",
        "http://h//a///b/", "http://h/a;b=c,d:e@f!$'()*+", "http://h/%5B%5D[]", "http://h/?",
        "http://h/?a+b%20c%2Bd", "http://h/100%", "http://h/%zz%4", "http://h/%u00e9",
        "http://h/a?x=%26y&#%26", "http://joe:p%40w@h/", "http://h./", "http://h/{a}|\\^`\"<>"}) {
    std::string wanted = url;
    if (wanted == "http://h/a%2f../b") wanted = "http://h/a%2F../b";
    EXPECT_EQ(normal(url), wanted);
  }
  EXPECT_EQ(normal("http://h/%%34%31"), "http://h/%%341") << "it is not %41";
  EXPECT_EQ(normal("http://h/%4%31%31"), "http://h/%4%311");
}

TEST(NormalUrl, EncodesBlanksWhereTheyMayStand) {
  EXPECT_EQ(normal("http://h/a b?c  d#e f"), "http://h/a%20b?c%20%20d#e%20f");
  EXPECT_EQ(normal("http://h x/"), "no host: it holds a blank");
  EXPECT_EQ(normal("http://joe doe@h/"), "no host: it holds a blank");
  EXPECT_EQ(normal("http://h%20x/"), "no host");
  EXPECT_EQ(normal("http://h/a\tb"), "bad byte at 10");
  EXPECT_EQ(normal("http://h/a\x7f"), "bad byte at 10");
  EXPECT_EQ(normal("h/a"), "no scheme");
  EXPECT_EQ(normal("mailto:joe@h"), "no scheme");
  EXPECT_EQ(normal("http://"), "no host");
  EXPECT_EQ(normal("http://h:65536/"), "no host");
}

// A second time it changes nothing, and the host stays the same.
TEST(NormalUrl, IsItsOwnFormForRandomUrls) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> parts{
      "a",      "B",   "/",    ".",  "..",     "/../",      "/./",    "%",      "%2e", "%2E",
      "%41",    "%2f", "%25",  "%3", "%%",     "41",        " ",      "\u00fc", "%c3", "%BC",
      "?",      "#",   "@",    ":",  "80",     "443",       "0",      "[",      "::1", "]",
      "\u3002", "1.2", "xn--", "-",  "\uff0f", "%ef%bc%8e", "\u00ad", "~"};
  for (int i = 0; i < 5000; ++i) {
    std::string url = i % 2 == 0 ? "http://" : "HTTPS://h/";
    for (auto n = random() % 9 + 1; n > 0; --n) url += parts[random() % parts.size()];
    const auto once = normal_url(url);
    if (!once) continue;
    ASSERT_EQ(normal(*once), *once) << url;
    ASSERT_EQ(host_of(*once), host_of(without_blanks_around(url))) << url;
    const std::size_t path = once->find_first_of("/?#", once->find("://") + 3);
    if (is_plainly_normal(url.substr(std::min(path, url.size()))) &&
        url.starts_with(once->substr(0, path))) {
      ASSERT_EQ(*once, url);
    }
  }
}

std::string resolved(std::string_view reference) {
  return shown(resolved_url("http://a/b/c/d;p?q#f", reference));
}

// RFC 3986 5.4, but for its `http:g` and `g:h`, which name no host.
TEST(ResolvedUrl, IsWhereAReferenceLeads) {
  const std::pair<const char*, const char*> examples[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g:h", "no scheme"},
      {"http:g", "no scheme"},
  };
  for (const auto& [reference, wanted] : examples)
    EXPECT_EQ(resolved(reference), wanted) << reference;
}

TEST(ResolvedUrl, IsBroughtIntoFormWhetherWholeOrNot) {
  EXPECT_EQ(resolved("/ok/a b"), "http://a/ok/a%20b");
  EXPECT_EQ(resolved("http://H:80/ok/a b"), "http://h/ok/a%20b");
  EXPECT_EQ(resolved("//h/ok/a b"), "http://h/ok/a%20b");
  EXPECT_EQ(resolved("https://b\u00fccher.example/\u00e9"), "https://xn--bcher-kva.example/%C3%A9");
  EXPECT_EQ(resolved("//b\u00fccher.example"), "http://xn--bcher-kva.example/");
  EXPECT_EQ(resolved("http://h /x"), "no host: it holds a blank");
  EXPECT_EQ(resolved("/a\tb"), "bad byte at 2");
  EXPECT_EQ(resolved("x?u=http://y/"), "http://a/b/c/x?u=http://y/");
  EXPECT_EQ(shown(resolved_url("http://h/?q", "x")), "http://h/x");
  EXPECT_EQ(shown(resolved_url("http://joe:pw@h:8/a", "b")), "http://joe:pw@h:8/b");
}

}  // namespace
}  // namespace distaff::url_test

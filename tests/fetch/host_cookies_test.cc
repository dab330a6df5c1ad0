#include "fetch/host_cookies.h"

#include <gtest/gtest.h>

#include <string>

namespace distaff::host_cookies_test {
namespace {

constexpr std::time_t kNow = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

// A host that sets cookies, and what it gets back.
struct Jar {
  HostCookies cookies;
  HostCookies::Place place{"h.example", "/a/b/c?q", false};

  Jar& set(std::string_view line, std::time_t now = kNow) {
    cookies.take(place, line, now);
    return *this;
  }
  std::string line(std::time_t now = kNow) { return cookies.line_for(place, now); }
  std::string at(std::string_view path, bool secure = false) {
    return cookies.line_for({place.host, path, secure}, kNow);
  }
};

TEST(HostCookies, GoBackToTheHostThatSetThem) {
  Jar jar;
  jar.set("a=b").set(" c = d e ; Path=/; HttpOnly; SameSite=Lax").set("a=new").set("empty=");
  EXPECT_EQ(jar.line(), "a=new; empty=; c=d e");
  EXPECT_EQ(jar.cookies.line_for({"www.h.example", "/a/b/c", false}, kNow), "");
  EXPECT_EQ(jar.cookies.line_for({"example", "/a/b/c", false}, kNow), "");
}

TEST(HostCookies, GoWhereTheirPathsSay) {
  Jar jar;
  jar.set("deep=1").set("root=2; path=/").set("a=3; Path=/a").set("odd=4; Path=a");
  EXPECT_EQ(jar.at("/a/b/c"), "deep=1; odd=4; a=3; root=2");
  EXPECT_EQ(jar.at("/a/b"), "deep=1; odd=4; a=3; root=2");
  EXPECT_EQ(jar.at("/a/bc"), "a=3; root=2");
  EXPECT_EQ(jar.at("/ab"), "root=2");
  EXPECT_EQ(jar.at("/x?/a/b/"), "root=2");
}

TEST(HostCookies, EndWhenTheySay) {
  Jar jar;
  jar.set("age=1; Max-Age=10; Expires=Sun, 06 Nov 1994 08:00:00 GMT");
  jar.set("date=1; expires=Sunday, 06-Nov-94 08:49:57 GMT");
  jar.set("ever=1; Max-Age=99999999999999999999; path=/").set("odd=1; max-age=soon; path=/");
  EXPECT_EQ(jar.line(kNow + 9), "age=1; date=1; ever=1; odd=1");
  EXPECT_EQ(jar.line(kNow + 10), "date=1; ever=1; odd=1");
  EXPECT_EQ(jar.line(kNow + 20), "ever=1; odd=1");
  jar.set("ever=; Max-Age=0; path=/").set("odd=; max-age=-5; Path=/");
  jar.set("age=; Max-Age=-99999999999999999999")
      .set("date=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(jar.line(), "");
  EXPECT_TRUE(jar.cookies.empty());
  EXPECT_EQ(jar.cookies.bytes(), 0u);
}

TEST(HostCookies, OfADomainThatIsNotTheHostsAreVoid) {
  Jar jar;
  jar.set("a=1; Domain=other.example").set("b=1; Domain=x.h.example").set("c=1; domain=xh.example");
  EXPECT_EQ(jar.line(), "");
  jar.set("d=1; Domain=.Example").set("e=1; Domain=H.example").set("f=1; Domain=");
  EXPECT_EQ(jar.line(), "d=1; e=1; f=1");
  EXPECT_EQ(jar.cookies.line_for({"i.example", "/a/b/c", false}, kNow), "");
}

TEST(HostCookies, SecretOnesNeedTls) {
  Jar jar;
  jar.set("a=1; Secure").set("__Secure-b=1").set("__Host-c=1; Secure; Path=/");
  EXPECT_EQ(jar.line(), "");
  jar.place.secure = true;
  jar.set("a=1; secure").set("__Secure-b=1").set("__Host-c=1; Secure; Path=/");
  jar.set("__Host-d=1; Secure").set("__Host-e=1; Secure; Path=/; Domain=h.example");
  EXPECT_EQ(jar.line(), "a=1; __Host-c=1");
  EXPECT_EQ(jar.at("/a/b/c", false), "");
  Jar local;
  local.place.host = "127.0.0.1";
  EXPECT_EQ(local.set("a=1; Secure").line(), "a=1") << "nobody listens there";
}

TEST(HostCookies, WhatIsNoneIsNone) {
  Jar jar;
  jar.set("").set("a").set("=b").set("; a=b").set("a=b\x01").set("n=" + std::string(5000, 'x'));
  EXPECT_TRUE(jar.cookies.empty());
  jar.set("a=b=c; =; ;;Path").set("q=\"x y\"");
  EXPECT_EQ(jar.line(), "a=b=c; q=\"x y\"");
}

TEST(HostCookies, AreBounded) {
  HostCookies cookies({.bytes = 100'000, .of_host = 3});
  const std::string value = "a=" + std::string(1000, 'x');
  for (int i = 0; i < 10'000; ++i) {
    cookies.take({"h" + std::to_string(i), "/", false}, value, kNow);
    cookies.line_for({"h0", "/", false}, kNow);
    EXPECT_LE(cookies.bytes(), 100'000u);
  }
  EXPECT_GT(cookies.hosts(), 50u);
  EXPECT_EQ(cookies.line_for({"h0", "/", false}, kNow), value) << "it is in use";
  EXPECT_EQ(cookies.line_for({"h1", "/", false}, kNow), "");
  EXPECT_EQ(cookies.line_for({"h9999", "/", false}, kNow), value);
  for (const char* name : {"b", "c", "d"}) {
    cookies.take({"h9999", "/", false}, std::string(name) + "=1", kNow);
  }
  EXPECT_EQ(cookies.line_for({"h9999", "/", false}, kNow), "b=1; c=1; d=1");
}

TEST(HostCookies, OfTwoThatSayOneTheHostCounts) {
  EXPECT_EQ(joined_cookies("a=b; c=d", ""), "a=b; c=d");
  EXPECT_EQ(joined_cookies("", "x=1"), "x=1");
  EXPECT_EQ(joined_cookies("a=b; c=d;", "x=1; c=2"), "a=b; x=1; c=2");
}

}  // namespace
}  // namespace distaff::host_cookies_test

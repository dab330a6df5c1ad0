#include "compose/group_key.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "compose/line.h"

namespace distaff::group_key_test {
namespace {

TemplateSyntax lines() { return {}; }

TemplateSyntax table(FieldNames names) {
  TemplateSyntax syntax;
  syntax.scheme = {FieldScheme::Kind::named, std::move(names), {}};
  return syntax;
}

TemplateSyntax objects() {
  TemplateSyntax syntax;
  syntax.scheme.kind = FieldScheme::Kind::open;
  return syntax;
}

Record row(FieldNames names, std::vector<std::optional<std::string>> fields) {
  Record record;
  record.text = "the row";
  record.fields = std::move(fields);
  record.names = std::make_shared<const FieldNames>(std::move(names));
  return record;
}

std::string key(std::string_view spec, const TemplateSyntax& syntax, const Record& record) {
  const auto compiled = GroupKey::compile(spec, syntax);
  if (!compiled) return compiled.error().message;
  return compiled->key_of(record, JobId{5}).value_or("(none)");
}

TEST(HostOf, FindsTheHostInAUrl) {
  EXPECT_EQ(host_of("http://Example.COM/x"), "example.com");
  EXPECT_EQ(host_of("https://user:pw@a.org:8080?q=@b"), "a.org");
  EXPECT_EQ(host_of("http://a.org.:80/"), "a.org");
  EXPECT_EQ(host_of("ssh://[::1]:22/x"), "::1");
  EXPECT_EQ(host_of("http://[2001:DB8:0:0::1]"), "2001:db8::1");
  EXPECT_EQ(host_of("http://[fe80::1%25eth0]/"), "fe80::1");
  EXPECT_EQ(host_of("http://0x7f.1/"), "127.0.0.1");
  EXPECT_EQ(host_of("http://%61.org/"), "a.org");
  EXPECT_EQ(host_of("http://a.org/with blank\tand column"), "a.org");
  EXPECT_EQ(host_of("http://B\u00fccher.de/"), "xn--bcher-kva.de");
  EXPECT_EQ(host_of("http://b%C3%BCcher%2Ede./x"), "xn--bcher-kva.de");
}

TEST(HostOf, GivesNothingWhereThereIsNone) {
  for (const char* text : {"",
                           "a.org",
                           "http:",
                           "http:/a",
                           "http://",
                           "http:///",
                           "http://./",
                           "http://u@",
                           "mailto:x@y",
                           "file:///etc/passwd",
                           "file://localhost/x",
                           "://a",
                           " http://a",
                           "http://a b/",
                           "http://a b@c/",
                           "http://a:x",
                           "http://a:99999/",
                           "http://[::1",
                           "http://[zz]/",
                           "http://a\nb",
                           "http://a@b@c/",
                           "http://a%25b/",
                           "http://%7f/",
                           "http://b\xfc/",
                           "3://a"}) {
    EXPECT_EQ(host_of(text), std::nullopt) << text;
  }
}

// curl leaves an address as it is written unless another form is shorter.
std::string shortest_form(const std::string& address) {
  in6_addr bytes;
  char shown[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  return inet_ntop(AF_INET6, &bytes, shown, sizeof(shown));
}

// The host as curl reads it, in our form.  Unlike curl we take blanks behind the authority; names
// in other scripts it leaves to the locale, and it takes what no name has.
std::optional<std::string> host_by_curl(std::string url) {
  const std::size_t path = url.find_first_of("/?#", url.find("://") + 4);
  for (std::size_t i = path; i < url.size(); ++i) {
    if (url[i] <= ' ' || url[i] == 0x7f) url[i] = 'x';
  }
  CURLU* handle = curl_url();
  char* host = nullptr;
  std::optional<std::string> found;
  if (curl_url_set(handle, CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
      curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
    found = host;
    for (char& c : *found) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (found->starts_with('[')) found = shortest_form(found->substr(1, found->size() - 2));
    if (found->ends_with('.')) found->pop_back();
    if (found->empty()) found.reset();
  }
  curl_free(host);
  curl_url_cleanup(handle);
  return found;
}

TEST(HostOf, AgreesWithCurlOnRandomUrls) {
  const char* const runs = std::getenv("DISTAFF_RANDOM_URLS");
  const int count = runs ? std::atoi(runs) : 20000;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {"a",
                                          "B",
                                          "example",
                                          ".",
                                          "..",
                                          "com",
                                          ":",
                                          "80",
                                          "@",
                                          "[",
                                          "]",
                                          "::1",
                                          "%",
                                          "%41",
                                          "%2F",
                                          "%00",
                                          "%7f",
                                          "%1F",
                                          " ",
                                          "\x7f",
                                          "\t",
                                          "0x",
                                          "7f",
                                          "127",
                                          "1",
                                          "256",
                                          "08",
                                          "/",
                                          "?",
                                          "#",
                                          "-",
                                          "_",
                                          "~",
                                          "|",
                                          "!",
                                          ";",
                                          "4294967295",
                                          "\xc3\xa4",
                                          "user",
                                          "2001:db8",
                                          "%25",
                                          "0",
                                          "::ffff:1.2.3.4",
                                          "$",
                                          "{",
                                          "*",
                                          "(",
                                          "\\",
                                          "\"",
                                          "'",
                                          "^",
                                          "`",
                                          "<",
                                          "=",
                                          ",",
                                          "+",
                                          "&"};
  for (int i = 0; i < count; ++i) {
    std::string url = i % 4 == 0 ? "x-y+1.z://" : "HTTP://";
    for (auto n = random() % 7 + 1; n > 0; --n) url += parts[random() % parts.size()];
    const auto by_curl = host_by_curl(url);
    const bool is_odd = by_curl && std::any_of(by_curl->begin(), by_curl->end(), [](char c) {
                          return c == '%' || c == 0x7f || static_cast<unsigned char>(c) > 0x7f;
                        });
    // It decodes 0x%41 too late to see that it is a number.
    const bool is_late = url.find("0x") != url.npos && url.find("%41") != url.npos;
    if (is_odd || is_late) continue;
    EXPECT_EQ(host_of(url), by_curl) << url;
    if (HasFailure()) return;
  }
}

TEST(DomainOf, FindsWhatWasRegistered) {
  EXPECT_EQ(domain_of("www.bbc.co.uk"), "bbc.co.uk");
  EXPECT_EQ(domain_of("a.b.example.org"), "example.org");
  EXPECT_EQ(domain_of("example.org"), "example.org");
  EXPECT_EQ(domain_of("co.uk"), "co.uk");
  EXPECT_EQ(domain_of("localhost"), "localhost");
  EXPECT_EQ(domain_of("192.168.0.1"), "192.168.0.1");
  EXPECT_EQ(domain_of("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(domain_of("x.github.io"), "x.github.io");
  EXPECT_EQ(domain_of("www.xn--85x722f.xn--55qx5d.cn"), "xn--85x722f.xn--55qx5d.cn");
}

TEST(GroupKey, IsAColumnByName) {
  const FieldNames names = {"server", "full name", "host", "regex:x"};
  const Record record = row(names, {"A", "B", "C", "D"});
  EXPECT_EQ(key("server", table(names), record), "A");
  EXPECT_EQ(key("full name", table(names), record), "B");
  EXPECT_EQ(key("host", table(names), record), "C");
  EXPECT_EQ(key("regex:x", table(names), record), "D");
  EXPECT_EQ(key("u.n", objects(), row({"u.n"}, {"x"})), "x");
}

TEST(GroupKey, IsTheColumnOfThatNameWhateverElseItLooksLike) {
  const FieldNames names{"{x}", "{1}", "a..b", "{", "x"};
  const Record record = row(names, {"A", "B", "C", "D", "E"});
  EXPECT_EQ(key("{x}", table(names), record), "A");
  EXPECT_EQ(key("{1}", table(names), record), "B");
  EXPECT_EQ(key("a..b", table(names), record), "C");
  EXPECT_EQ(key("{", table(names), record), "D");
  EXPECT_EQ(key("{x}{2}", table(names), record), "EB");
}

TEST(GroupKey, IsATemplate) {
  const FieldNames names = {"server", "path"};
  const Record record = row(names, {"A", "d/e"});
  EXPECT_EQ(key("{server}:{path//}", table(names), record), "A:d");
  EXPECT_EQ(key("{2/}", table(names), record), "e");
  EXPECT_EQ(key("{//}", lines(), line("d/e")), "d");
  EXPECT_EQ(key("k{#}", lines(), line("x")), "k5");
}

TEST(GroupKey, IsTheHostOrDomainOfTheRecordOrAField) {
  EXPECT_EQ(key("host", lines(), line("http://WWW.a.co.uk:1/")), "www.a.co.uk");
  EXPECT_EQ(key("domain", lines(), line("http://www.a.co.uk/")), "a.co.uk");
  const FieldNames names = {"id", "the url"};
  const Record record = row(names, {"7", "ftp://x.example.org/"});
  EXPECT_EQ(key("host:the url", table(names), record), "x.example.org");
  EXPECT_EQ(key("domain:2", table(names), record), "example.org");
  EXPECT_EQ(key("host:{the url}", table(names), record), "x.example.org");
  EXPECT_EQ(key("host:u", objects(), row({"u"}, {"http://h"})), "h");
  EXPECT_EQ(key("host:1", lines(), line("http://h")), "h");
}

TEST(GroupKey, IsWhatARegexFinds) {
  EXPECT_EQ(key("regex:^(\\w+):", lines(), line("nas1:a")), "nas1");
  EXPECT_EQ(key("regex:[0-9]{2}", lines(), line("x123")), "12");
  EXPECT_EQ(key("regex:.{1}", lines(), line("xyz")), "x");
  EXPECT_EQ(key("regex:q", lines(), line("x")), "(none)");
  EXPECT_EQ(key("regex:q|(x)", lines(), line("q")), "(none)");
}

TEST(GroupKey, IsNoneWhereThereIsNothingToGroupBy) {
  const FieldNames names = {"server", "url"};
  EXPECT_EQ(key("server", table(names), row(names, {"", "x"})), "(none)");
  EXPECT_EQ(key("url", table(names), row(names, {"A"})), "(none)");
  EXPECT_EQ(key("host:url", table(names), row(names, {"A", "no url"})), "(none)");
  EXPECT_EQ(key("host", lines(), line("no url")), "(none)");
  EXPECT_EQ(key("m", objects(), row({"m"}, {std::nullopt})), "(none)");
}

TEST(GroupKey, RefusesWhatCannotBeMeant) {
  const auto people = table({"server", "url"});
  const auto why = [](std::string_view spec, const TemplateSyntax& syntax) {
    return key(spec, syntax, line("x"));
  };
  EXPECT_EQ(why("servre", people),
            "--key 'servre': no column 'servre'; did you mean server? the columns are server, url");
  EXPECT_EQ(why("host", people),
            "--key 'host': of which column? write host:FIELD, such as host:server");
  EXPECT_EQ(why("domain", objects()),
            "--key 'domain': of which column? write domain:FIELD, such as domain:url, or {domain} "
            "for the member of that name");
  EXPECT_EQ(why("host:ulr", people),
            "--key 'host:ulr': no column 'ulr'; did you mean url? the columns are server, url");
  EXPECT_TRUE(why("{servre}", people).starts_with("--key '{servre}': {servre}: no such field"));
  EXPECT_EQ(
      why("server", lines()),
      "--key 'server': the key would be the same for every record; write {1}, host, domain or "
      "regex:RE, or give the records columns by --csv, --jsonl or --match");
  EXPECT_TRUE(why("host:2", lines()).starts_with("--key 'host:2': no field '2'"));
  EXPECT_EQ(why("regex:(", lines()), "--key 'regex:(': no regex that RE2 takes: missing ): (");
  EXPECT_EQ(why("s{%}", lines()),
            "--key 's{%}': {%} is not known before a job starts; leave it out");
  EXPECT_TRUE(why("", lines()).starts_with("--key '': "));
}

TEST(GroupKey, TellsWhichMembersItNeeds) {
  EXPECT_EQ(GroupKey::compile("host:u.url", objects())->field_names(), FieldNames{"u.url"});
  EXPECT_EQ(GroupKey::compile("{a}{b}", objects())->field_names(), (FieldNames{"a", "b"}));
  EXPECT_EQ(GroupKey::compile("host", lines())->field_names(), FieldNames{});
}

}  // namespace
}  // namespace distaff::group_key_test

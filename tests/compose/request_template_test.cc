#include "compose/request_template.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "compose/line.h"

namespace distaff::request_template_test {
namespace {

using What = FileNamePart::What;
using Strings = std::vector<std::string>;

Record row(const FieldNames& names, const Strings& values) {
  Record record;
  record.text = "the row";
  record.names = std::make_shared<FieldNames>(names);
  record.fields.assign(values.begin(), values.end());
  return record;
}

TemplateSyntax named(FieldNames names) {
  return {{FieldScheme::Kind::named, std::move(names), std::nullopt}};
}

Expected<Request> request(const FetchSpec& spec, const Record& record, TemplateSyntax syntax = {}) {
  auto compiled = RequestTemplate::compile(spec, {std::move(syntax), {}});
  if (!compiled) return tl::unexpected(compiled.error());
  auto launch = compiled->build({{&record, 1}, JobId{7}, 2});
  if (!launch) return tl::unexpected(launch.error());
  return *launch->request;
}

template <class T>
std::string error_of(const Expected<T>& result) {
  return result ? "no error" : result.error().message;
}

std::string url_of(const Expected<Request>& made) {
  if (!made) return error_of(made);
  return made->no_host.empty() ? made->url : "bad host: " + made->no_host;
}

// The URL of a job, or why there is none.
std::string url(const std::string& record) { return url_of(request({}, line(record))); }

std::string url(const std::string& text, const Strings& values) {
  FetchSpec spec;
  spec.url_template = text;
  FieldNames names;
  for (std::size_t i = 0; i < values.size(); ++i)
    names.push_back(std::string(1, static_cast<char>('a' + i)));
  return url_of(request(spec, row(names, values), named(names)));
}

TEST(RequestTemplate, AsksForTheRecord) {
  const auto made = request({}, line("https://example.org/a"));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(*made, (Request{.url = "https://example.org/a"}));
}

TEST(RequestTemplate, AsksForAColumn) {
  FetchSpec spec;
  spec.column = "link to it";
  const auto made =
      request(spec, row({"n", "link to it"}, {"1", " http://h/ "}), named({"n", "link to it"}));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->url, "http://h/");
  EXPECT_EQ(error_of(request(spec, line("x"), named({"n", "url"}))),
            "no column 'link to it'; the columns are n, url");
  EXPECT_EQ(error_of(request(spec, row({"n", "link to it"}, {"1"}), named({"n", "link to it"}))),
            "no field 'link to it' in this record");
  const TemplateSyntax open{{FieldScheme::Kind::open, {}, std::nullopt}};
  EXPECT_EQ(request(spec, row({"link to it"}, {"http://j/"}), open)->url, "http://j/");
  EXPECT_EQ(RequestTemplate::compile(spec, {open, {}})->field_names(), Strings{"link to it"});
}

TEST(RequestTemplate, AsksForAColumnByItsNumber) {
  FetchSpec spec;
  spec.column = "2";
  const TemplateSyntax numbered{{FieldScheme::Kind::numbered, {}, std::nullopt}};
  const Record record = row({}, {"http://h/1", "http://h/2"});
  EXPECT_EQ(request(spec, record, numbered)->url, "http://h/2");
  EXPECT_EQ(request(spec, row({"2", "b"}, {"http://n/", "http://h/2"}), named({"2", "b"}))->url,
            "http://n/");
  EXPECT_EQ(request(spec, row({"a", "b"}, {"http://h/1", "http://h/2"}), named({"a", "b"}))->url,
            "http://h/2");
  EXPECT_EQ(error_of(request(spec, record, named({"a"}))), "no column '2'; the columns are a");
}

TEST(Url, IsBroughtIntoForm) {
  EXPECT_EQ(url(" \thttp://h/a\r"), "http://h/a");
  EXPECT_EQ(url("http://h/caf\xC3\xA9?q=\xC3\xA9"), "http://h/caf%C3%A9?q=%C3%A9");
  EXPECT_EQ(url("http://caf\xC3\xA9/"), "http://xn--caf-dma/");
  EXPECT_EQ(url("http://h/a%20b"), "http://h/a%20b");
  EXPECT_EQ(url("http://h/a b?c d#e f"), "http://h/a%20b?c%20d#e%20f");
  EXPECT_EQ(url("HTTP://[::1]:80/"), "http://[::1]/");
  EXPECT_EQ(url("file:///etc/passwd"), "file:///etc/passwd") << "another part refuses it";
}

TEST(Url, SaysWhatIsWrong) {
  EXPECT_EQ(url("  "), "the URL is empty");
  EXPECT_EQ(url("example.org/x"), "'example.org/x' has no scheme; write https://example.org/x");
  EXPECT_EQ(url("//host/x"), "'//host/x' has no scheme; write https://host/x");
  EXPECT_EQ(url("localhost:8080/x"),
            "'localhost:8080/x' has no scheme; write https://localhost:8080/x");
  EXPECT_EQ(url("joe:pw@h/x"), "'joe:***@h/x' is no URL of a server; write https://HOST/PATH");
  EXPECT_EQ(url("/x"), "'/x' is only a path; write https://HOST/x");
  EXPECT_EQ(url("mailto:joe@h"), "'mailto:***@h' is no URL of a server; write https://HOST/PATH");
  EXPECT_EQ(url("http:/x"), "'http:/x' is no URL of a server; write https://HOST/PATH");
  EXPECT_EQ(url("# the mirrors"),
            "'# the mirrors' is a comment and no URL; leave it out, as grep -v '^#' does");
  EXPECT_EQ(url("http://h/\x01"),
            "the URL 'http://h/\\x01' holds the byte 0x01 (byte 10); write %01 if it is meant");
  EXPECT_EQ(url("http://h/a\tb"),
            "the URL 'http://h/a\\tb' holds the byte 0x09 (byte 11); write %09 if it is meant");
  EXPECT_EQ(url("http://:80/"),
            "bad host: the URL 'http://:80/' names no host that could be asked; write "
            "http://HOST/PATH");
  EXPECT_EQ(url("https://joe:pw@h:99999/"),
            "bad host: the URL 'https://joe:***@h:99999/' names no host that could be asked; write "
            "https://HOST/PATH");
  EXPECT_EQ(url("http://h x/"),
            "bad host: the URL 'http://h x/' names no host that could be asked: it holds a blank");
}

// It looks less closely at a URL that begins as the one before.
TEST(Url, IsJudgedTheSameWhateverCameBefore) {
  const Strings texts{
      "http://h/a",           "http://h/b",    "http://h/\xC3\xA9", "http://h/a b",
      "http://h/\x7f",        "http://h",      "http://h?/x",       "http://h/",
      " http://h/a",          "http:///x",     "http:///h/y",       "http:///",
      "http://user@h/",       "http://h:1/x",  "http://h:99999/x",  "http://caf\xC3\xA9/",
      "http://caf\xC3\xA9/x", "file:///x",     "file:///:9/y",      "HTTP://h/a",
      "http://h/a#b",         "http://",       "http://:80/",       "http://%00/",
      "http://h/%41",         "http://h/../x", "http://h/.x",       "http://h/.x/."};
  for (const std::string& before : texts) {
    for (const std::string& text : texts) {
      const auto one = *RequestTemplate::compile({}, {});
      const Record first = line(before), second = line(text);
      (void)one.build({{&first, 1}, JobId{1}, 0});
      const auto made = one.build({{&second, 1}, JobId{2}, 0});
      EXPECT_EQ(made ? url_of(*made->request) : error_of(made), url(text)) << "after " << before;
    }
  }
}

TEST(UrlTemplate, EncodesValuesForTheirPlace) {
  EXPECT_EQ(url("https://h/{a}", {"x/y z?&"}), "https://h/x/y%20z%3F%26");
  EXPECT_EQ(url("https://h/?q={a}&r={b}", {"x/y&=", "\xC3\xA9#%"}),
            "https://h/?q=x%2Fy%26%3D&r=%C3%A9%23%25");
  EXPECT_EQ(url("https://h/#{a}", {"x/y"}), "https://h/#x%2Fy");
  EXPECT_EQ(url("https://{a}/{b}", {"h:80", "..."}), "https://h:80/...");
  EXPECT_EQ(url("https://{a}:{b}/", {"[::1]", "8"}), "https://[::1]:8/");
  EXPECT_EQ(url("{a}/x?u={b}", {" https://h:1/?y ", "http://z/"}),
            "https://h:1/?y/x?u=http%3A%2F%2Fz%2F");
  EXPECT_EQ(url("{a}://{b}/", {"http", "h:1"}), "http://h:1/");
  EXPECT_EQ(url("{a}/?u=http://{b}", {"http://h", "x/y"}), "http://h/?u=http://x%2Fy");
  EXPECT_EQ(url("https://h/{#}", {"x"}), "https://h/7");
}

TEST(UrlTemplate, LetsNoValueNameAnotherHost) {
  EXPECT_EQ(url("https://{a}.example.org/", {"evil.com/x"}),
            "bad host: the URL 'https://evil.com%2Fx.example.org/' names no host that could be "
            "asked; write https://HOST/PATH");
  EXPECT_EQ(url("https://{a}.example.org/", {"joe@evil"}),
            "bad host: the URL 'https://joe%40evil.example.org/' names no host that could be "
            "asked; write https://HOST/PATH");
  EXPECT_TRUE(url("https://{a}.example.org/", {"evil.com\xEF\xBC\x8Fx"}).starts_with("bad host: "));
}

TEST(UrlTemplate, LetsNoValueLeaveItsPlaceInThePath) {
  const std::string refused = "--url-template: a value makes '";
  for (const char* value : {"..", ".", "../admin", "x/../../admin", "x/.", "%2e%2e", ".%2E", "%2E",
                            "%252e.", "..\\admin", "..%2fadmin", "..%5Cadmin", "x\\.."}) {
    EXPECT_TRUE(url("https://h/api/items/{a}", {value}).starts_with(refused)) << value;
    EXPECT_TRUE(url("https://h/{a}/x?y", {value}).starts_with(refused)) << value;
  }
  EXPECT_EQ(url("https://h/{a}", {"../x"}),
            "--url-template: a value makes '..' of a part of the path, which leads elsewhere");

  // Together with each other, or with what stands beside them.
  EXPECT_TRUE(url("https://h/{a}{b}", {".", "."}).starts_with(refused));
  EXPECT_TRUE(url("https://h/{a}{b}/x", {"%2", "e"}).starts_with(refused));
  EXPECT_TRUE(url("https://h/.{a}", {"."}).starts_with(refused));
  EXPECT_TRUE(url("https://h/.{a}", {""}).starts_with(refused));
  EXPECT_TRUE(url("https://h/%2e{a}/x", {"."}).starts_with(refused));
  EXPECT_TRUE(url("https://h/{a}.#x", {"y/."}).starts_with(refused));
  EXPECT_TRUE(url("{a}{b}", {"https://h/items/", ".."}).starts_with(refused));
  EXPECT_TRUE(url("{a}/{b}", {"https://h", "."}).starts_with(refused));

  // What is no such part: names with dots, queries, and the dots of the template itself.
  EXPECT_EQ(url("https://h/{a}", {".hidden"}), "https://h/.hidden");
  EXPECT_EQ(url("https://h/{a}", {"..."}), "https://h/...");
  EXPECT_EQ(url("https://h/{a}.{b}", {"v1", "2"}), "https://h/v1.2");
  EXPECT_EQ(url("https://h/{a}", {"%2e%2ex"}), "https://h/%252e%252ex");
  EXPECT_EQ(url("https://h/?q={a}&r=.{b}", {"..", "."}), "https://h/?q=..&r=..");
  EXPECT_EQ(url("https://h/#{a}", {".."}), "https://h/#..");
  EXPECT_EQ(url("https://h/x/../{a}", {"y"}), "https://h/y");
  EXPECT_EQ(url("https://h/{a}", {""}), "https://h/");
  EXPECT_EQ(url("https://h/{a}/..", {"y"}), "https://h/");
}

TEST(UrlTemplate, RefusesWhatCanNeverBeAUrl) {
  EXPECT_EQ(url("h/{a}", {"x"}), "--url-template: 'h/{a}' has no scheme; write https://h/{a}");
  EXPECT_EQ(
      url("https://h/x\ty{a}", {"x"}),
      "--url-template: the URL 'https://h/x\\ty{a}' holds the byte 0x09 (byte 12); write %09 if "
      "it is meant");
  EXPECT_TRUE(url("https://h/{b}", {"x"}).starts_with("--url-template: {b}: no such field"));
}

TEST(RequestTemplate, MakesMethodHeadersAndData) {
  FetchSpec spec;
  spec.headers = {"X-Id: {a}", "Accept:", "X-Empty;", "X-No: {b}"};
  spec.data = R"({"a":"{a}"})";
  const Record record = row({"a", "b"}, {"x", ""});
  auto made = request(spec, record, named({"a", "b"}));
  EXPECT_EQ(error_of(made), "'the row' has no scheme; write https://the row");
  spec.url_template = "https://h/{#}";
  made = request(spec, record, named({"a", "b"}));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->method, "POST");
  EXPECT_EQ(made->headers, (Strings{"X-Id: x", "Accept:", "X-Empty;", "X-No;"}));
  EXPECT_EQ(made->data, R"({"a":"x"})");
  spec.method = "PUT";
  EXPECT_EQ(request(spec, record, named({"a", "b"}))->method, "PUT");
}

TEST(RequestTemplate, RefusesMethodsAndHeadersThatAreNone) {
  FetchSpec spec;
  spec.method = "GET /x";
  EXPECT_EQ(error_of(request(spec, line("http://h/"))),
            "--request 'GET /x': a method is one word, as GET, HEAD, POST, PUT");
  spec.method.clear();
  for (const std::string header : {"", "X-Id", ": x", "X Id: x", "{}: x", "X-Id; x", "@file"}) {
    spec.headers = {header};
    EXPECT_EQ(error_of(request(spec, line("http://h/"))),
              "--header '" + header + "': write 'NAME: VALUE', or 'NAME;' for one without value");
  }
  spec.headers = {"Cookie: a\nX: b"};
  EXPECT_EQ(error_of(request(spec, line("http://h/"))),
            "--header 'Cookie: ***': a header is one line; write one --header for each");
}

TEST(RequestTemplate, LetsNoValueAddAHeader) {
  FetchSpec spec;
  spec.url_template = "http://h/";
  spec.headers = {"X-Id: {}"};
  EXPECT_EQ(error_of(request(spec, line("a\r\nHost: b"))),
            "--header X-Id: its value holds a line end, which no header can");
  EXPECT_EQ(error_of(request(spec, line(std::string("a\0b", 3)))),
            "--header X-Id: its value holds a NUL byte, which no header can");
}

TEST(RequestTemplate, SendsAFileAsItIs) {
  FetchSpec spec;
  spec.data = "@body.json";
  const Record record = line("http://h/");
  EXPECT_EQ(error_of(request(spec, record)), "--data '@body.json': name a file behind the @");
  const auto compiled = RequestTemplate::compile(
      spec, {{}, [](const std::string& file) -> Expected<std::string> { return file + ": {}\n"; }});
  EXPECT_EQ(compiled->build({{&record, 1}, JobId{1}, 1})->request->data, "body.json: {}\n");
  const auto missing = RequestTemplate::compile(
      spec,
      {{}, [](const std::string&) -> Expected<std::string> { return fail("no such file", 3); }});
  EXPECT_EQ(missing.error(), (Error{"--data: no such file", 3}));
}

TEST(NameTemplate, TakesApartWhatOnlyTheResponseTells) {
  FetchSpec spec;
  spec.url_template = "http://h/";
  spec.name = "{host}/{a}-{#}{ext}";
  const Record record = row({"a", "host"}, {"x/y", "z"});
  const auto made = request(spec, record, named({"a", "host"}));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->name,
            (std::vector<FileNamePart>{{What::host, ""}, {What::text, "/x/y-7"}, {What::ext, ""}}));
  spec.name = "{2}{hash}${path}{{path}}";
  EXPECT_EQ(request(spec, record, named({"a", "host"}))->name,
            (std::vector<FileNamePart>{
                {What::text, "z"}, {What::hash, ""}, {What::text, "${path}{{path}}"}}));
  spec.name = "{path/}";
  EXPECT_EQ(
      error_of(request(spec, record, named({"a", "host"}))),
      "--name: {path/}: {path} takes no path parts; write it alone, or a column by its number");
  spec.name = "{c}";
  EXPECT_TRUE(error_of(request(spec, record, named({"a", "host"})))
                  .starts_with("--name: {c}: no such field"));
}

// The name that `name` makes of that URL.
std::string named_by(const std::string& name, const std::string& url) {
  FetchSpec spec;
  spec.name = name;
  const auto made = request(spec, line(url));
  return made ? made->name.at(0).text : "refused: " + error_of(made);
}

TEST(NameTemplate, NamesFilesByThePathOfAUrlWithoutItsQuery) {
  for (const auto& [name, url, expected] : std::vector<std::array<std::string, 3>>{
           {"{/}", "http://h/a/b.txt", "b.txt"},
           {"{/}", "http://h/a/b.txt?v=1/2#x/y", "b.txt"},
           {"{/}", "http://h/a/b/", "b"},
           {"{/}", "http://h", "index"},
           {"{/}", "http://h/", "index"},
           {"{/}", "http://h?a/b", "index"},
           {"{/}", " http://h/a \r", "a"},
           {"{/.}", "http://h/a/b.tar.gz?c.d", "b.tar"},
           {"{/^.tar.gz}", "http://h/a/b.tar.gz?c", "b"},
           {"{//}/{/}", "http://h/a/b/c?d", "/a/b/c"},
           {"{.}", "http://h/a/b.txt", "/a/b"},
           {"x-{/}.y", "http://h/a", "x-a.y"},
           {"{@v=([0-9]+)}", "http://h/a?v=12", "12"},  // a regex sees all of it
           {"{}", "http://h/a%20b", "http://h/a%20b"},
       }) {
    EXPECT_EQ(named_by(name, url), expected) << name << " of " << url;
  }
}

TEST(NameTemplate, UndoesPercentSignsWhereNothingHidesBehindThem) {
  for (const auto& [url, expected] : std::vector<std::array<std::string, 2>>{
           {"http://h/a%20b%2Bc.txt", "a b+c.txt"},
           {"http://h/b%C3%BCcher",
            "b\xc3\xbc"
            "cher"},
           {"http://h/b\xc3\xbc", "b\xc3\xbc"},
           {"http://h/100%25%2541", "100%%41"},  // once
           {"http://h/a%2Fb", "a%2Fb"},
           {"http://h/a/..%2F..%2Fetc%2Fpasswd", "..%2F..%2Fetc%2Fpasswd"},
           {"http://h/a%00b%0A", "a%00b%0A"},
           {"http://h/%1B%5B2J", "%1B%5B2J"},
           {"http://h/%E2%80%AEgpj.exe", "%E2%80%AEgpj.exe"},
           {"http://h/%FF%FE", "%FF%FE"},
           {"http://h/%C3", "%C3"},
           {"http://h/50%", "50%"},
           {"http://h/a%zz", "a%zz"},
           {"http://h/%20", " "},
       }) {
    EXPECT_EQ(named_by("{/}", url), expected) << url;
  }
}

TEST(NameTemplate, KnowsUrlsInColumnsAndLeavesOtherValuesAlone) {
  const Record record = row({"site", "file"}, {"http://h/a/b%20c?d", "x/y%20z?d"});
  FetchSpec spec;
  spec.column = "site";
  for (const auto& [name, expected] :
       std::vector<std::array<std::string, 2>>{{"{site/}", "b c"},
                                               {"{1/}", "b c"},
                                               {"{/}", "b c"},
                                               {"{file/}", "y%20z?d"},
                                               {"{site//}", "/a"},
                                               {"{file//}", "x"}}) {
    spec.name = name;
    const auto made = request(spec, record, named({"site", "file"}));
    ASSERT_TRUE(made) << error_of(made);
    EXPECT_EQ(made->name.at(0).text, expected) << name;
  }
  // Of a template the record is no URL, or the beginning of one.
  FetchSpec templated;
  templated.url_template = "http://h/get?f={}";
  templated.name = "{/}";
  EXPECT_EQ(request(templated, line("a/b%20c?d"))->name.at(0).text, "b%20c?d");
  templated.url_template = "{}?raw=1";
  EXPECT_EQ(request(templated, line("http://h/a/b%20c"))->name.at(0).text, "b c");
}

TEST(RequestTemplate, TellsWhichFieldsItUses) {
  FetchSpec spec;
  spec.url_template = "http://h/{a}";
  spec.headers = {"X: {b.c}"};
  spec.data = "{d}";
  spec.name = "{e}{host}";
  const TemplateSyntax open{{FieldScheme::Kind::open, {}, std::nullopt}};
  EXPECT_EQ(RequestTemplate::compile(spec, {open, {}})->field_names(),
            (Strings{"a", "b.c", "d", "e"}));
}

}  // namespace
}  // namespace distaff::request_template_test

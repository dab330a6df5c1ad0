#include "fetch/body_name.h"

#include <gtest/gtest.h>

#include <random>

#include "fetch/media_types.h"

namespace distaff::body_name_test {
namespace {

using What = FileNamePart::What;

std::string name(const std::vector<FileNamePart>& parts, std::string_view url,
                 std::string_view mime = {}) {
  const auto made = body_name(parts, {.url = url, .mime = mime});
  return made ? made->path() : made.error().message;
}

std::string clean(std::string_view text) {
  const auto made = clean_name(text);
  return made ? *made : made.error().message;
}

TEST(MediaTypes, NameTheirFiles) {
  EXPECT_EQ(extension_of_type("text/html"), ".html");
  EXPECT_EQ(extension_of_type("application/atom+xml"), ".xml");
  EXPECT_EQ(extension_of_type("video/webm"), ".webm");
  EXPECT_EQ(extension_of_type("application/octet-stream"), "");
  EXPECT_EQ(extension_of_type(""), "");
  EXPECT_EQ(extension_of_url("https://h/a/b.tar.gz?c.d#e.f"), ".gz");
  EXPECT_EQ(extension_of_url("https://example.org"), "");
  EXPECT_EQ(extension_of_url("https://h/a.b/c"), "");
  EXPECT_EQ(extension_of_url("https://h/a."), "");
  EXPECT_EQ(extension_of_url("https://h/a.b%20c"), "");
  EXPECT_EQ(extension_of_url("https://h/a.abcdefghi"), "");
}

TEST(MediaTypes, AreReadAsServersSendThem) {
  for (const std::string_view sent :
       {"text/html", "Text/HTML; charset=utf-8", "text/html, charset=utf-8",
        "text/html charset=utf-8", "text/html;", "text/html\t;q=1", " text/html", "\"text/html\"",
        "text/html,text/html", "text/html\rx"}) {
    EXPECT_EQ(media_type(sent), "text/html") << sent;
  }
  EXPECT_EQ(media_type(""), "");
  EXPECT_EQ(media_type("; charset=utf-8"), "charset=utf-8");
}

TEST(MediaTypes, HaveTheExtensionsOfTheirFiles) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"image/jpg", ".jpg"},
      {"image/pjpeg", ".jpg"},
      {"image/heic", ".heic"},
      {"image/x-ms-bmp", ".bmp"},
      {"audio/mp3", ".mp3"},
      {"audio/x-wav", ".wav"},
      {"video/quicktime", ".mov"},
      {"application/x-zip-compressed", ".zip"},
      {"application/x-rar-compressed", ".rar"},
      {"application/vnd.rar", ".rar"},
      {"application/x-tgz", ".tgz"},
      {"application/vnd.apple.mpegurl", ".m3u8"},
      {"application/vnd.android.package-archive", ".apk"},
      {"text/json", ".json"},
      {"text/x-markdown", ".md"},
      {"application/problem+json", ".json"},
      {"application/activity+json", ".json"},
      {"application/vnd.google-earth.kml+xml", ".kml"},
      {"application/soap+xml", ".xml"},
      {"application/lpf+zip", ".zip"},
      {"application/openapi+yaml", ".yaml"},
      {"application/x-unheard-of", ""},
      {"binary/octet-stream", ""},
      {"html", ""},
  };
  for (const auto& [mime, extension] : cases) EXPECT_EQ(extension_of_type(mime), extension) << mime;
}

TEST(MediaTypes, AddNoExtensionToANameThatHasItOtherwiseSpelled) {
  const std::vector<FileNamePart> parts{{What::path, {}}, {What::ext, {}}};
  EXPECT_EQ(name(parts, "https://h/a.JPEG", "image/jpg"), "a.JPEG");
  EXPECT_EQ(name(parts, "https://h/a.tar.gz", "application/x-tgz"), "a.tar.gz");
  EXPECT_EQ(name(parts, "https://h/a.tgz", "application/gzip"), "a.tgz");
  EXPECT_EQ(name(parts, "https://h/a.php", "text/html"), "a.php.html");
  EXPECT_EQ(name(parts, "https://h/a.yml", "application/yaml"), "a.yml");
}

TEST(BodyName, IsTheHashOfTheUrlUnlessSomethingElseIsAsked) {
  const std::string hash = hash_of_url("https://h/a").hex();
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_EQ(name({}, "https://h/a", "text/html"), hash.substr(0, 2) + "/" + hash + ".html");
  EXPECT_EQ(name({}, "https://h/a#part", ""), hash.substr(0, 2) + "/" + hash);
  EXPECT_NE(hash_of_url("https://h/b"), hash_of_url("https://h/a"));
}

TEST(BodyName, IsMadeOfParts) {
  const std::vector<FileNamePart> parts{
      {What::host, ""}, {What::text, "/x-"}, {What::path, ""}, {What::ext, ""}};
  EXPECT_EQ(name(parts, "https://H.org:8/a/b.md?c", "text/plain"), "h.org/x-a/b.md.txt");
  EXPECT_EQ(name({{What::path, ""}}, "https://h"), "index");
  EXPECT_EQ(name({{What::path, ""}}, "https://h?q/"), "index");
  EXPECT_EQ(name({{What::path, ""}}, "https://h/a/"), "a/index");
  EXPECT_EQ(name({{What::text, "x"}, {What::ext, ""}}, "https://h/a.b", "odd/type"), "x.b");
  EXPECT_EQ(name({{What::path, ""}}, "https://h/../x"),
            "the name '../x' leads elsewhere by '..'; put {hash} or {#} into --name");
  EXPECT_EQ(name({{What::path, ""}}, "https://h/%2e%2e/x"), "%2e%2e/x");
}

TEST(BodyName, HasAnExtensionOnce) {
  const std::vector<FileNamePart> parts{{What::path, ""}, {What::ext, ""}};
  EXPECT_EQ(name(parts, "https://h/a.html", "text/html"), "a.html");
  EXPECT_EQ(name(parts, "https://h/a.HTML", "text/html"), "a.HTML");
  EXPECT_EQ(name(parts, "https://h/a.htm", "text/html"), "a.htm.html");
  EXPECT_EQ(name(parts, "https://h/html", "text/html"), "html.html");
  EXPECT_EQ(name(parts, "https://h/a.b", "odd/type"), "a.b");
  EXPECT_EQ(name({{What::text, "x.txt"}, {What::ext, ""}}, "https://h/", "text/plain"), "x.txt");
  EXPECT_EQ(name({{What::ext, ""}, {What::text, "x"}}, "https://h/", "text/plain"), ".txtx");
}

TEST(CleanName, StaysWhereItIs) {
  EXPECT_EQ(clean("a/b"), "a/b");
  EXPECT_EQ(clean("/etc/passwd"), "etc/passwd");
  EXPECT_EQ(clean("//a/.//b/./"), "a/b");
  EXPECT_EQ(clean("~/-x/... /."), "~/-x/... ");
  EXPECT_EQ(clean("..a/a.."), "..a/a..");
  EXPECT_EQ(clean("a\n\x7f"
                  "b"),
            "a%0A%7Fb");
  EXPECT_EQ(clean(std::string_view("a\0/..b", 6)), "a%00/..b");
  EXPECT_EQ(clean("a\\..\\b"), "a\\..\\b");
  for (const std::string out : {"..", "../a", "a/..", "a/../b", "/..", "./../a"}) {
    EXPECT_EQ(clean(out),
              "the name '" + out + "' leads elsewhere by '..'; put {hash} or {#} into --name");
  }
  for (const std::string empty : {"", "/", ".", "./."}) {
    EXPECT_EQ(clean(empty), "the name '" + empty + "' is empty; put {hash} or {#} into --name");
  }
  EXPECT_EQ(clean("./.distaff/x"),
            "the name './.distaff/x' begins with .distaff, which distaff keeps for itself; choose "
            "another --name");
  EXPECT_EQ(clean("a/.distaff"), "a/.distaff");
}

TEST(CleanName, ShortensPartsThatAreTooLong) {
  const std::string a300(300, 'a');
  const std::string shorter = clean(a300 + ".html/x");
  EXPECT_EQ(shorter.find('/'), 255U);
  EXPECT_TRUE(shorter.ends_with(".html/x"));
  EXPECT_NE(clean(a300 + "1"), clean(a300 + "2"));
  EXPECT_EQ(clean(std::string(255, 'a')), std::string(255, 'a'));
  std::string wide = "a";
  for (int i = 0; i < 200; ++i) wide += "\xC3\xA9";
  EXPECT_EQ(clean(wide).size(), 254U) << "no character is cut";
  std::string deep;
  for (int i = 0; i < 101; ++i) deep += "/a";
  EXPECT_NE(clean(deep).find("more than 100 parts"), std::string::npos);
}

TEST(CleanName, HoldsItsPromiseForAnyText) {
  std::mt19937 random(26);
  const std::string_view pieces[] = {"..",  ".",        "/", "//", "a", std::string_view("\0", 1),
                                     "\n",  ".distaff", "~", "-",  " ", "\xff",
                                     "CON", "%2e%2e",   "\\"};
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += pieces[random() % std::size(pieces)];
    if (random() % 10 == 0) text += std::string(250 + random() % 100, 'x');
    const auto made = clean_name(text);
    if (!made) continue;
    const std::string framed = "/" + *made + "/";
    for (const std::string_view bad : {"//", "/./", "/../"})
      EXPECT_EQ(framed.find(bad), std::string::npos) << text;
    EXPECT_FALSE(framed.starts_with("/.distaff/"));
    EXPECT_EQ(framed.find('\0'), std::string::npos);
    for (std::size_t at = 0; at < framed.size();) {
      const std::size_t end = framed.find('/', at + 1);
      if (end == framed.npos) break;
      EXPECT_LE(end - at - 1, 255U);
      at = end;
    }
    EXPECT_EQ(clean_name(*made), made) << "nothing is left to clean";
  }
}

}  // namespace
}  // namespace distaff::body_name_test

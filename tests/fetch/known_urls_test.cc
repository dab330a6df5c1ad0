#include "fetch/known_urls.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fetch/body_archive.h"
#include "fetch/body_testing.h"
#include "fetch/report_rows.h"
#include "fetch/sqlite.h"
#include "fetch/validators.h"
#include "support/temp_dir.h"

namespace distaff::known_urls_test {
namespace {

class KnownUrlsTest : public testing::Test {
 protected:
  void open(std::string_view text) {
    auto opened = open_conditions(dir_.file("report", text));
    ASSERT_TRUE(opened) << opened.error().message;
    conditions_ = *std::move(opened);
  }

  // "ETAG|LAST-MODIFIED", without the quotes of an ETag; or "-".
  std::string known(std::string_view url) { return known(url, url); }
  std::string known(std::string_view url, std::string_view to) {
    const auto found = conditions_->find(url, to);
    if (!found) return "-";
    std::string etag = found->etag;
    etag.erase(std::remove(etag.begin(), etag.end(), '"'), etag.end());
    return etag + "|" + found->last_modified;
  }

  TempDir dir_;
  std::unique_ptr<Conditions> conditions_;
};

constexpr std::string_view kHeader =
    "url,final_url,status,error,attempts,mime,bytes,seconds,path,etag,last_modified\n";

TEST_F(KnownUrlsTest, AreThoseOfAReport) {
  open(std::string(kHeader) +
       "http://h/1,http://h/1,200,,1,text/html,5,0.1,,\"\"\"v1\"\"\",\n"
       "http://h/2,http://h/x,200,,1,text/html,5,0.1,,,\"Mon, 02 Jan 2026 03:04:05 GMT\"\r\n"
       "\n"
       "http://h/3,http://h/3,404,,1,text/html,5,0.1,,e,d\n"
       "http://h/4,http://h/4,,no connection,1,,,,,,\n"
       "http://h/5,http://h/5,200,,1,text/html,5,0.1,,,\n"
       "http://h/6,http://h/6,304,,1,,0,0.1,,\"W/\"\"x\"\"\",");
  EXPECT_EQ(known("http://h/1"), "v1|");
  EXPECT_EQ(known("http://h/2", "http://h/x"), "|Mon, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(known("http://h/3"), "-");
  EXPECT_EQ(known("http://h/4"), "-");
  EXPECT_EQ(known("http://h/5"), "-");
  EXPECT_EQ(known("http://h/6"), "W/x|");
  EXPECT_EQ(known("http://h/7"), "-");
  EXPECT_EQ(known("http://h/1"), "v1|");
}

TEST_F(KnownUrlsTest, AreKnownInEverySpelling) {
  open(
      "url,status,etag\n"
      "HTTP://B\u00fccher.example:80/a/../%7ejoe?api_key=***,200,\"\"\"e1\"\"\"\n"
      "http://h#top,200,\"\"\"e2\"\"\"\n"
      "http://h/a b,200,\"\"\"e3\"\"\"\n");
  EXPECT_EQ(known("http://xn--bcher-kva.example/~joe?api_key=secret"), "e1|");
  EXPECT_EQ(known("http://h/"), "e2|");
  EXPECT_EQ(known("http://h/a%20b"), "e3|");
}

TEST_F(KnownUrlsTest, AreReadBehindTheColumnsOfTheInput) {
  open(
      "url,status,\"a\nb\",fetch_url,final_url,fetch_status,etag\r\n"
      "x,open,\"quote \"\" and\nline, end\",http://h/1,,200,\"\"\"e1\"\"\"\r\n"
      "y,200,,http://h/2,,500,\"\"\"e2\"\"\"\r\n"
      "short row\r\n"
      "z,,\"\",http://h/3,,200,\"\"\"e,3\"\"\"\r\n");
  EXPECT_EQ(known("http://h/1"), "e1|");
  EXPECT_EQ(known("http://h/2"), "-");
  EXPECT_EQ(known("http://h/3"), "e,3|");
  EXPECT_EQ(known("x"), "-");
}

TEST_F(KnownUrlsTest, AreThoseOfJsonLines) {
  open(
      R"({"url":"http:\/\/h/1", "status": 200,"etag":"\"v\u00e9\"","input":{"url":"no","a":["}"]}})"
      "\nno object\n"
      R"({"link":"x","url":"http://h/2","status":304,"etag":"\"d\ud83d\ude00\"","last_modified":null} )"
      "\n"
      R"({"url":"http://h/3","status":500,"etag":"e"})"
      "\n"
      R"({"url":"http://h/4","status":200,"etag":"e)");
  EXPECT_EQ(known("http://h/1"), "v\xC3\xA9|");
  EXPECT_EQ(known("http://h/2"), "d\xF0\x9F\x98\x80|");
  EXPECT_EQ(known("http://h/3"), "-");
  EXPECT_EQ(known("http://h/4"), "-");
  EXPECT_EQ(known("no"), "-");
}

TEST_F(KnownUrlsTest, AreTakenFromTheLastGoodRow) {
  const std::string rows = "url,status,error,etag\nu,200,,\"\"\"e1\"\"\"\nu,200,,\"\"\"e2\"\"\"\n";
  open(rows + "u,500,,\"\"\"e3\"\"\"\nu,304,,\nu,200,too large,\"\"\"e4\"\"\"\n");
  EXPECT_EQ(known("u"), "e2|");
  open(rows + "u,200,,\n");
  EXPECT_EQ(known("u"), "-") << "the body that is there now has no validator";
}

TEST_F(KnownUrlsTest, AreFoundWithoutTheirSecrets) {
  open(
      "url,status,etag\nhttp://joe:***@h/?token=***,200,\"\"\"e1\"\"\"\n"
      "http://h/?key=new,200,\"\"\"e2\"\"\"\n");
  EXPECT_EQ(known("http://joe:pw@h/?token=abc"), "e1|");
  EXPECT_EQ(known("http://h/?key=old"), "e2|");
}

TEST_F(KnownUrlsTest, AreFoundAsTheyAreSent) {
  open("url,status,etag\nhttp://h/caf\xC3\xA9,200,\"\"\"e1\"\"\"\n");
  EXPECT_EQ(known("http://h/caf%C3%A9"), "e1|");
}

TEST_F(KnownUrlsTest, TellOfTheBodyAsTheRowDoes) {
  const std::string row =
      R"({"url":"u","final_url":"f","status":304,"error":null,"mime":"text/css","bytes":7,)"
      R"("path_b64":"L/8=","etag":"\"e\"","note":"odd"})";
  open(row);
  const auto found = conditions_->find("u", "f");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mime, "text/css");
  EXPECT_EQ(found->bytes, 7u);
  EXPECT_EQ(found->path, "/\xff");
  EXPECT_EQ(found->note, "odd");
  open("url,status,bytes,etag\nu,304,0,\"\"\"e\"\"\"\nv,200,,\"\"\"e\"\"\"\n");
  EXPECT_EQ(conditions_->find("u", "u")->bytes, std::nullopt) << "those of the answer, it seems";
  EXPECT_EQ(conditions_->find("v", "v")->bytes, std::nullopt);
}

TEST_F(KnownUrlsTest, AreOfTheUrlThatTheyLedTo) {
  open(
      "url,final_url,status,etag\n"
      "http://h/1,http://h/x?sig=***&at=1,200,\"\"\"e\"\"\"\n");
  EXPECT_EQ(known("http://h/1", "http://h/1"), "-");
  EXPECT_EQ(known("http://h/1", "http://h/y"), "-");
  EXPECT_EQ(known("http://h/1", "https://h/x"), "-");
  EXPECT_EQ(known("http://h/1", "http://h/x?sig=abc&at=2"), "e|");
}

// Of these it is not known which is which.
TEST_F(KnownUrlsTest, AreNotThoseThatOnlyASecretTellsApart) {
  const std::string one = "http://h/?key=***,200,a/1,\"\"\"e1\"\"\"\n";
  const std::string other = "http://h/?key=***,200,a/2,\"\"\"e1\"\"\"\n";
  open("url,status,path,etag\n" + one + one);
  EXPECT_EQ(known("http://h/?key=x"), "e1|");
  open("url,status,path,etag\n" + one + other + one);
  EXPECT_EQ(known("http://h/?key=x"), "-");
  // A date may well be that of both.
  open(
      "url,status,etag,last_modified\n"
      "http://h/?key=***,200,\"W/\"\"e\"\"\",\"Mon, 02 Jan 2023 03:04:05 GMT\"\n");
  EXPECT_EQ(known("http://h/?key=x"), "-");
}

TEST_F(KnownUrlsTest, HaveOnlyValidatorsThatMayBeSent) {
  const std::string date = "Mon, 02 Jan 2023 03:04:05 GMT";
  std::string text = "url,status,etag,last_modified\n";
  const std::vector<std::string> bad{"\"\"a\r\nX-Evil: 1\"\"",
                                     "\"\"a\rb\"\"",
                                     "\"\"a\nb\"\"",
                                     std::string("\"\"a\0\"\"", 6),
                                     "\"\"a\x7f\"\"",
                                     "a",
                                     "\"\"",
                                     "\"\"a\"\"b\"\"",
                                     "w/\"\"a\"\"",
                                     "\"\"a b\"\""};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    text += fmt::format("e{},200,\"{}\",\n", i, bad[i]);
    text += fmt::format("b{},200,\"{}\",\"{}\"\n", i, bad[i], date);
    text += fmt::format("d{},200,,\"{}\"\n", i, bad[i]);
  }
  text += "x1,200,,\"" + date + "\r\nX-Evil: 1\"\nx2,200,,\"Mon,\x01 02 Jan 2023 03:04:05 GMT\"\n";
  open(text);
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(known(fmt::format("e{}", i)), "-") << bad[i];
    EXPECT_EQ(known(fmt::format("b{}", i)), "|" + date) << bad[i];
    EXPECT_EQ(known(fmt::format("d{}", i)), "-") << bad[i];
  }
  EXPECT_EQ(known("x1"), "-");
  EXPECT_EQ(known("x2"), "-");
}

TEST(Validators, AreWhatAReportCanHold) {
  EXPECT_FALSE(is_etag("\"\x80\""));
  EXPECT_FALSE(is_etag("\"\xff\xfe\""));
}

TEST(Validators, HaveTheFormsOfTheStandard) {
  for (const std::string_view good : {"\"\"", "\"abc\"", "W/\"abc\"", "\"!#\u00fc,;\""}) {
    EXPECT_TRUE(is_etag(good)) << good;
  }
  for (const std::string_view good :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Thu, 01 Jan 1970 00:00:00 GMT",
        "Sat, 31 Dec 2033 23:59:59 GMT"}) {
    EXPECT_TRUE(is_http_date(good)) << good;
  }
  for (const std::string_view bad :
       {"", "yesterday", "Sun", "2023-01-02 03:04:05", "1700000000", "Sun, 06 Nov 1994",
        "Sun, 99 Nov 1994 99:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nux 1994 08:49:37 GMT", "Sux, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov x994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GM\x01"}) {
    EXPECT_FALSE(is_http_date(bad)) << bad;
  }
}

TEST_F(KnownUrlsTest, AreThoseOfAnArchive) {
  const std::string file = dir_ / "a.sqlar";
  {
    const auto archive = BodyArchive::open(file);
    for (const auto& [url, etag] :
         {std::pair{"http://h/1?token=x", "\"e1\""}, std::pair{"http://h/2", ""}}) {
      const Request request = request_for(url);
      auto body = *(*archive)->begin(request, {.url = url, .etag = etag}, 0);
      EXPECT_TRUE(body->finish());
    }
    conditions_ = *open_conditions(file);
    EXPECT_EQ(known("http://h/1?token=x"), "e1|") << "while it is written";
  }
  conditions_ = *open_conditions(file);
  EXPECT_EQ(known("http://h/1?token=y"), "e1|");
  EXPECT_EQ(known("http://h/2"), "-");
  EXPECT_EQ(known("http://h/1"), "-");
}

TEST_F(KnownUrlsTest, SayWhyAFileIsNone) {
  const auto error = [](const std::string& file) { return open_conditions(file).error().message; };
  EXPECT_EQ(error(dir_ / "no"),
            "cannot read '" + (dir_ / "no") +
                "': No such file or directory; name an earlier report or archive");
  EXPECT_EQ(error(dir_.path()),
            "cannot read '" + dir_.path() + "': Is a directory; name an earlier report or archive");
  const std::string text = dir_.file("text", "a,b\n1,2\n");
  EXPECT_EQ(error(text), "'" + text +
                             "' has no column 'url': it is no report of distaff fetch, and no "
                             "archive; its first line is 'a,b'");
  SqliteDatabase database;
  database.open_for_writing(dir_ / "other");
  database.run("CREATE TABLE t(a)");
  EXPECT_NE(error(dir_ / "other").find("knows no URLs"), std::string::npos);
  open("");
  EXPECT_EQ(known("u"), "-");
}

TEST_F(KnownUrlsTest, NeedNoLineEnd) {
  open("url,etag\nu,\"\"\"e\"\"\"");
  EXPECT_EQ(known("u"), "e|");
  open("url,etag");
  EXPECT_EQ(known("u"), "-");
}

TEST_F(KnownUrlsTest, AreFoundWhereverRowsLie) {
  std::string text = "url,status,etag,note\n";
  for (int i = 0; i < 20'000; ++i) {
    text += fmt::format("http://h/{},200,\"\"\"e{}\"\"\",\"{}\"\n", i, i,
                        std::string(i % 997, i % 2 == 0 ? '\n' : 'x'));
  }
  text += "http://h/long,200,\"\"\"long\"\"\",\"" + std::string(1 << 20, '\n') + "\"\n";
  text += "http://h/open,200,e,\"never closed";
  open(text);
  for (int i = 0; i < 20'000; i += 7)
    EXPECT_EQ(known(fmt::format("http://h/{}", i)), fmt::format("e{}|", i));
  EXPECT_EQ(known("http://h/long"), "long|");
  EXPECT_EQ(known("http://h/open"), "-");
}

TEST(CsvField, IsTakenOffARow) {
  using Fields = std::vector<std::string>;
  const auto fields = [](std::string_view row, char separator) {
    Fields taken;
    std::string plain;
    while (!row.empty()) taken.emplace_back(take_csv_field(row, separator, plain));
    return taken;
  };
  EXPECT_EQ(fields("", ','), (Fields{}));
  EXPECT_EQ(fields("a,,b", ','), (Fields{"a", "", "b"}));
  EXPECT_EQ(fields("\"a,\"\"b\",\"\",c\"d,", ','), (Fields{"a,\"b", "", "c\"d"}));
  EXPECT_EQ(fields("a\tb,c", '\t'), (Fields{"a", "b,c"}));
  EXPECT_EQ(fields("\"open", ','), (Fields{"open"}));
  EXPECT_EQ(fields("\"a\"b,c", ','), (Fields{"ab", "c"}));
  EXPECT_EQ(fields("\"\"\"\"", ','), (Fields{"\""}));
}

}  // namespace
}  // namespace distaff::known_urls_test

#include "base/secrets.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace distaff::secrets_test {
namespace {

TEST(MaskUrl, LeavesWhatIsNoSecret) {
  for (const std::string url : {
           "",
           "?",
           "@",
           "https://example.org/a?b=c&d=e#f",
           "https://user@example.org/",
           "https://example.org/@user:name",
           "https://example.org/a?mail=a:b@c",
           "https://example.org/?keyword=x&monkey=y&token",
           "https://example.org/?token=",
           "http://[::1]:80/?x=@",
       }) {
    EXPECT_EQ(mask_url(url), url);
  }
}

TEST(MaskUrl, HidesPasswords) {
  EXPECT_EQ(mask_url("https://joe:pw@example.org/a"), "https://joe:***@example.org/a");
  EXPECT_EQ(mask_url("ftp://joe:p@w@example.org"), "ftp://joe:***@example.org");
  EXPECT_EQ(mask_url("https://:pw@h?q"), "https://:***@h?q");
  EXPECT_EQ(mask_url("http:/joe:pw@h/"), "http:/joe:***@h/");
  EXPECT_EQ(mask_url("http:///joe:pw@h/"), "http:///joe:***@h/");
  EXPECT_EQ(mask_url("//joe:pw@h/x"), "//joe:***@h/x");
  EXPECT_EQ(mask_url("joe:pw@h/x"), "joe:***@h/x");
  // Nobody encoded them.
  EXPECT_EQ(mask_url("http://joe:p/w@h/x"), "http://joe:***@h/x");
  EXPECT_EQ(mask_url("http://joe:p#w@h/x?token=1"), "http://joe:***@h/x?token=***");
}

TEST(MaskUrl, HidesValuesOfParametersThatAreSecret) {
  EXPECT_EQ(mask_url("https://h/?a=1&token=x&b=2"), "https://h/?a=1&token=***&b=2");
  EXPECT_EQ(mask_url("https://h/?API_Key=x;Access-Token=y"),
            "https://h/?API_Key=***;Access-Token=***");
  EXPECT_EQ(mask_url("https://h/?X-Amz-Signature=ab=cd#here"),
            "https://h/?X-Amz-Signature=***#here");
  EXPECT_EQ(mask_url("https://h/#access_token=x"), "https://h/#access_token=***");
  EXPECT_EQ(mask_url("https://h/?user[password]=x&newPassword=y"),
            "https://h/?user[password]=***&newPassword=***");
  EXPECT_EQ(mask_url("https://h/?to=https%3A%2F%2Fo%2F%3fa%3D1%26token%3Dx%26b%3D2&c=3"),
            "https://h/?to=https%3A%2F%2Fo%2F%3fa%3D1%26token%3D***&c=3");
  EXPECT_EQ(mask_url("https://h/?to=/x%3Fapi_key=y&c=3"), "https://h/?to=/x%3Fapi_key=***&c=3");
  EXPECT_EQ(mask_url("https://h/?to%6ben=x&token[]=y&token%20=z&key[1][]=v&a[]=1"),
            "https://h/?to%6ben=***&token[]=***&token%20=***&key[1][]=v&a[]=1");
  EXPECT_EQ(mask_url("https://h/a;token=x?b=1"), "https://h/a;token=***?b=1");
  EXPECT_EQ(mask_url("https://h/a;jsessionid=x/b;v=1"), "https://h/a;jsessionid=***;v=1");
  EXPECT_EQ(mask_url("https://h/?token=a%26b&c=3"), "https://h/?token=***&c=3");
  EXPECT_EQ(mask_url("https://j:pw@h/?sig=1?key=2"), "https://j:***@h/?sig=***?key=***");
}

TEST(MaskUrl, HidesThePasswordOfWhatIsNoUrl) {
  for (const std::string url :
       {"joe:s3cret@h/x", "//joe:s3cret@h/x", "http:/joe:s3cret@h/x", "https//joe:s3cret@h/",
        "http;//joe:s3cret@h/", "\"http://joe:s3cret@h/\"", "<http://joe:s3cret@h/>",
        "# http://joe:s3cret@h/", "--proxy=http://joe:s3cret@h:1", "--proxy=joe:s3cret@h:1"}) {
    EXPECT_EQ(mask_url(url).find("s3cret"), url.npos) << mask_url(url);
    EXPECT_EQ(mask_text(url).find("s3cret"), url.npos) << mask_text(url);
    EXPECT_NE(mask_url(url).find("joe:***@h"), url.npos) << mask_url(url);
  }
  EXPECT_EQ(mask_url("joe@example.org"), "joe@example.org");
  EXPECT_EQ(mask_url("http://h/a:b@c"), "http://h/a:b@c");
}

TEST(MaskText, TakesTimeThatGrowsWithTheText) {
  for (const std::string piece : {"@", ":@", "a:b@", "@x ", "key=@:", "\"key\":{\"", "://:@"}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    EXPECT_LE(mask_text(text).size(), 3 * text.size());
    EXPECT_LE(mask_url(text).size(), 3 * text.size());
  }
}

TEST(MaskUrl, ChangesNothingASecondTime) {
  std::mt19937 random(26);
  const std::string_view pieces[] = {"http",  ":", "/", "//", "@", "?",   "#",   "&",  "key=",
                                     "token", "=", "x", "*",  ";", "%3F", "%26", "%3d"};
  for (int i = 0; i < 50000; ++i) {
    std::string url;
    for (auto n = random() % 12; n > 0; --n) url += pieces[random() % std::size(pieces)];
    const std::string once = mask_url(url);
    EXPECT_EQ(mask_url(once), once) << url;
  }
}

TEST(MaskHeader, HidesWhatGivesAccess) {
  EXPECT_TRUE(is_secret_header("authorization"));
  EXPECT_TRUE(is_secret_header("X-API-Key"));
  EXPECT_FALSE(is_secret_header("Accept"));
  EXPECT_EQ(mask_header("Authorization: Bearer abc"), "Authorization: ***");
  EXPECT_EQ(mask_header("cookie:a=b; c=d"), "cookie:***");
  EXPECT_EQ(mask_header("Cookie :"), "Cookie :");
  EXPECT_EQ(mask_header("Accept: text/html"), "Accept: text/html");
  EXPECT_EQ(mask_header("Location: https://a:b@h/?sig=x"), "Location: https://a:***@h/?sig=***");
  EXPECT_EQ(mask_header("X-Empty;"), "X-Empty;");
}

TEST(MaskHeader, KnowsMoreNamesByTheirEnds) {
  for (const std::string name : {"X-Gitlab-Token", "x-functions-key", "My-Api-Key", "X-Secret"}) {
    EXPECT_TRUE(is_secret_header(name)) << name;
  }
  for (const std::string name : {"Idempotency-Key", "Author", "Tokens", "Keep-Alive"}) {
    EXPECT_FALSE(is_secret_header(name)) << name;
  }
}

TEST(MaskText, HidesWhatIsSentWithARequest) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"user=joe&password=pw&x=1", "user=joe&password=***&x=1"},
      {"password=a b;c\"d,e'f&x=1", "password=***&x=1"},
      {"user[password]=pw", "user[password]=***"},
      {"user%5Bnew_password%5D=pw&clientSecret=x", "user%5Bnew_password%5D=***&clientSecret=***"},
      {"password=", "password="},
      {R"({"user":"joe","password":"p\"w","n":1})", R"({"user":"joe","password":"***","n":1})"},
      {R"({"apiKey" : 12, "x": 3})", R"({"apiKey" : ***, "x": 3})"},
      {R"({"auth":{"login":"joe","pass":"pw"}})", R"({"auth":***})"},
      {R"({"password":["a]","b"],"n":1})", R"({"password":***,"n":1})"},
      {"pass%77ord=x&y=1", "pass%77ord=***&y=1"},
      {R"([{"token":null},{"token":"a,b}"}])", R"([{"token":***},{"token":"***"}])"},
      {R"({"body":"{\"pwd\":\"a\\\"b\",\"n\":1}"})", R"({"body":"{\"pwd\":\"***\",\"n\":1}"})"},
      {R"({"password":"{pw}"})", R"({"password":"***"})"},
      {R"({"password":"open)", R"({"password":"***)"},
      {"<a><password type=\"x\">pw</password> <b key='k'>c</b></a>",
       "<a><password type=\"x\">***</password> <b key='***'>c</b></a>"},
      {"<w:Password>pw</w:Password>\n<x/>", "<w:Password>***</w:Password>\n<x/>"},
      {"user: joe\npassword: p w, x\nlast: y", "user: joe\npassword: ***\nlast: y"},
      {"Authorization: Bearer abc\r\nAccept: */*", "Authorization: ***\r\nAccept: */*"},
      {"see https://joe:p@w@h/?q=1&sig=2&r=3", "see https://joe:***@h/?q=1&sig=***&r=3"},
      {"7\thttps://h/?token=x\ty", "7\thttps://h/?token=***"},
      {"monkey=1&keyword=2&tokens=3", "monkey=1&keyword=2&tokens=3"},
      {"token", "token"},
      {"", ""},
  };
  for (const auto& [text, masked] : cases) EXPECT_EQ(mask_text(text), masked) << text;
}

TEST(MaskText, ChangesNothingASecondTimeAndShowsNoSecret) {
  std::mt19937 random(26);
  const std::string_view pieces[] = {"http", "://", ":", "/",  "@", "?",   "\"",
                                     "\\",   "{",   "<", ">",  "&", "key", "password",
                                     "=",    "x",   " ", "\n", ",", "}",   "'"};
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (auto n = random() % 14; n > 0; --n) text += pieces[random() % std::size(pieces)];
    const std::string once = mask_text(text);
    EXPECT_EQ(mask_text(once), once) << text;
    EXPECT_EQ(mask_text(text + "\n&password=s3cret").find("s3cret"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace distaff::secrets_test

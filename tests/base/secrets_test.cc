#include "base/secrets.h"

#include <gtest/gtest.h>

#include <random>

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
}

TEST(MaskUrl, HidesValuesOfParametersThatAreSecret) {
  EXPECT_EQ(mask_url("https://h/?a=1&token=x&b=2"), "https://h/?a=1&token=***&b=2");
  EXPECT_EQ(mask_url("https://h/?API_Key=x;Access-Token=y"),
            "https://h/?API_Key=***;Access-Token=***");
  EXPECT_EQ(mask_url("https://h/?X-Amz-Signature=ab=cd#here"),
            "https://h/?X-Amz-Signature=***#here");
  EXPECT_EQ(mask_url("https://h/#access_token=x"), "https://h/#access_token=***");
  EXPECT_EQ(mask_url("https://j:pw@h/?sig=1?key=2"), "https://j:***@h/?sig=***?key=***");
}

TEST(MaskUrl, ChangesNothingASecondTime) {
  std::mt19937 random(26);
  const std::string_view pieces[] = {"http", ":",    "/",     "//", "@", "?", "#",
                                     "&",    "key=", "token", "=",  "x", "*", ";"};
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

}  // namespace
}  // namespace distaff::secrets_test

#include "fetch/transfer_url.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <memory>

#include "compose/url.h"

namespace distaff::transfer_url_test {
namespace {

const std::vector<std::string> kProtocols{"http", "https"};

struct Cleanup {
  void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
  void operator()(char* text) const { curl_free(text); }
};

std::string part(CURLU* handle, CURLUPart what) {
  char* text = nullptr;
  if (curl_url_get(handle, what, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  const std::unique_ptr<char, Cleanup> owned(text);
  return text;
}

TEST(TransferUrl, IsReadAsLibcurlReadsIt) {
  const std::vector<std::string> urls{"http://a.example/",
                                      "https://a.example/x/y?z=1&w=%20",
                                      "http://127.0.0.1:8080/p",
                                      "https://a-b.c1/x:y@z",
                                      "http://localhost:80/?q",
                                      "http://1.2.3/",
                                      "http://a../",
                                      "http://user:pw@h.example/",
                                      "http://user@h.example:8?x",
                                      "http://h.example:0080/#f?x",
                                      "http://h.example/a/../b",
                                      "http://h.example/a/%2e%2e/b",
                                      "http://h.example/?/../x",
                                      "http://H.example",
                                      "http:///x",
                                      "http://h.example/a\\b",
                                      "http://[::1]/x",
                                      "https://[::1]:8/x",
                                      "http://h_x.example/y z",
                                      "http://b\u00fccher.example/"};
  for (const std::string& written : urls) {
    const std::string url = *normal_url(written);
    const auto read = TransferUrl::read(url, kProtocols);
    ASSERT_TRUE(read) << url;
    const std::unique_ptr<CURLU, Cleanup> handle(curl_url());
    ASSERT_EQ(curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0), CURLUE_OK) << url;
    const std::string host = part(handle.get(), CURLUPART_HOST);
    const std::string query = part(handle.get(), CURLUPART_QUERY);
    EXPECT_EQ(read->host, host);
    EXPECT_EQ(read->origin, part(handle.get(), CURLUPART_SCHEME) + "://" + host + ":" +
                                part(handle.get(), CURLUPART_PORT));
    EXPECT_EQ(read->path_and_query,
              part(handle.get(), CURLUPART_PATH) + (query.empty() ? "" : "?" + query));
    EXPECT_TRUE(read->path_at == 0 || url.substr(read->path_at) == read->path_and_query) << url;
    EXPECT_TRUE(read->is_http);
  }
}

TEST(TransferUrl, OfAnotherSchemeThanWasAskedForIsRefused) {
  EXPECT_FALSE(TransferUrl::read("http://h.example/", {"https"}));
  EXPECT_TRUE(TransferUrl::read("https://h.example/", {"https"}));
  EXPECT_EQ(TransferUrl::read("file:///etc/passwd", kProtocols).error().message,
            "has the scheme file, and only http, https may be asked (--protocols)");
}

TEST(TransferUrl, OfARedirectOnTheSameServerKeepsNameAndPassword) {
  const std::string base = "http://joe:pw@h:81/a";
  const auto to = [&](const std::string& location) { return *redirect_url(base, location); };
  EXPECT_EQ(to("/b"), "http://joe:pw@h:81/b");
  EXPECT_EQ(to("http://H:81/b@c"), "http://joe:pw@h:81/b@c");
  EXPECT_EQ(to("http://ann@h:81/b"), "http://ann@h:81/b");
  for (const std::string other :
       {"http://h/b", "https://h:81/b", "http://h2:81/b", "http://h:81.evil/", "http://xh:81/"}) {
    const std::string url = redirect_url(base, other).value_or("");
    EXPECT_EQ(url.find("joe"), url.npos) << url;
  }
}

TEST(TransferUrl, OfARedirectSaysWhatIsWrongWithIt) {
  EXPECT_EQ(*redirect_url("http://h/a/b", "c d"), "http://h/a/c%20d");
  EXPECT_EQ(*redirect_url("http://h/a/b", "https://H:443/c d"), "https://h/c%20d");
  const auto why = [](const std::string& location) {
    return redirect_url("http://h/a/b", location).error().message;
  };
  EXPECT_EQ(why("http://a b/"),
            "redirect to 'http://a b/', which names no host that could be asked: it holds a blank");
  EXPECT_EQ(why("//:80/"), "redirect to '//:80/', which names no host that could be asked");
  EXPECT_EQ(why("mailto:joe@h"),
            "redirect to 'mailto:***@h', which is no URL: it has no scheme, such as https://");
  EXPECT_EQ(why("/a\tb"), "redirect to '/a\\tb', which is no URL: it holds the byte 0x09");
}

}  // namespace
}  // namespace distaff::transfer_url_test

#include "fetch/transfer_url.h"

#include <gtest/gtest.h>

namespace distaff::transfer_url_test {
namespace {

const std::vector<std::string> kProtocols{"http", "https"};

// A fragment makes a URL take the long way, and is in no part of it.
TEST(TransferUrl, ReadsPlainUrlsAsLibcurlDoes) {
  const std::vector<std::string> urls{"http://a.example/",
                                      "https://a.example/x/y?z=1&w=%20",
                                      "http://127.0.0.1:8080/p",
                                      "https://a-b.c1/x:y@z",
                                      "http://localhost:80/?q",
                                      "http://1.2.3/",
                                      "http://0x7f.1/",
                                      "http://127.1/",
                                      "http://a.1/",
                                      "http://a../",
                                      "http://user:pw@h.example/",
                                      "http://h.example:0080/",
                                      "http://h.example:65536/",
                                      "http://h.example:/",
                                      "http://h.example/a/../b",
                                      "http://h.example/a/%2e%2e/b",
                                      "http://h.example/a?",
                                      "http://h.example/?/../x",
                                      "http://H.example/",
                                      "http:///x",
                                      "http://h.example/a\\b",
                                      "http://[::1]/x",
                                      "http://h_x.example/y"};
  for (const std::string& url : urls) {
    const auto plain = TransferUrl::read(url, kProtocols);
    const auto full = TransferUrl::read(url + "#f", kProtocols);
    ASSERT_EQ(plain.has_value(), full.has_value()) << url;
    if (!plain) continue;
    EXPECT_EQ(plain->origin, full->origin) << url;
    EXPECT_EQ(plain->host, full->host) << url;
    EXPECT_EQ(plain->path_and_query, full->path_and_query) << url;
    EXPECT_EQ(plain->is_http, full->is_http) << url;
  }
}

TEST(TransferUrl, OfAnotherSchemeThanWasAskedForIsRefused) {
  EXPECT_FALSE(TransferUrl::read("http://h.example/", {"https"}));
  EXPECT_TRUE(TransferUrl::read("https://h.example/", {"https"}));
}

}  // namespace
}  // namespace distaff::transfer_url_test

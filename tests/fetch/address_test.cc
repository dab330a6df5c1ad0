#include "fetch/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace distaff::address_test {
namespace {

bool is_public_text(const char* text) {
  sockaddr_in ip4{};
  ip4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &ip4.sin_addr) == 1) {
    return is_public(reinterpret_cast<const sockaddr&>(ip4));
  }
  sockaddr_in6 ip6{};
  ip6.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, text, &ip6.sin6_addr), 1) << text;
  return is_public(reinterpret_cast<const sockaddr&>(ip6));
}

TEST(Address, WhatIsPublic) {
  for (const char* text : {"1.1.1.1",          "8.8.8.8",         "9.255.255.255",
                           "11.0.0.0",         "100.63.255.255",  "100.128.0.0",
                           "126.255.255.255",  "128.0.0.0",       "169.253.255.255",
                           "172.15.255.255",   "172.32.0.0",      "192.0.1.0",
                           "192.167.255.255",  "192.169.0.0",     "198.17.255.255",
                           "198.20.0.0",       "223.255.255.255", "2001:4860:4860::8888",
                           "2a00::1",          "2600::",          "::ffff:8.8.8.8",
                           "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:200::"}) {
    EXPECT_TRUE(is_public_text(text)) << text;
  }
}

TEST(Address, WhatIsNot) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.1.2.3",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::ffff:127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "2001::1",
                           "2001:1ff::",
                           "2001:db8::1",
                           "2002:a00:1::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "3fff:fff::1",
                           "5f00::1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "4000::1"}) {
    EXPECT_FALSE(is_public_text(text)) << text;
  }
}

TEST(Address, OfAnotherFamilyIsNot) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(is_public(reinterpret_cast<const sockaddr&>(local)));
  EXPECT_EQ(to_text(reinterpret_cast<const sockaddr&>(local)), "");
}

}  // namespace
}  // namespace distaff::address_test

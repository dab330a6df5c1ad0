#include "fetch/retry_after.h"

#include <gtest/gtest.h>

#include <chrono>

namespace distaff {
namespace {

using namespace std::chrono_literals;

constexpr std::time_t kNow = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, IsANumberOfSecondsHoweverLarge) {
  EXPECT_EQ(read_retry_after("1", kNow), 1s);
  EXPECT_EQ(read_retry_after("0120", kNow), 120s);
  for (const char* large : {"1000000000", "9223372036854775807", "9223372036854775808",
                            "18446744073709551616", "99999999999999999999999999999999999"}) {
    EXPECT_EQ(read_retry_after(large, kNow), 1'000'000'000s) << large;
  }
}

TEST(RetryAfter, IsADateInAllFormsOfHttp) {
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow), 60s);
  EXPECT_EQ(read_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", kNow), 60s);
  EXPECT_EQ(read_retry_after("Sun Nov  6 08:50:37 1994", kNow), 60s);
  EXPECT_EQ(read_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow), 1'000'000'000s);
}

TEST(RetryAfter, NothingElseAsksForAWait) {
  for (const char* odd : {"",
                          "0",
                          "00",
                          "-1",
                          "-9223372036854775808",
                          "+5",
                          "1.5",
                          "1e3",
                          "120abc",
                          "120 s",
                          "1 20",
                          "120, 60",
                          "0x10",
                          "2026-11-30T10:00:00Z",
                          "2026-11-30",
                          "20261130T100000Z",
                          "soon",
                          "Sun",
                          "Sunday",
                          "Sun, 99 Nov 1994 08:50:37 GMT",
                          "06 Nov 1995 08:50:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:00:00 GMT"}) {
    EXPECT_FALSE(read_retry_after(odd, kNow)) << odd;
  }
}

}  // namespace
}  // namespace distaff

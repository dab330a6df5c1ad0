#include "fetch/robots_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace distaff::robots_cache_test {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration time) { return TimePoint{} + time; }
std::string origin(int number) { return "http://h" + std::to_string(number) + ":80"; }

TEST(RobotsCache, KnowsWhatItWasTold) {
  RobotsCache cache;
  EXPECT_EQ(cache.find(origin(1), at(0s)), nullptr);
  cache.put(origin(1),
            {Robots::disallow_all(), Outcome::broken(Outcome::Broken::refused, "HTTP 503")},
            at(10s));
  ASSERT_NE(cache.find(origin(1), at(9s)), nullptr);
  EXPECT_EQ(cache.find(origin(1), at(9s))->failure->reason, "HTTP 503");
  EXPECT_FALSE(cache.find(origin(1), at(9s))->robots.allows("/"));
  cache.put(origin(1), {Robots::allow_all(), {}}, at(20s));
  EXPECT_TRUE(cache.find(origin(1), at(11s))->robots.allows("/"));
  EXPECT_EQ(cache.entries(), 1u);
}

TEST(RobotsCache, ForgetsWhatIsTooOld) {
  RobotsCache cache;
  cache.put(origin(1), {}, at(10s));
  EXPECT_EQ(cache.find(origin(1), at(10s)), nullptr);
  EXPECT_EQ(cache.entries(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(RobotsCache, ForgetsWhatWasNotAskedForLongest) {
  RobotsCache cache({.entries = 3});
  for (const int i : {1, 2, 3}) cache.put(origin(i), {}, at(1h));
  cache.find(origin(1), at(1s));
  cache.put(origin(4), {}, at(1h));
  EXPECT_EQ(cache.entries(), 3u);
  EXPECT_NE(cache.find(origin(1), at(1s)), nullptr);
  EXPECT_EQ(cache.find(origin(2), at(1s)), nullptr);
}

TEST(RobotsCache, IsBoundedInBytes) {
  RobotsCache cache({.bytes = 100'000});
  std::string text = "User-agent: *\n";
  for (int i = 0; i < 100; ++i) text += "Disallow: /a/long/path/" + std::to_string(i) + "\n";
  const Robots large = Robots::parse(text, "distaff");
  for (int i = 0; i < 1000; ++i) {
    cache.put(origin(i), {large, {}}, at(1h));
    EXPECT_LE(cache.bytes(), 100'000u);
  }
  EXPECT_LT(cache.entries(), 100u);
  EXPECT_NE(cache.find(origin(999), at(1s)), nullptr);
  // One that is larger than everything is known until the next.
  RobotsCache tiny({.bytes = 10});
  tiny.put(origin(1), {large, {}}, at(1h));
  EXPECT_NE(tiny.find(origin(1), at(1s)), nullptr);
  tiny.put(origin(2), {large, {}}, at(1h));
  EXPECT_EQ(tiny.entries(), 1u);
}

}  // namespace
}  // namespace distaff::robots_cache_test

#include "base/compact_map.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace distaff::compact_map_test {
namespace {

TEST(CompactMap, KeepsTheFirstValueOfAKey) {
  CompactMap map;
  EXPECT_EQ(map.find(7), nullptr);
  EXPECT_TRUE(map.insert(7, 1));
  EXPECT_FALSE(map.insert(7, 2));
  EXPECT_EQ(*map.find(7), 1U);
  EXPECT_TRUE(map.insert(0, 3));
  EXPECT_EQ(*map.find(0), 3U);
  *map.find(7) = 5;
  EXPECT_EQ(*map.find(7), 5U);
  EXPECT_EQ(map.size(), 2U);
}

TEST(CompactMap, IsAMapInLittleMemory) {
  std::mt19937_64 random(26);
  CompactMap map;
  std::unordered_map<std::uint64_t, std::uint64_t> model;
  for (std::uint64_t i = 0; i < 500'000; ++i) {
    const std::uint64_t key = random();
    EXPECT_EQ(map.insert(key, i), model.emplace(key, i).second);
  }
  EXPECT_EQ(map.size(), model.size());
  for (const auto& [key, value] : model) ASSERT_EQ(*map.find(key), value);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t key = random();
    ASSERT_EQ(map.find(key) != nullptr, model.contains(key));
  }
  EXPECT_LT(map.memory(), map.size() * 22);
}

}  // namespace
}  // namespace distaff::compact_map_test

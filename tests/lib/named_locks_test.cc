#include "distaff/named_locks.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "distaff/imap.h"
#include "lib/probe.h"

namespace distaff::named_locks_test {
namespace {

TEST(NamedLocks, NL_01_AsManyAsAreHeld) {
  NamedLocks<std::string> locks;
  auto one = locks("one");
  auto two = locks("two");
  EXPECT_EQ(locks.size(), 2u);
  EXPECT_TRUE(one.try_lock());
  EXPECT_TRUE(two.try_lock());
  one.unlock();
  two.unlock();
  EXPECT_EQ(one.name(), "one");
}

TEST(NamedLocks, NL_02_OneNameOneLock) {
  NamedLocks<std::string> locks;
  auto first = locks("one");
  auto second = locks["one"];
  EXPECT_EQ(locks.size(), 1u);
  const std::lock_guard lock(first);
  std::thread([&] { EXPECT_FALSE(second.try_lock()); }).join();
}

TEST(NamedLocks, NL_03_NothingIsLeftOfNamesNobodyWants) {
  NamedLocks<std::string> locks;
  {
    auto first = locks("one");
    auto second = locks("one");
    auto moved = std::move(first);
    EXPECT_TRUE(locks.contains("one"));
    EXPECT_EQ(locks.names(), std::vector<std::string>{"one"});
  }
  EXPECT_EQ(locks.size(), 0u);
  EXPECT_FALSE(locks.contains("one"));
}

TEST(NamedLocks, NL_04_ItExcludes) {
  NamedLocks<int> locks;
  std::array<int, 5> counts{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        auto lock = locks(i % 5);
        const std::lock_guard guard(lock);
        ++counts[static_cast<std::size_t>(i % 5)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : counts) EXPECT_EQ(count, 8 * 1000);
  EXPECT_EQ(locks.size(), 0u);
}

TEST(NamedLocks, NL_05_JobsOfOneNameOneByOne) {
  NamedLocks<std::string> locks;
  Probe probe;
  const auto run = [&](const std::string& name) {
    auto lock = locks(name);
    const std::lock_guard guard(lock);
    probe.observe(name, 0, [&] {
      EXPECT_TRUE(probe.eventually_at_once(2));
      sleep_ms(200);
    });
  };
  for ([[maybe_unused]] auto unit :
       imap(std::vector<std::string>{"A", "B", "B"}, run, {.workers = 5})) {
  }
  EXPECT_EQ(probe.most_in("B"), 1);
  EXPECT_EQ(probe.most(), 2);
}

TEST(NamedLocks, AHandleMayOutliveThem) {
  std::optional<NamedLocks<int>> locks(std::in_place);
  auto handle = (*locks)(1);
  locks.reset();
  const std::lock_guard guard(handle);
}

TEST(NamedLocks, OtherKindsOfLocks) {
  NamedLocks<int, std::shared_mutex> locks;
  auto handle = locks(1);
  EXPECT_TRUE(handle.try_lock());
  handle.unlock();
}

}  // namespace
}  // namespace distaff::named_locks_test

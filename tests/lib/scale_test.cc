// Many items, many groups.  What it costs is measured by tests/bench/library_bench.cc; here are the
// bounds that hold on any machine if nothing is quadratic.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>

#include "distaff/imap.h"
#include "lib/probe.h"

namespace distaff::scale_test {
namespace {

using namespace std::chrono_literals;

const auto kOne = by([](int) { return 0; });

auto numbers(int count) {
  return [i = 0, count]() mutable { return i < count ? std::optional(i++) : std::nullopt; };
}

template <class R>
int count_all(Results<R> results) {
  int count = 0;
  for ([[maybe_unused]] R& result : results) ++count;
  return count;
}

// Reads `count` items of one busy group into the buffer; gives the seconds and MiB that it takes.
std::pair<double, double> fill(int count) {
  std::latch let_go(1);
  double seconds = 0;
  double mib = 0;
  const double before = resident_mib();
  const auto start = Clock::now();
  auto source = [&, i = 0]() mutable -> std::optional<int> {
    if (i < count) return i++;
    seconds = seconds_since(start);
    mib = resident_mib() - before;
    let_go.count_down();
    return std::nullopt;
  };
  const auto run = [&](int) { let_go.wait(); };
  EXPECT_EQ(count_all(imap_unordered(source, run, kOne, {.workers = 2, .buffer_size = count})),
            count);
  return {seconds, mib};
}

TEST(Scale, PF_01_And_PF_04_ABufferOfABusyGroup) {
  const auto [seconds, mib] = fill(100000);
  EXPECT_WITHIN(seconds, 1);
  EXPECT_WITHIN(mib, 30);
}

TEST(Scale, PF_02_OneGroupIsNotMuchSlowerThanNone) {
  const auto rate = [](auto groups) {
    const auto start = Clock::now();
    EXPECT_EQ(count_all(imap_unordered(numbers(100000), same, groups, {.workers = 4})), 100000);
    return 100000 / seconds_since(start);
  };
  // The best of some, as other programs may be at work.
  double best = 0;
  for (int i = 0; i < 5 && best < 0.5; ++i) {
    const double none = rate(NoGroups{});
    best = std::max(best, rate(kOne) / none);
  }
  EXPECT_WITHIN(0.5, best);
}

TEST(Scale, PF_03_AMillion) {
  const int count = test::kSanitized ? 20000 : 1000000;
  const auto start = Clock::now();
  EXPECT_EQ(count_all(imap_unordered(numbers(count), same, {.workers = 4})), count);
  EXPECT_WITHIN(seconds_since(start), 10);
}

TEST(Scale, PF_05_ManyGroupsThatRest) {
  const int groups = test::kSanitized ? 2000 : 100000;
  const auto start = Clock::now();
  const auto key = by([all = groups](int i) { return i % all; }).throttle(1s);
  const ImapOptions options{.workers = 4, .buffer_size = 2 * groups};
  EXPECT_EQ(count_all(imap_unordered(numbers(2 * groups), same, key, options)), 2 * groups);
  EXPECT_GE(seconds_since(start), 1);
  EXPECT_WITHIN(seconds_since(start), 5);
}

}  // namespace
}  // namespace distaff::scale_test

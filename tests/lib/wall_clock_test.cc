// The wall clock may be set while a run rests; that must change nothing.  It is set for this
// program alone: what asks for it, the standard library too, asks us.  (Sanitizers have that place
// themselves.)

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "distaff/imap.h"
#include "lib/probe.h"

#if !DISTAFF_TEST_SANITIZED

static std::atomic<long> seconds_back{0};

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec -= seconds_back;
  return static_cast<int>(result);
}

namespace distaff::wall_clock_test {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, TH_17_SettingTheWallClockChangesNothing) {
  const auto before = std::chrono::system_clock::now();
  Probe probe;
  const auto run = [&](int i) {
    probe.observe("A", i, [] {});
    seconds_back = i % 2 == 0 ? 3600 : -3600;
    return i;
  };
  const auto start = Clock::now();
  const auto key = by([](int) { return 0; }).throttle(100ms);
  int count = 0;
  for ([[maybe_unused]] int r : imap(std::vector{0, 1, 2, 3, 4}, run, key, {.workers = 2})) ++count;
  EXPECT_LT(std::chrono::system_clock::now(), before - 30min) << "it was not set";
  seconds_back = 0;
  EXPECT_EQ(count, 5);
  for (const double gap : probe.gaps("A")) EXPECT_GE(gap, 0.1);
  EXPECT_WITHIN(seconds_since(start), 0.9);
}

}  // namespace
}  // namespace distaff::wall_clock_test

#endif

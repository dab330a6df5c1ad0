#include "os/wall_clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/read_file.h"

namespace distaff::wall_clock_test {
namespace {

class WallClock : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const zone = getenv("TZ");
    if (zone != nullptr) before_ = zone;
    set("CET-1CEST,M3.5.0,M10.5.0/3");
  }
  void TearDown() override { before_.empty() ? clear() : set(before_.c_str()); }

  static void set(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  static void clear() {
    unsetenv("TZ");
    tzset();
  }
  static time_t at(const char* text, time_t now = 0) {
    return instant_of(*parse_civil_time(text), now);
  }

 private:
  std::string before_;
};

TEST_F(WallClock, ATimeOfDayIsTheNextOne) {
  const time_t noon = at("2026-11-27T12:00");
  EXPECT_EQ(at("12:30", noon) - noon, 30 * 60);
  EXPECT_EQ(at("11:30", noon) - noon, 23 * 3600 + 30 * 60);
  EXPECT_EQ(at("12:00", noon) - noon, 24 * 3600);
}

TEST_F(WallClock, ADayMayHave23Or25Hours) {
  const time_t spring = at("2026-03-28T12:00");
  EXPECT_EQ(at("12:00", spring) - spring, 23 * 3600);
  const time_t autumn = at("2026-10-24T12:00");
  EXPECT_EQ(at("12:00", autumn) - autumn, 25 * 3600);
}

TEST_F(WallClock, AnOffsetIsNotLocalTime) {
  EXPECT_EQ(at("1970-01-02T00:00Z"), 86400);
  EXPECT_EQ(at("2026-11-27T06:30"), at("2026-11-27T06:30+01:00"));
  EXPECT_EQ(at("2026-07-27T06:30"), at("2026-07-27T06:30+02:00"));
}

TEST_F(WallClock, AnAlarmRingsOnceWhenItsTimeHasCome) {
  EventLoop loop;
  int rings = 0;
  const WallAlarm alarm(loop, time(nullptr), [&] { ++rings; });
  loop.wait(std::nullopt);
  loop.wait(EventLoop::now());
  EXPECT_EQ(rings, 1);
}

// What the kernel has of the timers of the wall clock that are there.
std::string wall_timers() {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    const std::string text = read_file(entry.path());
    if (text.find("clockid: 0\n") != text.npos) all += text;
  }
  return all;
}

// The kernel moves such a timer when the clock is set, and looks at it when the machine has slept.
TEST_F(WallClock, AnAlarmIsSetToATimeOfTheWallAndNotToADistance) {
  if (read_file("/proc/self/fdinfo/0").empty()) GTEST_SKIP() << "there is no /proc";
  EventLoop loop;
  EXPECT_EQ(wall_timers(), "");
  const WallAlarm alarm(loop, time(nullptr) + 3600, [] {});
  const std::string timer = wall_timers();
  EXPECT_NE(timer.find("settime flags: 01\n"), timer.npos) << timer;
}

}  // namespace
}  // namespace distaff::wall_clock_test

#include "base/civil_time.h"

#include <gtest/gtest.h>

namespace distaff::civil_time_test {
namespace {

TEST(CivilTime, IsATimeOfAnyDayOrOfOne) {
  const CivilTime morning{.hour = 6, .minute = 30};
  EXPECT_EQ(parse_civil_time("06:30"), morning);
  EXPECT_EQ(parse_civil_time("06:30:15")->second, 15);
  const CivilTime dated{.date = CivilDate{2026, 11, 27}, .hour = 6, .minute = 30};
  EXPECT_EQ(parse_civil_time("2026-11-27T06:30"), dated);
  EXPECT_EQ(parse_civil_time("2026-11-27 06:30:00"), dated);
}

TEST(CivilTime, MayHaveAnOffset) {
  EXPECT_EQ(parse_civil_time("2026-11-27T06:30Z")->offset_minutes, 0);
  EXPECT_EQ(parse_civil_time("2026-11-27T06:30:00+01:30")->offset_minutes, 90);
  EXPECT_EQ(parse_civil_time("2026-11-27T06:30:00-0800")->offset_minutes, -480);
  EXPECT_EQ(parse_civil_time("2026-11-27T06:30+02")->offset_minutes, 120);
}

TEST(CivilTime, IsNothingElse) {
  for (const char* text : {"", "6:30", "06", "24:00", "06:60", "06:30:60", "06:30Z", "2026-11-27",
                           "2026-13-01T00:00", "2026-02-29T00:00", "2026-11-31T00:00",
                           "2026-11-27T06:30+", "2026-11-27T06:30 +01", "06:30x", "tomorrow"}) {
    EXPECT_FALSE(parse_civil_time(text)) << text;
  }
  EXPECT_TRUE(parse_civil_time("2028-02-29T00:00"));
}

}  // namespace
}  // namespace distaff::civil_time_test

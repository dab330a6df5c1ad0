#include "base/numbers.h"

#include <gtest/gtest.h>

namespace distaff::numbers_test {
namespace {

using namespace std::chrono_literals;

TEST(Numbers, CountsAreDecimalAndTheWholeTextMustFit) {
  EXPECT_EQ(parse_count("0"), 0u);
  EXPECT_EQ(parse_count("010"), 10u);
  EXPECT_EQ(parse_count("7", 7), 7u);
  for (const char* wrong : {"", "-1", "+1", "1.5", "0x10", " 1", "1 ", "ten", "1e3"}) {
    EXPECT_FALSE(parse_count(wrong)) << wrong;
  }
  EXPECT_EQ(parse_count("8", 7).error().message, "'8' is too large: at most 7");
  EXPECT_FALSE(parse_count("99999999999999999999"));
}

TEST(Numbers, DurationsTakeUnitsAndABareNumberIsSeconds) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("3"), 3s);
  EXPECT_EQ(parse_duration(".5"), 500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const char* wrong : {"", "s", "-4", "1 s", "1x", "1.2.3s", ".", "inf", "nan", "1e3"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_duration("10001d"));
  EXPECT_EQ(parse_duration("5", true).error().message, "'5' needs a unit, such as 5s or 5m");
}

TEST(Numbers, SizesArePowersOf1024) {
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("64k"), 65536u);
  EXPECT_EQ(parse_size("1.5M"), 1572864u);
  EXPECT_EQ(parse_size("1G"), 1u << 30);
  for (const char* wrong : {"", "k", "-1", "1kb", "1 k", "9999999T"}) {
    EXPECT_FALSE(parse_size(wrong)) << wrong;
  }
}

TEST(Numbers, SizesAreWrittenAsTheyAreRead) {
  for (const char* text : {"0", "100", "4k", "64M", "65M", "3G", "1T"}) {
    EXPECT_EQ(format_size(*parse_size(text)), text);
  }
  EXPECT_EQ(format_size(65537), "65537");
}

TEST(Numbers, DurationsForPeopleAreShort) {
  EXPECT_EQ(format_duration(42ms), "42ms");
  EXPECT_EQ(format_duration(400ms), "0.4s");
  EXPECT_EQ(format_duration(60s), "60s");
  EXPECT_EQ(format_duration(125s), "2m 5s");
  EXPECT_EQ(format_duration(12000s), "3h 20m");
  EXPECT_EQ(format_duration(200000s), "2d 7h");
}

}  // namespace
}  // namespace distaff::numbers_test

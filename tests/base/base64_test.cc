#include "base/base64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace distaff::base64_test {
namespace {

// RFC 4648, section 10.
TEST(Base64, WritesTheExamplesOfItsStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xef\xbe"), "/+++");
}

TEST(Base64, GivesTheSameHoweverTheBytesAreCut) {
  std::minstd_rand random(7);
  Base64 encoder;
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (std::size_t left = random() % 20; left > 0; --left) bytes += static_cast<char>(random());
    std::string text;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), random() % 5);
      encoder.feed(rest.substr(0, size), text);
      rest.remove_prefix(size);
    }
    encoder.finish(text);
    EXPECT_EQ(text, base64(bytes));
  }
}

}  // namespace
}  // namespace distaff::base64_test

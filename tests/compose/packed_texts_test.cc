#include "model/packed_texts.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace distaff::packed_texts_test {
namespace {

std::vector<std::string> all(const PackedTexts& texts) {
  std::vector<std::string> list;
  texts.each([&](std::string_view text) { list.emplace_back(text); });
  return list;
}

TEST(PackedTexts, GiveBackWhatWasAdded) {
  for (const std::string& ending : {std::string("\n"), std::string(1, '\0'), std::string("--\n")}) {
    PackedTexts texts(ending);
    EXPECT_EQ(all(texts), std::vector<std::string>{});
    EXPECT_EQ(texts.joined(), "");
    const std::vector<std::string> some = {
        "a", "", "two\nlines", std::string(127, 'x'), std::string(128, 'y'), "z"};
    std::string fed;
    for (const std::string& text : some) {
      texts.add(text);
      fed += text + ending;
    }
    EXPECT_EQ(all(texts), some);
    EXPECT_EQ(texts.count(), some.size());
    EXPECT_EQ(texts.joined(), fed);
    EXPECT_EQ(texts.bytes(), fed.size());
  }
}

TEST(PackedTexts, AreRightWhateverTheirLengths) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);
  PackedTexts texts("\n");
  std::vector<std::string> some;
  for (int i = 0; i < 3000; ++i) {
    const std::size_t most = i % 500 == 499 ? 3'000'000 : i % 50 == 49 ? 20'000 : 300;
    some.emplace_back(random() % most, static_cast<char>('a' + i % 26));
    texts.add(some.back());
  }
  std::string fed;
  for (const std::string& text : some) fed += text + '\n';
  EXPECT_TRUE(all(texts) == some);
  EXPECT_TRUE(texts.joined() == fed);
}

TEST(PackedTexts, TakeLittleMoreMemoryThanTheirBytes) {
  PackedTexts few("\n");
  for (const char* text : {"a", "b"}) few.add(text);
  EXPECT_LE(few.memory(), 300u);
  for (const std::size_t length : {0, 1, 10, 1000}) {
    PackedTexts texts("\n");
    const std::string text(length, 'x');
    while (texts.bytes() < 3'000'000) texts.add(text);
    EXPECT_LE(texts.memory(), (length < 10 ? 21 : 12) * texts.bytes() / 10 + (3 << 20)) << length;
  }
}

}  // namespace
}  // namespace distaff::packed_texts_test

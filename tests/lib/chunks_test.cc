#include "distaff/chunks.h"

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/single_pass.h"

namespace distaff::chunks_test {
namespace {

using Numbers = std::vector<int>;

std::vector<std::size_t> sizes_of(auto&& pieces) {
  std::vector<std::size_t> sizes;
  for (auto&& piece : pieces) sizes.push_back(piece.size());
  return sizes;
}

TEST(Chunks, MP_14_CutTheRangeInPieces) {
  EXPECT_EQ(sizes_of(chunks(Numbers{}, 5)), (std::vector<std::size_t>{}));
  EXPECT_EQ(sizes_of(chunks(Numbers{1, 2, 3}, 5)), (std::vector<std::size_t>{3}));
  EXPECT_EQ(sizes_of(chunks(Numbers{1, 2, 3}, 2)), (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(sizes_of(chunks(Numbers{1, 2, 3, 4}, 2)), (std::vector<std::size_t>{2, 2}));
  EXPECT_THROW(chunks(Numbers{}, 0), std::invalid_argument);
}

TEST(Chunks, ReadNothingAhead) {
  test::SinglePass source;
  auto pieces = chunks(source, 2);
  EXPECT_EQ(source.read, 0);
  EXPECT_EQ(pieces.next(), (Numbers{0, 1}));
  EXPECT_EQ(source.read, 1) << "the second, and not beyond";
  EXPECT_EQ(pieces.next(), (Numbers{2, 3}));
}

TEST(Chunks, MoveTheElementsOfATemporaryAndCopyThoseOfOthers) {
  std::vector<std::unique_ptr<int>> owned;
  owned.push_back(std::make_unique<int>(6));
  auto pieces = chunks(std::move(owned), 1);
  EXPECT_EQ(*pieces.next()->front(), 6);

  std::list<std::string> words = {"a", "b"};
  EXPECT_EQ(chunks(words, 2).next(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(words, (std::list<std::string>{"a", "b"}));
  std::vector<std::string> more = {"a long word that is not kept in place"};
  EXPECT_EQ(chunks(std::span(more), 2).next()->front(), more.front());
}

TEST(SplitMapTask, MP_13_GivesOneCallPerPiece) {
  Numbers numbers;
  for (int i = 0; i < 10; ++i) numbers.push_back(i);
  const auto square = [](int n) { return n * n; };
  for (const auto& [chunk_size, parts] : {std::pair(1, 10), std::pair(2, 5), std::pair(3, 4)}) {
    Numbers results;
    int count = 0;
    for (auto& part : split_map_task(square, numbers, {.chunk_size = chunk_size})) {
      ++count;
      for (const int result : part()) results.push_back(result);
    }
    EXPECT_EQ(count, parts);
    EXPECT_EQ(results, (Numbers{0, 1, 4, 9, 16, 25, 36, 49, 64, 81}));
  }
  EXPECT_THROW(split_map_task(square, numbers, {.chunk_size = -1}), std::invalid_argument);
}

TEST(SplitMapTask, MP_13_IsLazy) {
  test::SinglePass source;
  auto parts = split_map_task([](int n) { return 2 * n; }, source, {.chunk_size = 2});
  EXPECT_EQ((*parts.next())(), (Numbers{0, 2}));
  EXPECT_EQ(source.read, 1);
}

TEST(SplitMapTask, TakesTwoRangesOrOneOfTuples) {
  const Numbers a = {1, 2, 3};
  const Numbers b = {10, 20};
  auto zipped = split_map_task([](int x, int y) { return x + y; }, a, b, {.chunk_size = 5});
  EXPECT_EQ((*zipped.next())(), (Numbers{11, 22}));

  const std::vector<std::array<int, 2>> pairs = {{1, 2}, {3, 4}};
  auto starred = split_starmap_task([](int x, int y) { return x * y; }, pairs, {.chunk_size = 2});
  EXPECT_EQ((*starred.next())(), (Numbers{2, 12}));
}

}  // namespace
}  // namespace distaff::chunks_test

#include "distaff/imap.h"

#include <gtest/gtest.h>

#include <vector>

namespace distaff {
namespace {

TEST(Imap, First) {
  std::vector<int> items{1, 2, 3, 4, 5};
  std::vector<int> got;
  for (int& r : imap(items, [](int x) { return x * x; }, {.workers = 2})) got.push_back(r);
  EXPECT_EQ(got, (std::vector<int>{1, 4, 9, 16, 25}));
  got.clear();
  for (int& r :
       imap(items, [](int x) { return x * x; }, by([](int x) { return x % 2; }), {.workers = 2}))
    got.push_back(r);
  EXPECT_EQ(got, (std::vector<int>{1, 4, 9, 16, 25}));
}

}  // namespace
}  // namespace distaff

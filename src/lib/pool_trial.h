#pragma once

// What test() of the pools runs on a pool made like the one that is tested.

#include <numeric>
#include <utility>
#include <vector>

#include "distaff/errors.h"
#include "distaff/map.h"

namespace distaff::inline v0::detail {

// Throws what the pool's hooks throw, as its check() does.
template <class P>
void try_out(P& trial) {
  const auto demand = [](bool right) {
    if (!right) throw Error("a pool's trial gave a wrong result");
  };
  try {
    const std::vector<int> numbers = {1, 2, 3};
    const std::vector<std::pair<int, int>> pairs = {{1, 2}, {3, 4}, {5, 6}};
    demand(trial.submit([] { return 1; }).get() == 1);
    int sum = 0;
    for (const int n : trial.map([](int number) { return number + 1; }, numbers, {.chunk_size = 2}))
      sum += n;
    demand(sum == 9);
    for (const int n :
         trial.starmap([](int a, int b) { return a * b; }, pairs, {.chunk_size = 2})) {
      sum += n;
    }
    demand(sum == 9 + 44);
  } catch (const CancelledError&) {
    trial.check();
    throw;
  }
  trial.join();
  trial.check();
}

}  // namespace distaff::inline v0::detail

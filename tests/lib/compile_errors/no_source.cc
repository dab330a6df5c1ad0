// error: the source must be a range, a function that returns std::optional<Item>, or a distaff
// queue
#include <optional>

#include "distaff/imap.h"

int main() {
  const auto twice = [](int number) { return 2 * number; };
#ifdef RIGHT
  const auto next = []() -> std::optional<int> { return std::nullopt; };
#else
  const auto next = [] { return 0; };
#endif
  for (const int result : distaff::imap(next, twice)) return result;
}

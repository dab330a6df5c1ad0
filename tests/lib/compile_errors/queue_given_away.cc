// error: the source must be a range, a function that returns std::optional<Item>, or a distaff
// queue
#include <utility>

#include "distaff/imap.h"

int main() {
  distaff::Queue<int> queue;
  const auto twice = [](int number) { return 2 * number; };
#ifdef RIGHT
  auto results = distaff::imap(queue, twice);
#else
  auto results = distaff::imap(std::move(queue), twice);
#endif
  for (const int result : results) return result;
}

// error: items of this range cannot be copied: give it as std::move(range)
#include <memory>
#include <utility>
#include <vector>

#include "distaff/imap.h"

int main() {
  std::vector<std::unique_ptr<int>> numbers;
  const auto value = [](const std::unique_ptr<int>& number) { return *number; };
#ifdef RIGHT
  auto results = distaff::imap(std::move(numbers), value);
#else
  auto results = distaff::imap(numbers, value);
#endif
  for (const int result : results) return result;
}

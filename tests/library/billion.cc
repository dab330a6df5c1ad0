// A map over a billion numbers, of which only the first few results are needed.  Nothing is read,
// computed or kept much further than the loop has come, and leaving the loop ends it all.

#include <distaff/imap.h>

#include <iostream>
#include <ranges>

// How many steps 3n + 1 takes to come down to 1.
int steps(long n) {
  int count = 0;
  for (; n != 1; ++count) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return count;
}

int main() {
  int found = 0;
  long n = 0;
  // In the order of the numbers, whichever is computed first.
  for (const int count : distaff::imap(std::views::iota(1L, 1'000'000'001L), steps)) {
    ++n;
    if (count < 300) continue;
    std::cout << n << " takes " << count << " steps\n";
    if (++found == 3) break;
  }
}

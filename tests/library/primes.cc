// Which of these numbers are prime?  The work is shared by processes, as the functions of others
// that may crash would be.  Only functions with a name known to both sides can be sent: see
// register.h.

#include <distaff/process_pool.h>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

bool is_prime(std::uint64_t number) {
  if (number < 2 || number % 2 == 0) return number == 2;
  const auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(number)));
  for (std::uint64_t i = 3; i <= root; i += 2) {
    if (number % i == 0) return false;
  }
  return true;
}
DISTAFF_REGISTER(is_prime)

int main() {
  const std::vector<std::uint64_t> numbers = {
      2, 1099726899285419, 112272535095293, 1125827059, 117450548693743, 993960000099397, 97, 100};
  distaff::ProcessPool pool(2);
  auto number = numbers.begin();
  for (const bool prime : pool.map<is_prime>(numbers)) {
    std::cout << *number++ << (prime ? " is prime\n" : " is not prime\n");
  }
}

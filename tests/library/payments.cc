// Reads a file line by line and does something for each, in several threads, but never two lines of
// the same account at once.  Lines that make no sense are logged and left out.
//
//   payments FILE     each line is an account and an amount

#include <distaff/imap.h>

#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

struct Payment {
  std::string account;
  int amount = 0;
};

std::string account_of(const std::string& line) { return line.substr(0, line.find(' ')); }

// What it throws is told by a line on stderr, as main() asks.
Payment pay(const std::string& line) {
  Payment payment;
  std::istringstream words(line);
  if (!(words >> payment.account >> payment.amount)) {
    throw std::invalid_argument("no account and amount: " + line);
  }
  return payment;
}

int main(int, char** argv) {
  std::ifstream file(argv[1]);

  // A source: gives a line each time it is called, and nothing at the end.
  const auto next_line = [&file]() -> std::optional<std::string> {
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    return line;
  };

  int sum = 0;
  for (const Payment& payment : distaff::imap(next_line, pay, distaff::by(account_of),
                                              {.on_error = distaff::ErrorPolicy::log})) {
    std::cout << payment.account << " pays " << payment.amount << '\n';
    sum += payment.amount;
  }
  std::cout << "together " << sum << '\n';
}

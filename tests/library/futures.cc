// Tasks whose results are asked for later: in a pool of threads, with a time limit for all of them
// together, and one that nobody needs any more.

#include <distaff/thread_pool.h>

#include <chrono>
#include <iostream>
#include <latch>
#include <string>

using namespace std::chrono_literals;

std::string shout(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

int main() {
  distaff::ThreadPool pool(1);

  const distaff::Future<std::string> loud = pool.submit(shout, std::string("good morning"));
  const distaff::Future<int> sum = pool.submit([](int a, int b) { return a + b; }, 20, 22);
  const distaff::Deadline deadline(10s);
  std::cout << loud.get(deadline) << ", " << sum.get(deadline) << '\n';

  // The one worker is busy, so this one waits, and can be cancelled.
  std::latch finish(1);
  const auto busy = pool.submit([&finish] { finish.wait(); });
  const auto unneeded = pool.submit(shout, std::string("never"));
  std::cout << (unneeded.cancel() ? "cancelled\n" : "too late\n");
  finish.count_down();
  busy.get();

  try {
    pool.submit([] { throw std::runtime_error("no such file"); }).get();
  } catch (const std::runtime_error& error) {
    std::cout << "the task threw: " << error.what() << '\n';
  }
}

// Pages of three hosts, fetched politely: each host gets one request at a time, and a rest after
// it.  While one host rests, the others go on.  Prints when each request began, in ms.

#include <distaff/imap.h>

#include <chrono>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Answer {
  std::string host;
  Clock::time_point began;
};

std::string host_of(const std::string& url) { return url.substr(0, url.find('/')); }

// Stands for a request that takes a while.
Answer fetch(const std::string& url) {
  const auto began = Clock::now();
  std::this_thread::sleep_for(20ms);
  return {host_of(url), began};
}

int main() {
  const std::vector<std::string> urls = {"ant.example/1", "ant.example/2", "ant.example/3",
                                         "bee.example/1", "bee.example/2", "bee.example/3",
                                         "cat.example/1", "cat.example/2", "cat.example/3"};
  const auto start = Clock::now();
  std::map<std::string, std::vector<long>> begins;

  const auto polite = distaff::by(host_of).throttle(100ms);
  for (const Answer& answer : distaff::imap_unordered(urls, fetch, polite, {.workers = 8})) {
    begins[answer.host].push_back((answer.began - start) / 1ms);
  }

  for (const auto& [host, times] : begins) {
    std::cout << host << ':';
    for (const long time : times) std::cout << ' ' << time;
    std::cout << '\n';
  }
}

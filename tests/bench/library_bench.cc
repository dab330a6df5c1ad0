// What imap() costs a job that does nothing, beside a plain queue with a mutex: a producer, workers
// and a consumer over std::deque.  Prints rates and ratios, and what waiting items take; judges
// nothing.  The loads take turns, so that the machine's moods hit all of them.
//   library_bench [ROUNDS]

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "distaff/imap.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWorkers = 4;
constexpr int kItems = 400000;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The plain thing: two bounded queues, a lock and a signal for each item at each.
class PlainQueue {
 public:
  void push(int item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return items_.size() < 1024; });
    items_.push_back(item);
    filled_.notify_one();
  }
  std::optional<int> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    const int item = items_.front();
    items_.pop_front();
    room_.notify_one();
    return item;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_, room_;
  std::deque<int> items_;
  bool closed_ = false;
};

long plain() {
  PlainQueue items, results;
  std::atomic<int> left{kWorkers};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = 0; i < kItems; ++i) items.push(i);
    items.close();
  });
  for (int i = 0; i < kWorkers; ++i) {
    threads.emplace_back([&] {
      while (const auto item = items.pop()) results.push(*item);
      if (--left == 0) results.close();
    });
  }
  long sum = 0;
  while (const auto result = results.pop()) sum += *result;
  for (std::thread& thread : threads) thread.join();
  return sum;
}

auto numbers(int count) {
  return [i = 0, count]() mutable { return i < count ? std::optional(i++) : std::nullopt; };
}

template <class Groups>
long mapped(const Groups& groups) {
  long sum = 0;
  const auto same = [](int i) { return i; };
  for (const int r :
       distaff::imap_unordered(numbers(kItems), same, groups, {.workers = kWorkers})) {
    sum += r;
  }
  return sum;
}

long keyed(int groups) {
  return mapped(distaff::by([groups](int i) { return i % groups; }));
}

// Fills the buffer while both workers are busy; gives the seconds that it takes, and the bytes that
// an item takes while it waits, its 4 and its part of a group among them.
std::pair<double, double> fill(int count, int groups) {
  std::latch let_go(1);
  std::atomic<int> pulled{0};
  std::atomic<double> seconds{0};
  std::atomic<double> bytes{0};
  const double before = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd);
  const auto start = Clock::now();
  const auto source = [&]() -> std::optional<int> {
    if (pulled < count) return pulled++;
    seconds = seconds_since(start);
    bytes = (static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd) - before) / count;
    let_go.count_down();
    return std::nullopt;
  };
  const auto run = [&](int) { let_go.wait(); };
  const auto key = distaff::by([groups](int i) { return i % groups; });
  for ([[maybe_unused]] auto unit :
       distaff::imap_unordered(source, run, key, {.workers = 2, .buffer_size = count})) {
  }
  return {seconds, bytes};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const long expected = static_cast<long>(kItems) * (kItems - 1) / 2;
  const std::vector<std::pair<std::string, std::function<long()>>> loads{
      {"plain queue", plain},
      {"imap, no key", [] { return mapped(distaff::NoGroups{}); }},
      {"imap, 1 group", [] { return keyed(1); }},
      {"imap, 1000 groups", [] { return keyed(1000); }},
      {"imap, 100000 groups", [] { return keyed(100000); }},
  };
  std::map<std::string, std::vector<double>> rates;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [name, run] : loads) {
      const auto start = Clock::now();
      if (run() != expected) return std::puts("wrong results"), 1;
      rates[name].push_back(kItems / seconds_since(start));
    }
  }
  const double base = median(rates["plain queue"]);
  const double no_key = median(rates["imap, no key"]);
  for (const auto& [name, run] : loads) {
    const double rate = median(rates[name]);
    std::printf("%-20s %9.0f jobs/s  %5.2f x plain  %5.2f x no key\n", name.c_str(), rate,
                rate / base, rate / no_key);
  }
  for (const int groups : {1, 100000}) {
    std::vector<double> few, few_bytes, many, many_bytes;
    for (int round = 0; round < rounds; ++round) {
      const auto small = fill(10000, groups);
      const auto large = fill(100000, groups);
      few.push_back(small.first);
      few_bytes.push_back(small.second);
      many.push_back(large.first);
      many_bytes.push_back(large.second);
    }
    std::printf(
        "%6d groups: filling 10000 %6.1f ms, 100000 %6.1f ms (%4.1f x); %3.0f and %3.0f bytes an "
        "item\n",
        groups, median(few) * 1e3, median(many) * 1e3, median(many) / median(few),
        median(few_bytes), median(many_bytes));
  }
}

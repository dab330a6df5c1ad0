#pragma once

// What jobs of the library's tests report of themselves, and the data that the cases name.

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "distaff/results.h"
#include "support/threads.h"
#include "support/timing.h"

namespace distaff {

using Clock = std::chrono::steady_clock;
using test::count_threads;
using test::kSanitized;
using test::kTimesCount;
using test::no_more_threads_than;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline void sleep_ms(double ms) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
}

// The most that several threads saw.
inline void raise_to(std::atomic<int>& most, int now) {
  for (int known = most; now > known && !most.compare_exchange_weak(known, now);) {
  }
}

// Memory of this process.
inline double resident_mib() {
  std::ifstream file("/proc/self/statm");
  long all_pages = 0;
  long pages = 0;
  file >> all_pages >> pages;
  return static_cast<double>(pages) / 256;
}

// A function for items that changes nothing.
inline constexpr auto same = [](auto item) { return item; };

// 0, 1, ... count - 1.
inline std::vector<int> up_to(int count) {
  std::vector<int> items(static_cast<std::size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

template <class R>
std::vector<R> all(Results<R> results) {
  std::vector<R> values;
  for (R& value : results) values.push_back(std::move(value));
  return values;
}

struct Item {
  char group = 'A';
  int ms = 0;
  int index = 0;

  bool operator==(const Item&) const = default;
};

inline std::vector<Item> data10() {
  return {{'A', 30, 0}, {'A', 20, 1}, {'B', 10, 2}, {'B', 20, 3}, {'B', 30, 4},
          {'B', 20, 5}, {'B', 10, 6}, {'C', 10, 7}, {'D', 40, 8}, {'D', 10, 9}};
}

inline constexpr auto kGroup = [](const Item& item) { return item.group; };

// Thread-safe.
class Probe {
 public:
  struct Span {
    std::string group;
    int index = 0;
    Clock::time_point start, end;
    std::thread::id thread;
  };

  // Calls what is to be observed; its start and end are what the cases speak of.
  template <class F>
  void observe(const std::string& group, int index, F f) {
    std::size_t place = 0;
    {
      const std::lock_guard lock(mutex_);
      place = spans_.size();
      spans_.push_back({group, index, Clock::now(), {}, std::this_thread::get_id()});
      most_ = std::max(most_, ++running_);
      auto& in_group = in_group_[group];
      most_in_[group] = std::max(most_in_[group], ++in_group);
    }
    f();
    const std::lock_guard lock(mutex_);
    spans_[place].end = Clock::now();
    --running_;
    --in_group_[group];
  }

  Item observe(const Item& item) {
    observe(std::string(1, item.group), item.index, [&] { sleep_ms(item.ms); });
    return item;
  }

  // In order of their starts.
  std::vector<Span> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  std::vector<Span> spans(const std::string& group) const {
    std::vector<Span> some;
    for (const Span& span : spans()) {
      if (span.group == group) some.push_back(span);
    }
    return some;
  }
  // From the end of one to the start of the next of a group that runs its jobs one by one.
  std::vector<double> gaps(const std::string& group) const {
    std::vector<double> gaps;
    const auto of_group = spans(group);
    for (std::size_t i = 1; i < of_group.size(); ++i) {
      gaps.push_back(
          std::chrono::duration<double>(of_group[i].start - of_group[i - 1].end).count());
    }
    return gaps;
  }
  std::vector<int> starts(const std::string& group) const {
    std::vector<int> order;
    for (const Span& span : spans(group)) order.push_back(span.index);
    return order;
  }
  int most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  int most_in(const std::string& group) const {
    const std::lock_guard lock(mutex_);
    const auto found = most_in_.find(group);
    return found == most_in_.end() ? 0 : found->second;
  }
  // Waits until so many have run at once: what is to overlap does so however slow a thread is.
  bool eventually_at_once(int count) const {
    return test::eventually([&] { return most() >= count; });
  }
  bool eventually_at_once_in(const std::string& group, int count) const {
    return test::eventually([&] { return most_in(group) >= count; });
  }
  std::set<std::thread::id> threads() const {
    std::set<std::thread::id> all;
    for (const Span& span : spans()) all.insert(span.thread);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
  std::map<std::string, int> in_group_, most_in_;
  int running_ = 0;
  int most_ = 0;
};

inline double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

}  // namespace distaff

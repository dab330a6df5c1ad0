#pragma once

// What the tests by random programs share: what they draw from, and what ends them if they hang.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <mutex>
#include <random>
#include <thread>

namespace distaff {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline void busy_for(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  int draw(int below) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(std::max(1, below)));
  }
  // One time in `of`.
  bool chance(int of) { return draw(of) == 0; }
  int one_of(std::initializer_list<int> values) {
    return values.begin()[draw(static_cast<int>(values.size()))];
  }

 private:
  std::mt19937_64 random_;
};

// A program that hangs ends the test with its seed.  The time is for a busy machine and a
// sanitizer.
class Watchdog {
 public:
  Watchdog() : thread_([this] { watch(); }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void begin(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    seed_ = seed;
    seconds_ = 0;
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) {
      if (++seconds_ < 600) continue;
      std::fprintf(stderr, "hangs: DISTAFF_PROPERTY_SEED=%llu\n",
                   static_cast<unsigned long long>(seed_));
      std::abort();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t seed_ = 0;
  int seconds_ = 0;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace distaff

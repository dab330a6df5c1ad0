#pragma once

// For tests that are about time, and for waiting until something is so.
//
// Lower bounds always hold.  Upper bounds are for the plain build alone: under sanitizers the same
// code may take ten times as long.

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>
#include <thread>

namespace distaff::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

class Stopwatch {
 public:
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - begin_; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// CPU time of the whole process.
inline std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// True as soon as `condition()` is, false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const Stopwatch watch;
  while (!condition()) {
    if (watch.elapsed() > std::chrono::seconds(10)) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

}  // namespace distaff::test

// What took `elapsed` took less than `limit`; not looked at under sanitizers.
#define EXPECT_WITHIN(elapsed, limit)                                                      \
  EXPECT_TRUE(::distaff::test::kSanitized || (elapsed) < (limit))                          \
      << "took " << std::chrono::duration<double>(elapsed).count() << " s, not less than " \
      << std::chrono::duration<double>(limit).count() << " s"

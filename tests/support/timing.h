#pragma once

// For tests that are about time, and for waiting until something is so.
//
// Lower bounds always hold, and so must order and counts.  Upper bounds hold on a machine that is
// not busy otherwise: tests/timed looks at them, with nothing beside it, and again where one was
// missed.

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace distaff::test {

#if defined(__SANITIZE_THREAD__)  // GCC's word for it; Clang has features
#define DISTAFF_TEST_THREAD_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DISTAFF_TEST_THREAD_SANITIZER true
#endif
#endif
#ifndef DISTAFF_TEST_THREAD_SANITIZER
#define DISTAFF_TEST_THREAD_SANITIZER false
#endif

#if DISTAFF_TEST_THREAD_SANITIZER || defined(__SANITIZE_ADDRESS__)
#define DISTAFF_TEST_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DISTAFF_TEST_SANITIZED true
#endif
#endif
#ifndef DISTAFF_TEST_SANITIZED
#define DISTAFF_TEST_SANITIZED false
#endif

// This sanitizer has a thread of its own, in every process.
inline constexpr bool kThreadSanitizer = DISTAFF_TEST_THREAD_SANITIZER;

// The same code may take ten times as long: there is less of it.  DISTAFF_SLOW=1 in the environment
// says so of valgrind.
inline const bool kSanitized = DISTAFF_TEST_SANITIZED || std::getenv("DISTAFF_SLOW") != nullptr;

// Whether upper bounds are looked at: with DISTAFF_TIMES=1.
inline const bool kTimesCount = std::getenv("DISTAFF_TIMES") != nullptr;

// How often what is repeated for its luck is repeated: `count` times with DISTAFF_LONG=1, as CI has
// it for the plain build, a tenth elsewhere.
inline int repeated(int count) {
  return std::getenv("DISTAFF_LONG") != nullptr ? count : count / 10;
}

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

inline double in_seconds(double seconds) { return seconds; }
inline double in_seconds(std::chrono::duration<double> time) { return time.count(); }

// True as soon as `condition()` is.  False after a hundred seconds: that is a hang, on a busy
// machine and with a sanitizer too.
template <class Condition>
bool eventually(Condition condition) {
  const Stopwatch watch;
  while (!condition()) {
    if (watch.elapsed() > std::chrono::seconds(100)) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

}  // namespace distaff::test

// An upper bound: of time, as a duration or in seconds, or of something else that a busy machine
// makes larger.
#define EXPECT_WITHIN(took, limit)                                                    \
  EXPECT_TRUE(!::distaff::test::kTimesCount ||                                        \
              ::distaff::test::in_seconds(took) < ::distaff::test::in_seconds(limit)) \
      << ::distaff::test::in_seconds(took) << ", not less than "                      \
      << ::distaff::test::in_seconds(limit)

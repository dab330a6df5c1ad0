#pragma once

// A mutex for sections of a few instructions: it is inlined, and a thread that finds it held looks
// again for a moment before it sleeps, as the holder is most often about to leave.

#include <atomic>

namespace distaff::inline v0::detail {

inline void cpu_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

class ShortLock {
 public:
  void lock() {
    int expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) wait();
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }

 private:
  enum : int { kFree, kHeld, kAwaited };

  void wait() {
    for (int i = 0; i < 40; ++i) {
      cpu_pause();
      int expected = kFree;
      if (state_.load(std::memory_order_relaxed) == kFree &&
          state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) {
        return;
      }
    }
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree) {
      state_.wait(kAwaited, std::memory_order_relaxed);
    }
  }

  std::atomic<int> state_{kFree};
};

}  // namespace distaff::inline v0::detail

#include "os/spare_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include "support/timing.h"

namespace distaff::spare_memory_test {
namespace {

TEST(SpareMemory, IsNotTouchedWhileThereIsOther) {
  void* block = allocate(0);
  ASSERT_NE(block, nullptr);
  block = reallocate(block, 100'000);
  ASSERT_NE(block, nullptr);
  deallocate(block);
  deallocate(nullptr);
  EXPECT_FALSE(memory_ran_out());
}

#if !DISTAFF_TEST_SANITIZED  // whose allocators end the process

// In a child that can have no more memory than it has.
[[noreturn]] void use_up_memory_and(const std::function<bool()>& act) {
  const rlimit none{.rlim_cur = 1, .rlim_max = 1};
  setrlimit(RLIMIT_AS, &none);
  for (std::size_t size : {4096, 16}) {
    while (malloc(size) != nullptr) {
    }
  }
  _exit(act() ? 0 : 1);
}

void without_memory(const std::function<bool()>& act) {
  EXPECT_EXIT(use_up_memory_and(act), testing::ExitedWithCode(0), "");
}

TEST(SpareMemory, GivesWhatTheSystemHasNot) {
  without_memory([] {
    void* const block = allocate(1000);
    if (block == nullptr) return false;
    std::memset(block, 'x', 1000);
    deallocate(block);
    return memory_ran_out() && allocate(1000) == block;  // and what was given back again
  });
}

TEST(SpareMemory, HasNoRoomForWhatIsLarge) {
  without_memory(
      [] { return allocate(std::size_t{16} << 20) == nullptr && allocate(100) != nullptr; });
}

TEST(SpareMemory, TakesABlockOverFromTheSystemWithWhatIsInIt) {
  auto* const before = static_cast<char*>(allocate(5000));
  std::strcpy(before, "what is in it");
  without_memory([before] {
    const auto* const after = static_cast<char*>(reallocate(before, 500'000));
    return after != nullptr && after != before && std::strcmp(after, "what is in it") == 0;
  });
  deallocate(before);
}

// An end in order allocates and frees far more than there is at once.
TEST(SpareMemory, LastsForAsLongAsLittleIsNeededAtOnce) {
  without_memory([] {
    struct Held {
      unsigned char* bytes;
      std::size_t size;
      unsigned char mark;
    };
    std::array<Held, 100> held{};
    std::minstd_rand random(7);
    for (int i = 0; i < 200'000; ++i) {
      Held& one = held[random() % held.size()];
      if (one.bytes != nullptr) {
        if (one.bytes[0] != one.mark || one.bytes[one.size - 1] != one.mark) return false;
        deallocate(one.bytes);
      }
      one.size = 1 + random() % 10'000;
      one.mark = static_cast<unsigned char>(i);
      one.bytes = static_cast<unsigned char*>(allocate(one.size));
      if (one.bytes == nullptr) return false;
      one.bytes[0] = one.bytes[one.size - 1] = one.mark;
    }
    return true;
  });
}

#endif

}  // namespace
}  // namespace distaff::spare_memory_test

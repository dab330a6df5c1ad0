#include "cli/memory.h"

#include <unistd.h>

#include <cstdlib>
#include <new>

#include "os/spare_memory.h"

// Sanitizers have their own, and look into each call.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DISTAFF_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DISTAFF_OWN_NEW 0
#endif
#endif
#ifndef DISTAFF_OWN_NEW
#define DISTAFF_OWN_NEW 1
#endif

#if DISTAFF_OWN_NEW

// The other forms of both call these.
void* operator new(std::size_t bytes) {
  if (void* const block = distaff::allocate(bytes)) [[likely]] {
    return block;
  }
  throw std::bad_alloc();
}

void operator delete(void* block) noexcept { distaff::deallocate(block); }
void operator delete(void* block, std::size_t) noexcept { distaff::deallocate(block); }

#endif

namespace distaff {

int within_memory(int (*program)(std::span<const std::string_view>),
                  std::span<const std::string_view> words) {
  try {
    return program(words);
  } catch (const std::bad_alloc&) {
    constexpr std::string_view kLine = "distaff: out of memory\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, kLine.data(), kLine.size());
    return 3;
  }
}

}  // namespace distaff

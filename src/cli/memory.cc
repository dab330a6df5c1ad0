#include "cli/memory.h"

#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

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
namespace {

// Measured: with 40 KiB a run goes through.
constexpr std::size_t kStack = std::size_t{64} << 10;

void say(std::string_view line) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

// Arguments and environment stand on the stack before us, and count.
bool has_stack() {
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  const auto top = static_cast<std::uintptr_t>(getauxval(AT_EXECFN));
  const auto here = reinterpret_cast<std::uintptr_t>(&limit);
  const std::size_t needed = (top > here ? top - here : 0) + kStack;
  if (limit.rlim_cur >= needed) return true;
  say("distaff: the stack is limited to ");
  say(std::to_string(limit.rlim_cur >> 10));
  say(" KiB, and this needs ");
  say(std::to_string((needed >> 10) + 1));
  say(" KiB; ulimit -s sets it\n");
  return false;
}

}  // namespace

int within_memory(int (*program)(std::span<const std::string_view>),
                  std::span<const std::string_view> words) {
  if (!has_stack()) return 3;
  try {
    return program(words);
  } catch (const std::bad_alloc&) {
    say("distaff: out of memory\n");
    return 3;
  }
}

}  // namespace distaff

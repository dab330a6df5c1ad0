// Loaded into distaff by LD_PRELOAD: makes allocations fail, so that it can be seen how a run ends
// that has no memory.
//
// FAIL_AT=N: the N-th allocation fails.  FAIL_FOR=M: so do the M - 1 after it (1 without).
// FAIL_FROM=BYTES: only allocations of so many bytes or more are counted.  Other programs than
// FAIL_IN, such as the jobs, are left alone.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

namespace {

using Malloc = void* (*)(size_t);
using Calloc = void* (*)(size_t, size_t);
using Realloc = void* (*)(void*, size_t);

long number(const char* name, long without) {
  const char* const text = getenv(name);
  return text == nullptr ? without : atol(text);
}

bool is_meant() {
  const char* const name = getenv("FAIL_IN");
  return name != nullptr && strcmp(name, program_invocation_short_name) == 0;
}

std::atomic<long> count{0};

// FAIL_TOTAL=FILE: at its end the program writes there how many there were.
__attribute__((destructor)) void tell_total() {
  const char* const name = getenv("FAIL_TOTAL");
  if (name == nullptr || !is_meant()) return;
  char text[32];
  const int size = snprintf(text, sizeof text, "%ld\n", count.load());
  const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  [[maybe_unused]] const auto written = write(file, text, static_cast<size_t>(size));
  close(file);
}

bool fails(size_t bytes) {
  static const bool meant = is_meant();
  static const long at = number("FAIL_AT", 0), last = at + number("FAIL_FOR", 1) - 1;
  static const auto from = static_cast<size_t>(number("FAIL_FROM", 0));
  if (!meant || bytes < from) return false;
  const long here = ++count;
  if (at == 0 || here < at || here > last) return false;
  errno = ENOMEM;
  return true;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void* malloc(size_t bytes) {
  static const auto real = next<Malloc>("malloc");
  return fails(bytes) ? nullptr : real(bytes);
}

void* calloc(size_t members, size_t bytes) {
  static const auto real = next<Calloc>("calloc");
  return fails(members * bytes) ? nullptr : real(members, bytes);
}

void* realloc(void* block, size_t bytes) {
  static const auto real = next<Realloc>("realloc");
  return fails(bytes) ? nullptr : real(block, bytes);
}
}

#include "cli/main_fetch.h"

#include <cstdio>

namespace distaff {

int main_fetch(std::span<const std::string_view>) {
  std::fputs("distaff: fetch: not built yet\n", stderr);
  return 2;
}

}  // namespace distaff

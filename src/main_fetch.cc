// The program that `distaff fetch` starts: jobs are URLs.

#include <string_view>
#include <vector>

#include "cli/main_fetch.h"
#include "cli/memory.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return distaff::within_memory(distaff::main_fetch, words);
}

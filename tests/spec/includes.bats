# The map of the source: which directory may include which.

load helpers

@test "each directory includes only what the map allows, heavy headers stay in two files" {
  try "$BATS_TEST_DIRNAME/../includes_check"
  exits 0
  prints
}

@test "source and test files include what they use of what is precompiled" {
  try "$BATS_TEST_DIRNAME/../used_includes_check"
  exits 0
  prints
}

@test "a test file that does not include what it uses is named" {
  mkdir -p tests/room tests/support/bin
  printf '%s\n' '#include <gtest/gtest.h>' 'TEST(A, B) {' '  std::vector<int> c;' '  std::vector<int> d(strlen("e"));' '}' > tests/room/a_test.cc
  printf '%s\n' '#pragma once' 'inline const auto rest = 2s;' > tests/support/rest.h
  printf '%s\n' 'int main() { return errno; }' > tests/support/bin/child.cc
  try "$BATS_TEST_DIRNAME/../used_includes_check" .
  exits 1
  prints_sorted 'tests/room/a_test.cc:3: std::vector needs <vector>' \
    'tests/room/a_test.cc:4: strlen needs <cstring>' \
    'tests/support/rest.h:2: 2s needs <chrono>' \
    'tests/support/bin/child.cc:1: errno needs <cerrno>'
}

@test "a file of src or of the library that does not include what it uses is named" {
  mkdir -p src/room include/distaff/detail
  printf '%s\n' '#include "room/a.h"' '#include "distaff/a.h"' 'std::map<int, int> a;' 'std::set<int> b;' \
    'std::mutex c;' > src/room/a.cc
  printf '%s\n' '#pragma once' '#include <map>' 'inline std::string d;' > src/room/a.h
  printf '%s\n' 'int main() { return EXIT_SUCCESS; }' > src/main.cc
  printf '%s\n' '#pragma once' '#include <set>' 'inline std::atomic_bool e;' > include/distaff/a.h
  printf '%s\n' '#pragma once' 'inline std::jthread f;' > include/distaff/detail/b.h
  try "$BATS_TEST_DIRNAME/../used_includes_check" .
  exits 1
  prints_sorted 'src/room/a.cc:5: std::mutex needs <mutex>' \
    'src/room/a.h:3: std::string needs <string>' \
    'src/main.cc:1: EXIT_SUCCESS needs <cstdlib>' \
    'include/distaff/a.h:3: std::atomic_bool needs <atomic>' \
    'include/distaff/detail/b.h:2: std::jthread needs <thread>'
}

@test "a standard header that is precompiled has to be one whose names are looked for" {
  mkdir -p src tests
  printf '%s\n' 'int main() {}' > src/main.cc
  printf '%s\n' '# set(precompiled any)' 'set(precompiled array fmt/format.h' '    ranges vector)  # bitset' > CMakeLists.txt
  printf '%s\n' 'set(precompiled_of_tests ${precompiled} gtest/gtest.h)' 'list(APPEND precompiled_of_tests barrier)' \
    > tests/CMakeLists.txt
  try "$BATS_TEST_DIRNAME/../used_includes_check" .
  exits 1
  prints 'CMakeLists.txt: ranges is precompiled (precompiled), but used_includes_check has no entry for it in its table: add the names that it declares' \
    'tests/CMakeLists.txt: barrier is precompiled (precompiled_of_tests), but used_includes_check has no entry for it in its table: add the names that it declares' \
    'tests/CMakeLists.txt: used_includes_check finds no set(precompiled_of_lib ...) here'
}

@test "a test file may get what it uses from headers of ours, or as a header of C" {
  mkdir -p tests/room src/room include/ours
  printf '%s\n' '#include "room/a.h"' '#include <errno.h>' '#include "beside.h"' 'std::vector<std::map<int, int>> a{errno};' \
    'std::optional<int> b;' > tests/room/a_test.cc
  printf '%s\n' '#include "ours/a.h"' '#include <map>' > src/room/a.h
  printf '%s\n' '#include "room/a.h"' '#include <vector>' > include/ours/a.h
  printf '%s\n' '#include <optional>' > tests/room/beside.h
  try "$BATS_TEST_DIRNAME/../used_includes_check" .
  exits 0
  prints
}

@test "a name in a comment or in a string is no use, nor is a function of ours" {
  mkdir -p tests/room
  cat > tests/room/a_test.cc << 'END'
// std::vector
/* std::map
   #include <set> */
const char* a = "std::string \" std::vector";
const char* b = R"x(
#include <set>
")" std::vector)x";
int c = 1'000 + 'a' + '"' + 2'000;  // std::vector's
struct D { void exit(int); void e() { exit(1); } void f(D d) { d.abort(); } };
std::set<int> g;
void D::free() noexcept { free(); }
END
  try "$BATS_TEST_DIRNAME/../used_includes_check" .
  exits 1
  prints 'tests/room/a_test.cc:10: std::set needs <set>'
}

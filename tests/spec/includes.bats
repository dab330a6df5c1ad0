# The map of the source: which directory may include which.

load helpers

@test "each directory includes only what the map allows, heavy headers stay in two files" {
  try "$BATS_TEST_DIRNAME/../includes_check"
  exits 0
  prints
}

@test "test files include what they use of what is precompiled" {
  try "$BATS_TEST_DIRNAME/../test_includes_check"
  exits 0
  prints
}

@test "a test file that does not include what it uses is named" {
  mkdir -p tests/room tests/support/bin
  printf '%s\n' '#include <gtest/gtest.h>' 'TEST(A, B) {' '  std::vector<int> c;' '  std::vector<int> d(strlen("e"));' '}' > tests/room/a_test.cc
  printf '%s\n' '#pragma once' 'inline const auto rest = 2s;' > tests/support/rest.h
  printf '%s\n' 'int main() { return errno; }' > tests/support/bin/child.cc
  try "$BATS_TEST_DIRNAME/../test_includes_check" .
  exits 1
  prints_sorted 'tests/room/a_test.cc:3: std::vector needs <vector>' \
    'tests/room/a_test.cc:4: strlen needs <cstring>' \
    'tests/support/rest.h:2: 2s needs <chrono>' \
    'tests/support/bin/child.cc:1: errno needs <cerrno>'
}

@test "a test file may get what it uses from headers of ours, or as a header of C" {
  mkdir -p tests/room src/room include/ours
  printf '%s\n' '#include "room/a.h"' '#include <errno.h>' '#include "beside.h"' 'std::vector<std::map<int, int>> a{errno};' \
    'std::optional<int> b;' > tests/room/a_test.cc
  printf '%s\n' '#include "ours/a.h"' '#include <map>' > src/room/a.h
  printf '%s\n' '#include "room/a.h"' '#include <vector>' > include/ours/a.h
  printf '%s\n' '#include <optional>' > tests/room/beside.h
  try "$BATS_TEST_DIRNAME/../test_includes_check" .
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
END
  try "$BATS_TEST_DIRNAME/../test_includes_check" .
  exits 1
  prints 'tests/room/a_test.cc:10: std::set needs <set>'
}

#pragma once

// What both programs do when memory runs out: `new` takes from the part that os/spare_memory.h
// keeps, so that a run ends in order; and what cannot be had even there ends the program in one
// line.  So does a stack that is too small.

#include <span>
#include <string_view>

namespace distaff {

// Calls `program` with the words, and gives its exit status; 3 if it needed memory that is not
// there.
int within_memory(int (*program)(std::span<const std::string_view>),
                  std::span<const std::string_view> words);

}  // namespace distaff

#pragma once

// `distaff fetch`, in a program of its own.

#include <span>
#include <string_view>

namespace distaff {

// `words` is argv without the program's name.  Gives the exit status.
int main_fetch(std::span<const std::string_view> words);

}  // namespace distaff

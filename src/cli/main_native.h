#pragma once

// `distaff run`, from argv to the exit status.

#include <span>
#include <string_view>

namespace distaff {

// `words` is argv without the program's name.  Prints what there is to say; the process may end
// here by a signal, as it was ended by it.
int main_native(std::span<const std::string_view> words);

}  // namespace distaff

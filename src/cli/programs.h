#pragma once

// What our programs have in common; `distaff fetch` is one of its own, beside ours, so that
// commands never pay for what URLs need.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace distaff {

// Where distaff-fetch is, if we are the program `self`: as installed (../libexec/distaff), and as
// built (libexec/distaff), the first that is to be tried first.
std::vector<std::string> places_of_fetch(std::string_view self);

// What is asked of the program itself goes to stdout; gives the exit status.
int print(std::string_view text);

// "distaff: MESSAGE" on stderr; gives the error's status.
int refuse(const Error& error);

// Becomes distaff-fetch with these words, so it only comes back if it could not.  It is told our
// version, and refuses another than its own.
Error become_fetch(std::span<const std::string_view> words);

// For distaff-fetch: the words without the one that become_fetch() added, if it did.
// Error: it was started by a distaff of another version.
Expected<std::span<const std::string_view>> accept_start(std::span<const std::string_view> words);

}  // namespace distaff

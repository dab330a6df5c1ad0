#pragma once

// Names of hosts in other scripts, as DNS has them: `bücher.example` is `xn--bcher-kva.example`.
//
// The rules are those of UTS 46 (non-transitional) and IDNA 2008, as libidn2 knows them, with the
// symbols that only the first allows.  Text is UTF-8, whatever the locale.  A part of a name that
// is ASCII stays as it is but for capital letters: many names have an underscore, or hyphens where
// those rules want none.

#include <string>
#include <string_view>

#include "base/expected.h"

namespace distaff {

// `name` in ASCII and lower case, with plain dots.  What the rules map may hold any ASCII
// character: the caller looks whether a host can have it.  An error is the reason, as "it holds
// U+202E, …".
Expected<std::string> ascii_host_name(std::string_view name);

}  // namespace distaff

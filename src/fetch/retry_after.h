#pragma once

// Retry-After: how long a server asks us to wait (RFC 9110 10.2.3).

#include <ctime>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace distaff {

// Of the field's value, without blanks around it: a number of seconds, however large, or a date in
// one of the forms of HTTP.  Nothing if it is neither, or asks for no wait: what only begins like a
// number ("2026-11-30T10:00:00Z", "1.5") is no number.
std::optional<Duration> read_retry_after(std::string_view value, std::time_t now);

}  // namespace distaff

#pragma once

// Lines of heads, as a user or a server writes them.

#include <string_view>

namespace distaff {

// Whether "Name: value", or "Name;" for an empty one, is of the field `name` (in lower case).
bool is_field(std::string_view line, std::string_view name);

}  // namespace distaff

#pragma once

// Text as JSON writes it.  It must be valid UTF-8, else the result is no JSON.

#include <string>
#include <string_view>

namespace distaff {

// Appends what stands between the quotes.  A text may be given in pieces, cut anywhere.
void append_json_escaped(std::string_view text, std::string& json);

// The whole string with its quotes.
void append_json_string(std::string_view text, std::string& json);

}  // namespace distaff

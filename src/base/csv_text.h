#pragma once

// Writes CSV fields (RFC 4180).

#include <string>
#include <string_view>

namespace distaff {

// Between the quotes of a field: a quote is doubled.  A text may be given in pieces.
void append_csv_doubled(std::string_view bytes, std::string& row);

// A whole field, in quotes where it needs them; an empty one is "".
void append_csv_value(std::string_view value, std::string& row);

}  // namespace distaff

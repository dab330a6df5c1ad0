#pragma once

// Writes CSV fields (RFC 4180), and finds them.

#include <cstddef>
#include <string>
#include <string_view>

namespace distaff {

// Between the quotes of a field: a quote is doubled.  A text may be given in pieces.
void append_csv_doubled(std::string_view bytes, std::string& row);

// A whole field, in quotes where it needs them; an empty one is "".
void append_csv_value(std::string_view value, std::string& row);

// Where the first `count` fields of a row end: at the comma behind them, or at the row's end.
std::size_t end_of_csv_fields(std::string_view row, std::size_t count);

}  // namespace distaff

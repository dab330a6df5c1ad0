#pragma once

// How wide text is on a terminal, in columns.
//
// Never less than it really is, on any terminal and without asking its locale: what is fitted to
// these columns does not wrap.  Characters from U+1000 on (East Asia, symbols, emoji) count two,
// all before one; combining marks and joiners, which take no room, count too.

#include <cstddef>
#include <string>
#include <string_view>

namespace distaff {

// Needs valid UTF-8 without control characters, as printable() gives it.
std::size_t columns_of(std::string_view text);

// `text`, or what of it fits, ending in "..." if something was cut (and there is room for that).
std::string cut_to_columns(std::string_view text, std::size_t columns);

}  // namespace distaff

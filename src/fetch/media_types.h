#pragma once

// What files of a media type are called.

#include <string_view>

namespace distaff {

// ".html" of "text/html"; empty if the type is unknown, or says nothing (octet streams).  Needs
// lower case, without parameters.
std::string_view extension_of_type(std::string_view mime);

// ".gz" of "https://host/a/b.tar.gz?c": what stands behind the last dot of the last part of the
// path, with the dot; empty unless it is one to eight letters and digits.
std::string_view extension_of_url(std::string_view url);

}  // namespace distaff

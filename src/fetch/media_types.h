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

// Whether a body that comes with this one encoding ("gzip") is a file which has it by itself, by
// the URL's name or the media type: x.tar.gz is not to be unpacked on the way.
bool is_file_of_encoding(std::string_view encoding, std::string_view url, std::string_view mime);

}  // namespace distaff

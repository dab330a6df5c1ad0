#pragma once

// What files of a media type are called.

#include <string>
#include <string_view>

namespace distaff {

// "text/html" of "Text/HTML; charset=utf-8": it ends at the first semicolon, comma or blank, as
// servers send all of them.
std::string media_type(std::string_view content_type);

// ".html" of "text/html"; empty if the type is unknown, or says nothing (octet streams).  Needs
// lower case, without parameters.
std::string_view extension_of_type(std::string_view mime);

// Whether a name ends with it, or with another spelling of it: a.JPEG has ".jpg".
bool has_extension(std::string_view name, std::string_view extension);

// ".gz" of "https://host/a/b.tar.gz?c": what stands behind the last dot of the last part of the
// path, with the dot; empty unless it is one to eight letters and digits.
std::string_view extension_of_url(std::string_view url);

// Whether a body that comes with this one encoding ("gzip") is a file which has it by itself, by
// the URL's name or the media type: x.tar.gz is not to be unpacked on the way.
bool is_file_of_encoding(std::string_view encoding, std::string_view url, std::string_view mime);

}  // namespace distaff

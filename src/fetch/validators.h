#pragma once

// What a server tells versions apart by, as far as it may be sent back to it.
//
// Both go into header lines of later requests, and come from servers or out of files in between: a
// value with a line end in it would be another header line.  So only what has the form that RFC
// 9110 gives it counts, and everything else is as if it were not there.

#include <string_view>

namespace distaff {

// "abc", W/"abc", with their quotes (8.8.3).  It is UTF-8, as reports are.
bool is_etag(std::string_view text);

// Mon, 02 Jan 2023 03:04:05 GMT, and the two older forms (5.6.7).
bool is_http_date(std::string_view text);

}  // namespace distaff

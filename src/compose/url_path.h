#pragma once

// What the path parts {/} {//} {.} see of a URL, where a file is to be named by it.

#include <optional>
#include <string>
#include <string_view>

namespace distaff {

// The path of a URL, "/a/b c.txt" of "http://h/a/b%20c.txt?q#f"; "/index" where it has none.
// Nothing if the text is no URL.
//
// Percent signs are undone where that gives text that can be seen.  What would be a slash, a
// control character or no UTF-8 stays as it is spelled: the path has the parts that the URL has,
// and `.` and
// `..` are as plain as they would be without percent signs.
std::optional<std::string> file_path_of_url(std::string_view text);

}  // namespace distaff

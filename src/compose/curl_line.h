#pragma once

// A request as a command line of curl, for --dry-run.

#include <string>
#include <string_view>

#include "model/request.h"
#include "model/run_spec.h"

namespace distaff {

// What is said for all requests and changes what is sent, and to whom: " -b 'a=b' -x …", with a
// blank in front; empty if nothing is.  Not what bounds the run, such as times and redirects.
std::string curl_options(const FetchSpec& spec);

// "curl OPTIONS -H … URL"; pasted into a POSIX shell it sends the request.
std::string curl_line(const Request& request, std::string_view options);

}  // namespace distaff

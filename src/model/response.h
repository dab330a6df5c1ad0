#pragma once

// What came back for a Request, as the report shows it.

#include <cstdint>
#include <optional>
#include <string>

namespace distaff {

struct Response {
  std::string url;          // behind all redirects
  int status = 0;           // HTTP; 0: no response came
  std::string mime;         // media type without parameters, lower case
  std::uint64_t bytes = 0;  // of the body, decoded
  // Of the body that an earlier run has, and that did not come again.
  std::optional<std::uint64_t> earlier_bytes;
  std::string path;  // where the body is, as a user finds it; empty: nowhere
  std::string etag;
  std::string last_modified;
  std::string note;  // what is odd about a body that was kept all the same
};

}  // namespace distaff

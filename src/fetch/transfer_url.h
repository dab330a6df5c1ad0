#pragma once

// A URL, read as libcurl will read it.

#include <string>
#include <vector>

#include "base/expected.h"

namespace distaff {

struct TransferUrl {
  std::string origin;          // "http://example.org:80"
  std::string host;            // as it is written there
  std::string path_and_query;  // "/", "/a/b?c"
  bool is_http = false;        // or https

  // The error is what is wrong with it, without the URL itself: "is no URL: …".
  static Expected<TransferUrl> read(const std::string& url,
                                    const std::vector<std::string>& protocols);
};

// For a message: on one line, and without what is secret in it.
std::string shown_url(const std::string& url);

}  // namespace distaff

#pragma once

// A URL in the form of compose/url.h, read as libcurl will read it.

#include <cstddef>
#include <string>
#include <vector>

#include "base/expected.h"

namespace distaff {

struct TransferUrl {
  std::string origin;          // "http://example.org:80"
  std::string host;            // as it is written there
  std::string path_and_query;  // "/", "/a/b?c"
  bool is_http = false;        // or https
  // Where the path begins, if libcurl needs the URL only as far, and all behind it is to be sent;
  // or 0.
  std::size_t path_at = 0;

  // The error is what is wrong with it, without the URL itself: "is no URL: …".
  static Expected<TransferUrl> read(const std::string& url,
                                    const std::vector<std::string>& protocols);
};

// Where a redirect leads that `base` answers with, or what is wrong with it: "leads to 'x', which
// is no URL".
Expected<std::string> redirect_url(const std::string& base, const std::string& location);

// For a message: on one line, and without what is secret in it.
std::string shown_url(const std::string& url);

}  // namespace distaff

#pragma once

// --cond: what is known of a URL from an earlier fetch, so that only what changed is sent again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace distaff {

// What the report of an earlier run, or its archive, has of a body.  Empty: it does not say.
struct KnownBody {
  std::string etag;
  std::string last_modified;
  std::string final_url;  // whose validators these are, its secrets hidden
  std::string mime;
  std::optional<std::uint64_t> bytes;
  std::string path;
  std::string note;
};

class Conditions {
 public:
  virtual ~Conditions() = default;

  // Of the URL that is asked for, if the earlier run was led by it to the one that it leads to now,
  // `to`, but for its parameters: those of a redirect may have a time or a signature in them.
  // Validators are ones that may be sent, and there is one.
  virtual std::optional<KnownBody> find(std::string_view url, std::string_view to) = 0;
};

}  // namespace distaff

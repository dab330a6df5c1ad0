#pragma once

// --cond: what is known of a URL from an earlier fetch, so that only what changed is sent again.

#include <optional>
#include <string>
#include <string_view>

namespace distaff {

struct Validators {
  std::string etag;
  std::string last_modified;
};

class Conditions {
 public:
  virtual ~Conditions() = default;
  virtual std::optional<Validators> find(std::string_view url) = 0;
};

}  // namespace distaff

#include "fetch/header_line.h"

#include <algorithm>

#include "base/text.h"

namespace distaff {

bool is_field(std::string_view line, std::string_view name) {
  if (line.size() <= name.size()) return false;
  const char end = line[name.size()];
  return (end == ':' || end == ';') &&
         std::equal(name.begin(), name.end(), line.begin(),
                    [](char a, char b) { return a == ascii_lower(b); });
}

}  // namespace distaff

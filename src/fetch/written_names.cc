#include "fetch/written_names.h"

#include <fmt/format.h>

#include "base/text.h"

namespace distaff {

Expected<WrittenNames::Use> WrittenNames::find(const BodyName& name) const {
  if (name.of_hash) return Use::none;
  const std::string path = name.path();
  const std::uint64_t* url = urls_.find(hash_of_text(path));
  if (url == nullptr) return Use::none;
  if (*url == name.url.low) return Use::same_url;
  return fail(
      fmt::format("'{}' was already written for another URL in this run; put {{hash}} or "
                  "{{#}} into --name",
                  printable(path)));
}

void WrittenNames::add(const BodyName& name) {
  if (!name.of_hash) urls_.insert(hash_of_text(name.path()), name.url.low);
}

}  // namespace distaff

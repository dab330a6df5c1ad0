#pragma once

// The group a record belongs to, by --key.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/authority.h"
#include "compose/template.h"

namespace distaff {

// --key, compiled.  Immutable; key_of() has no side effects.
class GroupKey {
 public:
  // "server" (a column), "{1}" "{//}" (a template), host, domain, host:FIELD, domain:FIELD,
  // regex:RE.
  static Expected<GroupKey> compile(std::string_view spec, const TemplateSyntax& syntax);

  // For jobs that are URLs: what `name` makes of the host of what `url` makes of each record.
  using UrlOf = std::function<std::optional<std::string>(const Record&, JobId)>;
  using NameOf = std::function<std::string(const std::string& host)>;
  static GroupKey of_urls(UrlOf url, NameOf name);

  GroupKey(GroupKey&&) noexcept;
  GroupKey& operator=(GroupKey&&) noexcept;
  ~GroupKey();

  // Nothing: no group (no match, no URL, an empty or missing field).  Does not know the slot, which
  // is why compile() refuses {%}.
  std::optional<std::string> key_of(const Record& record, JobId id) const;

  // The key of the same group for a job whose next request goes to `url`; nothing if that does not
  // change it.
  std::optional<std::string> key_of_hop(std::string_view url) const;

  // Names of fields it uses; sources of JSON look into objects for these.
  std::vector<std::string> field_names() const;

 private:
  struct Impl;
  explicit GroupKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff

#pragma once

// The group a record belongs to, by --key.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "compose/template.h"

namespace distaff {

// The host of a URL: lower case, without port, user, brackets and final dot.  Nothing if the text
// is no URL with an authority (SCHEME://…), or its host is empty or not one that curl would take.
std::optional<std::string> host_of(std::string_view url);

// The registrable domain of a host by libpsl's built-in list; an IP address is its own domain, and
// so is a host that is itself a public suffix or unknown.
std::string domain_of(std::string_view host);

// --key, compiled.  Immutable; key_of() has no side effects.
class GroupKey {
 public:
  // "server" (a column), "{1}" "{//}" (a template), host, domain, host:FIELD, domain:FIELD,
  // regex:RE.
  static Expected<GroupKey> compile(std::string_view spec, const TemplateSyntax& syntax);

  GroupKey(GroupKey&&) noexcept;
  GroupKey& operator=(GroupKey&&) noexcept;
  ~GroupKey();

  // Nothing: no group (no match, no URL, an empty or missing field).
  std::optional<std::string> key_of(const Record& record, JobId id) const;

  std::vector<std::string> field_names() const;

 private:
  struct Impl;
  explicit GroupKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace distaff

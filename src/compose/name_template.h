#pragma once

// --name: where the body of a response goes, below the directory of bodies.
//
// Besides the replacements of every template there are four that are known only when the response
// has come: {hash} {ext} {host} {path}.  They take no path parts, and a column of such a name is
// written by its number, or as {"host"}.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "model/request.h"

namespace distaff {

class NameTemplate {
 public:
  static Expected<NameTemplate> compile(std::string_view text, const TemplateSyntax& syntax);

  Expected<std::vector<FileNamePart>> of(const JobView& job) const;

  void collect_names(std::vector<std::string>& names) const;

 private:
  using Part = std::variant<Template, FileNamePart::What>;

  std::vector<Part> parts_;
};

}  // namespace distaff

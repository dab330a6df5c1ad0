#pragma once

// --name: where the body of a response goes, below the directory of bodies.
//
// Besides the replacements of every template there are four that are known only when the response
// has come: {hash} {ext} {host} {path}.  They take no path parts, and a column of such a name is
// written by its number, or as {"host"}.
//
// Path parts of a value that is a URL are parts of its path (compose/url_path.h): {/} is the last,
// without a query and with %20 as a blank.  Those of the record are of the URL that is asked for,
// also where that is a column, if it is not made by a template.

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
  static Expected<NameTemplate> compile(std::string_view text, const TemplateSyntax& syntax,
                                        bool record_is_url);

  Expected<std::vector<FileNamePart>> of(const JobView& job, const std::string& url) const;

  void collect_names(std::vector<std::string>& names) const;

 private:
  using Part = std::variant<Template, FileNamePart::What>;

  Expected<std::string> expand(const Template& text, const JobView& job,
                               const std::string& url) const;
  Expected<std::string> piece_of_path(const Replacement& replacement, const JobView& job,
                                      const std::string& url) const;

  std::vector<Part> parts_;
  bool record_is_url_ = false;
};

}  // namespace distaff

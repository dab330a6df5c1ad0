#pragma once

// Where --results puts what a job wrote: a directory of its own for each.
//
// The values in it may come from a list that somebody else made.  So they cannot lead out of the
// directory that the literal text in front of the first replacement names: `..` and a value that
// makes the whole an absolute path are refused, and a `/` in a value makes directories below it.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"

namespace distaff {

class ResultPath {
 public:
  // Text without a replacement gets "/{#}".
  static Expected<ResultPath> compile(std::string_view text, const TemplateSyntax& syntax);

  // The job's directory; or why it can have none.
  Expected<std::string> of(const JobView& job) const;

  // The literal directory in front, with its slash: all of them begin with it.  Empty: ours.
  const std::string& root() const { return root_; }

  bool has_record() const { return template_.has_record(); }
  void collect_names(std::vector<std::string>& names) const { template_.collect_names(names); }

 private:
  explicit ResultPath(Template text);

  Template template_;
  std::string root_;
};

}  // namespace distaff

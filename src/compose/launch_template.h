#pragma once

// From a job to what it asks to have done: the process of a command, the request for a URL.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "model/launch.h"
#include "model/record.h"

namespace distaff {

// What a job holds already when a record is added to it.
struct JobFill {
  std::size_t records = 0;
  std::size_t fields = 0;    // of all of them: where {1} {2} … of the next record begin
  std::size_t repeated = 0;  // bytes of numbered fields that stand again in each record's words
};

// Immutable; build() has no side effects.
class LaunchTemplate {
 public:
  virtual ~LaunchTemplate() = default;

  // An error is the reason why this job could not start (a missing field, a NUL).
  virtual Expected<Launch> build(const JobView& job) const = 0;

  // False: what it builds of a job that is packed is the same as if it were not.
  virtual bool looks_into_records() const { return true; }

  // One line for people and shells that does what `launch`, which it has built, does.
  virtual std::string pasted(const Launch& launch) const = 0;

  // Names of fields it uses.
  virtual std::vector<std::string> field_names() const = 0;

  // What of the command line stays the same in every job, and what one record adds to it, in bytes
  // with NULs and without pointers: for the system's limit.  record_bytes() is called for every
  // record of the input and costs next to nothing where the record itself is the argument; it
  // counts the record in `fill`.
  // Nothing of this is asked of what is no command.
  virtual std::size_t fixed_bytes() const { return 0; }
  virtual std::size_t fixed_words() const { return 0; }  // strings in argv and of --env
  virtual std::size_t record_bytes(const Record&, JobFill& /*fill*/) const { return 0; }
  virtual std::size_t record_words() const { return 0; }  // argv entries one record adds at most

  // Why no job of this group can start; empty if nothing hinders it.
  virtual std::string problem_of_key(std::string_view) const { return {}; }

  // More than so many record_bytes() in a job cannot be: a template joins them in one string.
  virtual std::size_t most_argument_bytes() const { return SIZE_MAX; }
};

}  // namespace distaff

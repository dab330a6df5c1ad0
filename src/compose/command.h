#pragma once

// From a job to the process it asks for: where the record goes, what runs without a shell, what is
// refused at the start.

#include <memory>
#include <string>
#include <vector>

#include "base/expected.h"
#include "compose/template.h"
#include "model/launch.h"
#include "model/run_spec.h"

namespace distaff {

// The process that a CommandSpec makes of each job.  Immutable after compile(); build() has no
// side effects.
class CommandTemplate {
 public:
  // What compile() has to know besides the command.
  struct Context {
    FieldScheme scheme;
    // Jobs hold several words for {}: batches, or tuples of `:::` values.
    bool several = false;
    bool tuples = false;  // records are tuples: each value is a word
    // Looks at our own environment: BASH_ENV, BASH_FUNC_x%%, variables with a field's name.
    const char* const* environment = nullptr;
  };

  // Checks everything that can be checked before the first job: an error is the user's mistake in
  // one line, with the fix.  Things worth a word but no error are added to `warnings`.
  static Expected<CommandTemplate> compile(const CommandSpec& spec, const Context& context,
                                           std::vector<std::string>& warnings);

  CommandTemplate(CommandTemplate&&) noexcept;
  CommandTemplate& operator=(CommandTemplate&&) noexcept;
  ~CommandTemplate();

  // The process for one job; an error is the reason why this job could not start (a missing field,
  // a NUL, a value that is no integer in $((…))).
  Expected<Launch> build(const JobView& job) const;

  // What of the command line stays the same in every job, and what one record adds to it at most,
  // in bytes with NULs and without pointers: for the system's limit.  record_bytes() is called for
  // every record of the input and costs next to nothing where the record itself is the argument.
  std::size_t fixed_bytes() const;
  std::size_t fixed_words() const;  // strings in argv and of --env
  std::size_t record_bytes(const Record& record) const;
  std::size_t record_words() const;  // argv entries one record adds at most

  // What of record_bytes() the user asked for, for --max-bytes: without the copies of values that
  // travel into a script.
  std::size_t argument_bytes(const Record& record) const;

  // More than so many argument_bytes() in a job cannot be: a template joins them in one string.
  std::size_t most_argument_bytes() const;

  // Names of fields it uses.
  std::vector<std::string> field_names() const;

 private:
  struct Impl;
  explicit CommandTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One line for people and shells: `(cd DIR && NAME=VALUE argv…)`.  Pasted into a POSIX shell it
// does what the launch does, but for the stdin of a job that has none.  A newline inside an
// argument stays one, in quotes.
std::string paste(const Launch& launch);

}  // namespace distaff

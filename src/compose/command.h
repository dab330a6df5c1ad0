#pragma once

// From a job to the process it asks for: where the record goes, what runs without a shell, what is
// refused at the start.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "compose/launch_template.h"
#include "compose/template.h"
#include "model/launch.h"
#include "model/run_spec.h"

namespace distaff {

// The process that a CommandSpec makes of each job.
class CommandTemplate final : public LaunchTemplate {
 public:
  // What compile() has to know besides the command.
  struct Context {
    FieldScheme scheme;
    // Jobs hold several words for {}: batches, or tuples of `:::` values.
    bool several = false;
    bool tuples = false;             // records are tuples: each value is a word
    std::uint64_t most_records = 1;  // TemplateSyntax::most_records
    std::string record_end = "\n";   // as they came, for --stdin record
    // Looks at our own environment: BASH_ENV, BASH_FUNC_x%%, variables with a field's name.
    const char* const* environment = nullptr;
  };

  // Checks everything that can be checked before the first job: an error is the user's mistake in
  // one line, with the fix.  Things worth a word but no error are added to `warnings`.
  static Expected<CommandTemplate> compile(const CommandSpec& spec, const Context& context,
                                           std::vector<std::string>& warnings);

  CommandTemplate(CommandTemplate&&) noexcept;
  CommandTemplate& operator=(CommandTemplate&&) noexcept;
  ~CommandTemplate() override;

  Expected<Launch> build(const JobView& job) const override;
  bool looks_into_records() const override;
  std::string pasted(const Launch& launch) const override;
  std::vector<std::string> field_names() const override;
  std::size_t fixed_bytes() const override;
  std::size_t fixed_words() const override;
  std::size_t record_bytes(const Record& record, JobFill& fill) const override;
  std::size_t record_words() const override;
  std::size_t most_argument_bytes() const override;
  std::string problem_of_key(std::string_view key) const override;

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

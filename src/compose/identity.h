#pragma once

// Which job is the same as one of an earlier run: not the one at the same place of the input, but
// the one that does the same.
//
// An identity is a hash of the command as it was written and of the job's records, or of what --id
// makes of these.  Neither {#} nor {%} are in it, unless --id says so.  Two jobs of one run that do
// the same have equal identities: whoever needs to tell them apart counts them (numbered()).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "compose/launch_template.h"
#include "compose/template.h"
#include "model/ids.h"
#include "model/job.h"
#include "model/run_spec.h"

namespace distaff {

// For one thread.
class IdentityMaker {
 public:
  // Without a template the command and the records are the identity.  `command` must outlive it.
  IdentityMaker(const CommandSpec& spec, const LaunchTemplate& command,
                std::optional<Template> id = std::nullopt);

  // A job for which the template has no value (a missing field) cannot start for that or another
  // reason: its command and records are its identity.
  Identity of(const Job& job) const;

  // With --id: a hash of what is to be executed, whatever its number and slot; never 0.  It differs
  // if another thing is to be done under the same id.  Without --id always 0: it is all in the
  // identity.
  std::uint32_t work_of(const Job& job) const;

  // A hash of what all identities of a run have in common, the command or the template of --id;
  // never 0.  None of a run's identities are those of a run in which it is another.
  std::uint32_t common() const { return common_; }

  void collect_names(std::vector<std::string>& names) const;

 private:
  Identity hash_of(const Job& job) const;

  std::string prefix_;  // the command, digested: stands in front of what is hashed of each job
  const LaunchTemplate& command_;
  std::optional<Template> id_;
  std::uint32_t common_;
  mutable std::string room_;  // for what is hashed
};

// Of several equal ones, the n-th; the first is the identity itself.
Identity numbered(const Identity& identity, std::uint64_t n);

}  // namespace distaff

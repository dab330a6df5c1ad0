#pragma once

// What is decided before the first job: templates and keys, checked against the fields.

#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "compose/command.h"
#include "compose/group_key.h"
#include "compose/result_path.h"
#include "compose/template.h"
#include "engine/mutexes.h"
#include "input/open_source.h"
#include "model/run_spec.h"

namespace distaff {

struct Plan {
  std::optional<CommandTemplate> command;
  std::optional<GroupKey> key;
  std::optional<Template> tag;
  std::optional<ResultPath> result_path;
  std::optional<Template> id;
  std::optional<MutexTemplate> mutex;
  std::string record_end;      // as the records came
  bool packs_batches = false;  // nothing is needed of a batch but the texts of its records
  std::vector<std::string> warnings;
  std::string not_found_advice;
};

// Tells the source which fields are used.  Errors name the option and the fix.
Expected<Plan> make_plan(const RunSpec& spec, const OpenedSource& opened);

// Jobs may have several records.
inline bool batched(const RunSpec& spec) { return spec.batch.max_records != 1; }

}  // namespace distaff

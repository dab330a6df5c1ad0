#pragma once

// What a row tells of a job beyond its input: our columns, their values and their names.
//
// A column that has nothing to say of a job is missing there (JSON null, an empty CSV field):
//   exit, signal    of a job that was ended, or never ran; one of them is there otherwise
//   the times, max_rss_kib, slot   of a job that never ran
//   group           of a job without a key
//   error           of one that exited or was killed; else why it has neither status nor signal
// The time of day is not among them: a run that is done again gives the same rows but for how long
// things took.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"
#include "model/job.h"
#include "model/outcome.h"

namespace distaff {

struct JobColumn {
  std::string_view name;
  bool text = false;  // any bytes; else a number
};

// In the order of a row.  stdout and stderr come behind them.
inline constexpr std::array<JobColumn, 11> kJobColumns{{{"seq"},
                                                        {"attempts"},
                                                        {"exit"},
                                                        {"signal"},
                                                        {"run_s"},
                                                        {"user_s"},
                                                        {"sys_s"},
                                                        {"max_rss_kib"},
                                                        {"slot"},
                                                        {"group", true},
                                                        {"error", true}}};

// Missing is not the same as empty.
using JobValues = std::array<std::optional<std::string>, kJobColumns.size()>;

// `attempts` is how many there were, 0 if none could start.
JobValues job_values(const Job& job, const Attempt& attempt, int attempts, Slot slot);

// The texts of a batch's records, joined by a space; of one record its text.
std::string text_of(const Job& job);

// What stands in front of a column of ours so that it has a name of its own: nothing, or "job_" so
// often that `taken` knows it no more.
template <class Taken>
std::string job_prefix(std::string_view name, Taken taken) {
  std::string prefix;
  while (taken(prefix + std::string(name))) prefix += "job_";
  return prefix;
}

}  // namespace distaff

#pragma once

// How many jobs a run may have at once: what was asked, or less where descriptors do not suffice.
//
// A job that finds no descriptor waits for the end of another, so a few too many slots do no harm.
// But a run in which not even one job fits would wait for ever, and what a run opens for itself,
// such as the journal, it needs before the first job.  So descriptors are counted before the first
// is opened and again before the first job, and what is missing is said in numbers.

#include <cstdint>
#include <string>

#include "base/expected.h"
#include "exec/process_executor.h"
#include "model/run_spec.h"
#include "os/process_limits.h"
#include "os/startup.h"

namespace distaff {

struct DescriptorNeeds {
  int first = 0;  // what a run has open before its first job, at the least
  int later = 0;  // what it opens from then on, and what the start of one job takes for a moment
  int each = 0;   // what each running job takes

  int all() const { return first + later + each; }
  std::uint64_t for_jobs(int jobs) const {
    return static_cast<std::uint64_t>(each) * static_cast<unsigned>(jobs);
  }
};

// What becomes of what jobs write.
ProcessExecutor::Capture capture_of(const OutputSpec& output);

DescriptorNeeds needs_of_run(const RunSpec& spec);
DescriptorNeeds needs_of_fetch(const RunSpec& spec);

// Raises the soft limit to the hard one, unless what it allows is plenty: each job has to be given
// the old one back.
void make_room(const JobsSpec& jobs, const DescriptorNeeds& needs, Startup& startup);

// To be called before anything is opened.  An error of status 3 if not even one job can be run.
Expected<void> check_descriptors(const DescriptorNeeds& needs);

struct Slots {
  int count = 1;
  std::string warning;  // there are fewer than were asked for
};

// To be called when all that a run has open before its first job is open.  `most` bounds what fits
// where as many as fit are wanted.
Expected<Slots> slots_that_fit(const JobsSpec& jobs, const DescriptorNeeds& needs, int most);

}  // namespace distaff

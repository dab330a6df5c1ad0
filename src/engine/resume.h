#pragma once

// --journal and --resume: which jobs were done before.
//
// It knows each job by its identity; jobs of one run that do the same are told apart by counting
// them, so that of three equal ones two were done before, the third is run.

#include <cstdint>
#include <string>

#include "compose/identity.h"
#include "engine/identity_table.h"
#include "model/job.h"

namespace distaff {

class Resume {
 public:
  struct Options {
    bool skip_done = false;        // --resume
    bool skip_failed = false;      // and those whose last attempt failed
    const char* work = "command";  // what jobs have, as warnings call it
  };

  // `maker` must outlive it.
  Resume(Options options, const IdentityMaker& maker) : options_(options), maker_(maker) {}

  // What a journal says, oldest first: the last word on a job counts.  `work` is what work_of()
  // said then; 0 if it is not known.
  void learn(const Identity& identity, IdentityTable::State state, std::uint32_t work);

  // Gives a job its identity, in input order, each job once.  True: it was done before and is not
  // to be run.
  bool skips(Job& job);

  // What a line about the job should say of it: maker's work_of().
  std::uint32_t work_of(const Job& job) const { return maker_.work_of(job); }

  // Not empty once: jobs whose command changed under the same --id.
  std::string take_warning();

  // At the end: how many more such jobs there were than warnings said, as a line; or empty.
  std::string last_warning() const;

  const IdentityTable& table() const { return table_; }

 private:
  void warn_of_change(const Job& job);

  Options options_;
  const IdentityMaker& maker_;
  IdentityTable table_;
  std::uint64_t changed_ = 0;
  std::string warning_;
};

}  // namespace distaff

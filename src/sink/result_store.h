#pragma once

// Keeps what each job wrote, and what became of it, in a place of its own (--results).
//
// For each job that gets a place: open(), output()..., ended(), close().  Calls for a job that has
// none are ignored.

#include <string>
#include <string_view>

#include "base/expected.h"
#include "model/ids.h"
#include "model/job.h"
#include "model/outcome.h"

namespace distaff {

class ResultStore {
 public:
  virtual ~ResultStore() = default;

  // Takes the place for a job that is about to start.  A job that has it already is tried again:
  // what it wrote is forgotten.  Errors: status 3 if the run cannot go on, else it is only this job
  // that cannot have it.
  virtual Expected<void> open(JobId job, const std::string& place) = 0;

  // It did not start, and will be opened again later: the place is free.
  virtual void drop(JobId job) = 0;

  virtual void output(JobId job, Stream stream, std::string_view bytes) = 0;

  // What became of it.  `attempts` is how many there were, 0 if none could start.
  virtual void ended(const Job& job, const Attempt& attempt, int attempts, Slot slot) = 0;

  // No more output will come: the results get their names.
  virtual void close(JobId job) = 0;

  // Not empty: something could not be written, and what.  From then on nothing is kept, and the run
  // should stop.
  virtual const std::string& failure() const = 0;
};

}  // namespace distaff

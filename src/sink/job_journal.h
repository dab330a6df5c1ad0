#pragma once

// The durable record of what was done, as the engine sees it (--journal).

#include <string>
#include <string_view>

#include "base/time.h"
#include "sink/observer.h"

namespace distaff {

class JobJournal {
 public:
  virtual ~JobJournal() = default;

  // The line for an attempt.  It is to be given to write() when what the attempt wrote is out, and
  // not before: whoever finds the line may rely on it.
  virtual std::string line(const AttemptReport& report) = 0;

  // They may wait a few milliseconds for more of them.
  virtual void write(std::string_view lines, TimePoint now) = 0;
};

}  // namespace distaff

#pragma once

// The durable record of what was done, as the engine sees it (--journal).

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/ids.h"
#include "model/outcome.h"
#include "sink/observer.h"

namespace distaff {

// How a job ended in an earlier run.
struct EarlierEnd {
  Identity identity;
  Attempt attempt;
  int attempts = 0;
};

class JobJournal {
 public:
  virtual ~JobJournal() = default;

  // The line for an attempt.  It is to be given to write() when what the attempt wrote is out, and
  // not before: whoever finds the line may rely on it.
  virtual std::string line(const AttemptReport& report) = 0;

  // They may wait a few milliseconds for more of them.
  virtual void write(std::string_view lines, TimePoint now) = 0;

  // Of a job that was done then, for a report that is to be whole; nothing if it cannot be told.
  virtual std::optional<EarlierEnd> earlier(const Identity& identity) {
    static_cast<void>(identity);
    return std::nullopt;
  }
};

}  // namespace distaff

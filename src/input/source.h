#pragma once

// Where records come from, one at a time and never before they are asked for.

#include <memory>

#include "base/expected.h"
#include "model/record.h"
#include "model/run_spec.h"

namespace distaff {

class Source {
 public:
  enum class Next {
    record,  // `record` holds the next one
    wait,  // nothing yet, or a long stretch without a record: ask again when wait_fd() is readable
    end,   // there will be no more
    failed,  // error() says why; what came before is good
  };

  virtual ~Source() = default;

  // Never blocks, and reads at most one buffer (64 KiB) ahead of the record it gives.
  virtual Next next(Record& record) = 0;

  // Readable when next() may have more; -1 before it first said wait.  It may be another one after
  // each wait, and none is closed before the source goes.
  virtual int wait_fd() const { return -1; }

  // Names file and line.
  virtual const Error& error() const = 0;

  // Known for certain once there was a record.
  virtual Framing framing() const { return {}; }

  // Something about the input that deserves one line on stderr (lines that end in CR), or empty.
  virtual std::string take_warning() { return {}; }
};

}  // namespace distaff

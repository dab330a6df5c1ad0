#pragma once

// A job's block as one row of a table: what is known of the job, then its stdout and stderr as
// values of their columns.
//
// The collator writes a row in pieces, since the output may be larger than memory:
//   header()                          once, before anything else
//   begin(head)                       with what head() made when the job ended, kept until its turn
//   before(out) encode()... after(out)
//   before(err) encode()... after(err)
//   tail()
// Only one row is written at a time, so an encoder may keep what it needs between two calls.

#include <string>
#include <string_view>

#include "model/ids.h"
#include "model/job.h"
#include "model/outcome.h"

namespace distaff {

class RowFormat {
 public:
  virtual ~RowFormat() = default;

  virtual std::string header() const { return {}; }

  // The row up to its streams, to be given to begin(): it may also hold what the format needs to
  // know about this job there.  `attempts` is how many there were, 0 if none could start.
  virtual std::string head(const Job& job, const Attempt& attempt, int attempts, Slot slot) = 0;

  virtual void begin(std::string_view head, std::string& row) { row += head; }

  // `text` is true if all bytes of the stream together are valid UTF-8.
  virtual void before(Stream stream, bool text, std::string& row) = 0;
  virtual void encode(std::string_view bytes, std::string& row) = 0;
  virtual void after(Stream stream, std::string& row) = 0;
  virtual void tail(std::string& row) = 0;
};

}  // namespace distaff

#pragma once

// A job as a row of CSV (RFC 4180, lines end in \n), behind one row with the names.
//
// The columns are those of the input as far as they are known before its first record: the names of
// a table or of captures, 1 2 3 … where it is certain how many there are.  Else, and for batches,
// there is the one column `record`, its text as it came.  Values beyond the last column are left
// out.  Then come ours, and stdout and stderr.
//
// Bytes are written as they are, NUL and invalid UTF-8 too.  A value is quoted where it has to be,
// and also if a blank at its ends might get lost; an empty one is "", which tells it from a missing
// one for those who care.

#include <string>
#include <string_view>
#include <vector>

#include "collate/row_format.h"
#include "model/record.h"

namespace distaff {

class CsvRows final : public RowFormat {
 public:
  // `scheme` is that of the records, whether or not they come in batches.
  // On a terminal what the input says is shown without control characters; what jobs write is
  // theirs.
  CsvRows(const FieldScheme& scheme, bool batched, bool on_terminal = false);

  std::string header() const override;
  std::string head(const Job& job, const Attempt& attempt, int attempts, Slot slot) override;
  void before(Stream stream, bool text, std::string& row) override;
  void encode(std::string_view bytes, std::string& row) override;
  void after(Stream stream, std::string& row) override;
  void tail(std::string& row) override;

 private:
  bool on_terminal_;
  bool whole_records_ = false;  // the input's one column is `record`
  std::vector<std::string> input_;
};

}  // namespace distaff

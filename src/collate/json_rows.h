#pragma once

// A job as a JSON object on one line: the input's columns, ours, stdout and stderr.
//
// The input's columns are the record's fields by name or else by number ("1", "2"), and `record`,
// the text, of a record without fields or a batch.  Their values are strings, as the job gets them;
// one that is missing is null.  Ours are numbers and strings.
//
// Names are unique within an object:
//   - of several input columns with one name the later ones are called name_2, name_3;
//   - ours gives way to the input's: exit is then job_exit;
//   - a name that is no UTF-8 is written with \xHH in it.
// Bytes that are no UTF-8 are no JSON: such a value, and such a stream, is NAME_b64 in place of
// NAME, in base64.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "collate/job_columns.h"
#include "collate/row_format.h"
#include "model/record.h"

namespace distaff {

class JsonRows final : public RowFormat {
 public:
  struct Options {
    bool batched = false;  // -n: a job may have several records
    // Not empty: a last column `run` of ours, and no streams; for those who write only begin() and
    // tail().
    std::string run;
    bool on_terminal = false;  // what the input says is shown without control characters
  };

  explicit JsonRows(Options options) : options_(std::move(options)) {}

  std::string head(const Job& job, const Attempt& attempt, int attempts, Slot slot) override;
  void begin(std::string_view head, std::string& row) override;
  void before(Stream stream, bool text, std::string& row) override;
  void encode(std::string_view bytes, std::string& row) override;
  void after(Stream stream, std::string& row) override;
  void tail(std::string& row) override;

 private:
  // A column's name as it stands in front of its value: ,"NAME":
  struct Key {
    std::string text;
    std::string binary;  // where the value is base64
  };
  // The columns of records that have the same names.
  struct Columns {
    std::shared_ptr<const FieldNames> names;
    std::vector<Key> input;
    std::array<Key, kJobColumns.size()> ours;
    std::string run;                     // the key of that column
    std::string out_prefix, err_prefix;  // what stands before "stdout", "stderr"
  };

  const Columns& columns_of(const Record& record);
  static Columns make_columns(std::shared_ptr<const FieldNames> names,
                              std::vector<std::string> input);
  static void append_text(const Key& key, const std::optional<std::string>& value,
                          std::string& row);

  Options options_;
  std::optional<Columns> by_record_;  // for `record` alone
  std::optional<Columns> by_fields_;  // of the last record that had fields

  // Of the row that is being written.
  std::string out_prefix_, err_prefix_;
  bool text_ = true;
  Base64 base64_;
};

}  // namespace distaff

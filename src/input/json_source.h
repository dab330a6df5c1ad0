#pragma once

// Records from JSON lines: one object a line, its members are the fields.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "input/line_reader.h"
#include "input/source.h"

namespace distaff {

class JsonObjectReader;

// Numbers are given as they were written, null as an empty value, arrays and objects as JSON
// without blanks.  Strings may hold bytes that are no UTF-8.  Of several members with one name the
// last counts.
class JsonSource final : public Source {
 public:
  // A line of more than `most` bytes is a record that is no job.
  JsonSource(FileSequence files, std::uint64_t most);
  ~JsonSource() override;

  // Names such as "a.b", a member of a member: each is a field of every record, after those of the
  // object itself, and missing where the object has none.
  void want(const std::vector<std::string>& paths);

  // Waits for the first object: the names of its members, and of members in them ("a.b").  Nothing
  // if the first lines are none.  The records come all the same.
  FieldNames first_names();

  Next next(Record& record) override;
  int wait_fd() const override { return lines_.wait_fd(); }
  const Error& error() const override { return lines_.error(); }
  std::string take_warning() override;

 private:
  Next next_of_lines(Record& record);
  void make_record(std::string_view line, Record& record);

  LineReader lines_;
  std::unique_ptr<JsonObjectReader> reader_;
  std::deque<Record> ahead_;  // read for first_names()
  bool warned_ = false;
  std::string warning_;
};

}  // namespace distaff

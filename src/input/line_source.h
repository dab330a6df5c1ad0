#pragma once

// Records from lines, NUL-ended strings and strings with a delimiter of their own.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "input/line_fields.h"
#include "input/line_reader.h"
#include "input/source.h"

namespace distaff {

class LineSource final : public Source {
 public:
  struct Options {
    std::string delimiter = "\n";
    bool skip_empty = true;
    bool trimmed = false;  // of lines: blanks around a record, and a CR, are no part of it
    std::uint64_t most = UINT64_MAX;  // bytes of a record; a longer one is no job
  };

  // `fields` may be null: then records have none.
  LineSource(FileSequence files, Options options, std::unique_ptr<LineFields> fields);

  Next next(Record& record) override;
  int wait_fd() const override { return lines_.wait_fd(); }
  const Error& error() const override { return lines_.error(); }
  Framing framing() const override { return {{}, delimiter_}; }
  std::string take_warning() override;

 private:
  bool make_record(std::string_view line, Record& record);
  void make_lost(Record& record);
  bool is_empty(std::string_view line);
  void warn_of_cr();

  std::string delimiter_;
  LineReader lines_;
  bool skip_empty_;
  bool trimmed_;
  bool lines_of_text_;
  bool watch_for_cr_;
  bool all_end_in_cr_ = true;  // of this file's lines, so far
  bool nul_is_delimiter_;
  std::unique_ptr<LineFields> fields_;
  std::string warning_;
};

}  // namespace distaff

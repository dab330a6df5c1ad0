#pragma once

// Records from CSV and TSV: one a row, its fields by number and, with a header, by name.
//
// CSV is what Python's csv module takes it for.  A field that begins with a quote goes to the next
// quote that is not doubled; everywhere else a quote is a byte like any other, and what stands
// between a closing quote and the separator belongs to the field.  So no row of any file is a
// mistake, but a quote that is never closed; one warning names the first odd one, since the writer
// of the file may have meant something else.  Rows end in LF, CR or both.
//
// TSV has no quotes at all: fields end at a tab, rows at a newline.  A CR before it belongs to the
// line end if the first row of the file has one there, else to the field.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "input/file_sequence.h"
#include "input/source.h"

namespace distaff {

class CsvSource final : public Source {
 public:
  struct Options {
    char separator = ',';
    bool quotes = true;  // CSV; else TSV
    bool header = true;  // the first row of each file gives the names; all say the same
    std::uint64_t most = UINT64_MAX;  // bytes of a row; a longer one is a record that is no job
  };

  CsvSource(FileSequence files, Options options);

  // Waits for the header.  The names stay null if no file has one, which means there are no
  // records either.
  Expected<void> read_header();
  const std::shared_ptr<const FieldNames>& names() const { return names_; }

  bool has_header() const { return options_.header; }

  // Waits for the first row, which is a record where there is no header, and how many fields it
  // has; next() gives it all the same.  0: there is none.
  std::size_t first_row_fields();

  // A row with more fields than the header has them by number only; a short one has fewer.
  Next next(Record& record) override;
  int wait_fd() const override { return files_.wait_fd(); }
  const Error& error() const override { return error_; }
  Framing framing() const override { return {header_text_, ends_in_cr_ ? "\r\n" : "\n"}; }
  std::string take_warning() override;

 private:
  enum class Row {
    row,
    too_long,  // there is one, and its rest is skipped
    wait,
    end,
    failed,
  };
  enum class State : unsigned char {
    field_begins,
    plain,
    quoted,
    quote_in_quoted,  // it closes the field, or is the first of two
  };

  Row read_row();
  Row finish_file();
  bool end_row();
  bool is_too_long();
  void give(Record& record);
  void give_lost(Record& record);
  Row fail_at(std::uint64_t line, std::string what);
  void begin_file();
  void begin_row();
  void take(std::string_view data);
  std::size_t scan(std::string_view data);
  std::size_t scan_plain(std::string_view data, std::size_t at);
  std::size_t scan_quoted(std::string_view data, std::size_t at);
  bool ends_row(char c) const { return c == '\n' || (c == '\r' && options_.quotes); }
  void keep(std::string_view bytes);
  void skip_line_ends();
  void count_line_end(char c);
  void take_bom();
  void drop_cr();
  bool take_header();
  void warn_of_quote();
  void warn_of_length();
  std::string too_long() const;
  std::string place(std::uint64_t line) const;

  FileSequence files_;
  Options options_;
  std::array<bool, 256> special_{};  // bytes that end or mark something in a plain field
  std::shared_ptr<const FieldNames> names_;
  std::string header_file_, header_text_;  // where the names came from

  // The file being read.
  std::size_t file_number_ = 0;
  bool header_next_ = false;
  bool first_row_ = true;
  bool cr_before_lf_ = false;  // TSV: its rows end in CR LF
  std::size_t bom_seen_ = 0;   // bytes of it; kNoBom: no longer looked for
  std::uint64_t line_ = 1;     // the one that the next byte belongs to
  bool after_cr_ = false;      // a newline now is no further line end

  // The row being read.
  State state_ = State::field_begins;
  bool begun_ = false;     // it has a byte
  bool row_done_ = false;  // it is whole
  bool skipping_ = false;  // it is too long: nothing of it is kept
  std::uint64_t row_line_ = 1, quote_line_ = 1;
  std::string text_;
  std::vector<std::optional<std::string>> fields_;
  std::optional<Row> row_ahead_;  // it was read before next() asked for it
  bool ends_in_cr_ = false;       // the last row that had a line end

  bool warned_ = false, warned_of_length_ = false;
  std::string warning_, length_warning_;
  bool failed_ = false;
  Error error_;
};

}  // namespace distaff

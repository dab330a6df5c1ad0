#pragma once

// Records from CSV and TSV: one a row, its fields by number and, with a header, by name.
//
// libcsv takes the quotes apart; we hand it the bytes up to each line end, so that it never sees
// more than the row that was asked for, and keep them: they are the record's text.

#include <csv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "input/file_sequence.h"
#include "input/source.h"

namespace distaff {

class CsvSource final : public Source {
 public:
  struct Options {
    char delimiter = ',';
    bool header = true;  // the first row of each file gives the names; all say the same
  };

  CsvSource(FileSequence files, Options options);
  ~CsvSource() override;
  CsvSource(const CsvSource&) = delete;
  CsvSource& operator=(const CsvSource&) = delete;

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

 private:
  enum class Row { row, wait, end, failed };

  static void on_field(void* bytes, std::size_t size, void* self);
  static void on_row(int terminator, void* self);

  Row read_row();
  Row finish_file();
  Row fail_at(std::uint64_t line, std::string what);
  bool feed(std::string_view bytes);
  void begin_file();
  void begin_row();
  std::string_view next_piece();
  void skip_line_ends();
  void count_line_end(char c);
  void take_bom();
  bool take_header();
  std::string mistake() const;

  FileSequence files_;
  Options options_;
  csv_parser parser_;
  std::shared_ptr<const FieldNames> names_;
  std::string header_file_, header_text_;  // where the names came from

  // The file being read.
  std::size_t file_number_ = 0;
  bool header_next_ = false;
  std::size_t bom_seen_ = 0;  // bytes of it; kNoBom: no longer looked for
  std::uint64_t line_ = 1;    // the one that the next byte belongs to
  bool after_cr_ = false;     // a newline now is no further line end

  // The row being read.
  std::uint64_t row_line_ = 1;
  std::string text_;
  std::vector<std::optional<std::string>> fields_;
  bool row_done_ = false;
  bool row_ahead_ = false;   // it was read before next() asked for it
  bool ends_in_cr_ = false;  // the last row that had a line end

  bool failed_ = false;
  Error error_;
};

}  // namespace distaff

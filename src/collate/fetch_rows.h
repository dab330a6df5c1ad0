#pragma once

// The report of `distaff fetch`: one row for each URL, CSV or JSON lines.
//
// A row has the input's columns, then ours: url final_url status error attempts mime bytes seconds
// path etag last_modified note.  Ours give way to the input's: `url` is then fetch_url.  Lines have
// no columns, they are the URL.  What a row of the input has beyond its columns stands behind ours,
// so that these keep their places; in JSON its name is its number.
//
// What the input said is not touched: rows of CSV and objects of JSON lines are copied as they came
// where the report has the same form.

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "collate/row_format.h"
#include "model/record.h"
#include "model/run_spec.h"

namespace distaff {

class FetchRows final : public RowFormat {
 public:
  struct Options {
    bool json = false;
    RecordFormat input = RecordFormat::lines;
    bool rows_as_they_are = false;  // of the input: it is CSV with commas
    FieldScheme scheme;             // of a table without a header, with the count of its columns
    std::string input_header;       // as it came, of CSV that has one; empty: from the scheme
    // What servers and lists say is shown to eyes: control characters are escaped.
    bool on_terminal = false;
    // What is asked for; the row shows it without its secrets.
    std::function<std::string(const Job&)> url_of;
  };

  explicit FetchRows(Options options);

  std::string header() const override;
  std::string head(const Job& job, const Attempt& attempt, int attempts, Slot slot) override;

  // There are no streams.
  void before(Stream, bool, std::string&) override {}
  void encode(std::string_view, std::string&) override {}
  void after(Stream, std::string&) override {}
  void tail(std::string&) override {}

 private:
  static constexpr std::size_t kColumns = 12;

  bool is_table() const;
  std::string seen(std::string row) const;
  std::string csv_head(const Job& job, const Attempt& attempt, int attempts) const;
  std::string json_head(const Job& job, const Attempt& attempt, int attempts) const;
  void append_input(const Record& record, std::string& row) const;
  void append_rest(const Record& record, std::string& row) const;

  Options options_;
  std::vector<std::string> input_;               // names of the input's columns
  std::array<std::string, kColumns> csv_names_;  // ours
};

// Why there is no whole response; empty if there is one.
std::string error_of(const Outcome& outcome);

}  // namespace distaff

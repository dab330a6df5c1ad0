#include "collate/csv_rows.h"

#include <algorithm>
#include <optional>

#include "base/csv_text.h"
#include "base/text.h"
#include "collate/job_columns.h"

namespace distaff {
CsvRows::CsvRows(const FieldScheme& scheme, bool batched, bool on_terminal)
    : on_terminal_(on_terminal) {
  if (!batched && scheme.kind == FieldScheme::Kind::named) {
    input_ = scheme.names;
  } else if (!batched && scheme.kind == FieldScheme::Kind::numbered && scheme.count) {
    for (std::size_t i = 1; i <= *scheme.count; ++i) input_.push_back(std::to_string(i));
  } else {
    whole_records_ = true;
    input_.emplace_back("record");
  }
}

std::string CsvRows::header() const {
  std::string row;
  for (const std::string& name : input_) {
    append_csv_value(name, row);
    row += ',';
  }
  if (on_terminal_) row = printable(row, row.npos);
  const auto append_ours = [&](std::string_view name) {
    row += job_prefix(name, [&](const std::string& wanted) {
      return std::find(input_.begin(), input_.end(), wanted) != input_.end();
    });
    row += name;
  };
  for (const JobColumn& column : kJobColumns) {
    append_ours(column.name);
    row += ',';
  }
  append_ours("stdout");
  row += ',';
  append_ours("stderr");
  return row += '\n';
}

std::string CsvRows::head(const Job& job, const Attempt& attempt, int attempts, Slot slot) {
  std::string row;
  if (whole_records_) {
    append_csv_value(text_of(job), row);
    row += ',';
  } else {
    const auto& fields = job.records.front().fields;
    for (std::size_t i = 0; i < input_.size(); ++i) {
      if (i < fields.size() && fields[i]) append_csv_value(*fields[i], row);
      row += ',';
    }
  }
  for (const std::optional<std::string>& value : job_values(job, attempt, attempts, slot)) {
    if (value) append_csv_value(*value, row);
    row += ',';
  }
  return on_terminal_ ? printable(row, row.npos) : row;
}

// Quoted always: only at the end would be known whether it has to be.
void CsvRows::before(Stream, bool, std::string& row) { row += '"'; }

void CsvRows::encode(std::string_view bytes, std::string& row) { append_csv_doubled(bytes, row); }

void CsvRows::after(Stream stream, std::string& row) {
  row += stream == Stream::out ? "\"," : "\"";
}

void CsvRows::tail(std::string& row) { row += '\n'; }

}  // namespace distaff

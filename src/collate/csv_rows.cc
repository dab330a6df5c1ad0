#include "collate/csv_rows.h"

#include <algorithm>
#include <optional>

#include "collate/job_columns.h"

namespace distaff {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool needs_quotes(std::string_view value) {
  return value.empty() || is_blank(value.front()) || is_blank(value.back()) ||
         value.find_first_of(",\"\r\n") != value.npos;
}

void append_doubled(std::string_view bytes, std::string& row) {
  while (true) {
    const std::size_t quote = bytes.find('"');
    if (quote == bytes.npos) break;
    row.append(bytes.substr(0, quote + 1));
    row += '"';
    bytes.remove_prefix(quote + 1);
  }
  row.append(bytes);
}

void append_value(std::string_view value, std::string& row) {
  if (!needs_quotes(value)) {
    row += value;
    return;
  }
  row += '"';
  append_doubled(value, row);
  row += '"';
}

}  // namespace

CsvRows::CsvRows(const FieldScheme& scheme, bool batched) {
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
    append_value(name, row);
    row += ',';
  }
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
    append_value(text_of(job), row);
    row += ',';
  } else {
    const auto& fields = job.records.front().fields;
    for (std::size_t i = 0; i < input_.size(); ++i) {
      if (i < fields.size() && fields[i]) append_value(*fields[i], row);
      row += ',';
    }
  }
  for (const std::optional<std::string>& value : job_values(job, attempt, attempts, slot)) {
    if (value) append_value(*value, row);
    row += ',';
  }
  return row;
}

// Quoted always: only at the end would be known whether it has to be.
void CsvRows::before(Stream, bool, std::string& row) { row += '"'; }

void CsvRows::encode(std::string_view bytes, std::string& row) { append_doubled(bytes, row); }

void CsvRows::after(Stream stream, std::string& row) {
  row += stream == Stream::out ? "\"," : "\"";
}

void CsvRows::tail(std::string& row) { row += '\n'; }

}  // namespace distaff

#include "collate/fetch_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/csv_text.h"
#include "base/json_members.h"
#include "base/json_text.h"
#include "base/secrets.h"
#include "base/text.h"

namespace distaff {
namespace {

struct Column {
  std::string_view name;
  bool text;
};

constexpr std::array<Column, 12> kOurs{{{"url", true},
                                        {"final_url", true},
                                        {"status", false},
                                        {"error", true},
                                        {"attempts", false},
                                        {"mime", true},
                                        {"bytes", false},
                                        {"seconds", false},
                                        {"path", true},
                                        {"etag", true},
                                        {"last_modified", true},
                                        {"note", true}}};

using Values = std::array<std::string, kOurs.size()>;

// "0.120"
std::string seconds_text(Duration time) {
  const auto all = std::chrono::round<std::chrono::milliseconds>(time).count();
  std::string text = fmt::format_int(all / 1000).str() + ".000";
  for (auto [rest, at] = std::pair(all % 1000, text.size()); rest > 0; rest /= 10) {
    text[--at] = static_cast<char>('0' + rest % 10);
  }
  return text;
}

// An empty one is missing.
Values values_of(const Response& response, const Outcome& outcome, const Usage& usage, int attempts,
                 std::string_view url) {
  const bool begun = response.status != 0;
  std::string shown = mask_url(url);
  std::string final_url = response.url == url ? shown : mask_url(response.url);
  return {std::move(shown),
          std::move(final_url),
          begun ? fmt::format_int(response.status).str() : std::string(),
          error_of(outcome),
          fmt::format_int(attempts).str(),
          response.mime,
          begun ? fmt::format_int(response.earlier_bytes.value_or(response.bytes)).str()
                : std::string(),
          attempts == 0 ? std::string() : seconds_text(usage.wall),
          response.path,
          response.etag,
          response.last_modified,
          response.note};
}

std::string prefix_of(std::string_view name, const std::set<std::string, std::less<>>& taken) {
  std::string prefix;
  while (taken.contains(prefix + std::string(name))) prefix += "fetch_";
  return prefix;
}

// Of a field: its column's, or its number where there is none or an earlier one has that name.
std::string taken_name(std::size_t field, const std::vector<std::string>& names,
                       std::set<std::string, std::less<>>& taken) {
  if (field < names.size() && taken.insert(names[field]).second) return names[field];
  std::string name = std::to_string(field + 1);
  while (!taken.insert(name).second) name.insert(0, "column_");
  return name;
}

void append_json_member(std::string_view name, std::string_view value, std::string& row) {
  if (row.back() != '{') row += ',';
  if (is_valid_utf8(value)) {
    append_json_string(name, row);
    append_json_string(value, row += ':');
  } else {
    append_json_string(std::string(name) + "_b64", row);
    row += ":\"" + base64(value) + '"';
  }
}

void append_json_null(std::string_view name, std::string& row) {
  if (row.back() != '{') row += ',';
  append_json_string(name, row);
  row += ":null";
}

}  // namespace

std::string error_of(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::responded) return {};
  if (outcome.reason.empty()) return describe(outcome);
  if (outcome.kind == Outcome::Kind::not_started && outcome.value != Outcome::kBadHost) {
    return outcome.reason;
  }
  return describe(outcome) + ": " + outcome.reason;
}

FetchRows::FetchRows(Options options) : options_(std::move(options)) {
  const FieldScheme& scheme = options_.scheme;
  if (scheme.kind == FieldScheme::Kind::named) input_ = scheme.names;
  const bool table = is_table();
  const std::size_t count = scheme.count.value_or(0);
  if (scheme.kind == FieldScheme::Kind::numbered && (table || count > 1)) {
    for (std::size_t i = 1; i <= count; ++i) input_.push_back(std::to_string(i));
  }
  const std::set<std::string, std::less<>> taken(input_.begin(), input_.end());
  for (std::size_t i = 0; i < kOurs.size(); ++i) {
    csv_names_[i] = prefix_of(kOurs[i].name, taken).append(kOurs[i].name);
  }
}

bool FetchRows::is_table() const {
  return options_.input == RecordFormat::csv || options_.input == RecordFormat::tsv;
}

std::string FetchRows::header() const {
  if (options_.json) return {};
  std::string row = options_.input_header;
  if (row.empty()) {
    for (const std::string& name : input_) {
      if (!row.empty()) row += ',';
      append_csv_value(name, row);
    }
  }
  for (const std::string& name : csv_names_) {
    if (!row.empty()) row += ',';
    row += name;
  }
  return seen(row += '\n');
}

std::string FetchRows::head(const Job& job, const Attempt& attempt, int attempts, Slot) {
  return seen(options_.json ? json_head(job, attempt, attempts) : csv_head(job, attempt, attempts));
}

std::string FetchRows::seen(std::string row) const {
  if (!options_.on_terminal) return row;
  row.pop_back();
  return (options_.json ? printable_json(row) : printable(row, row.npos)) + '\n';
}

// Each field with a comma behind it.  A short row gets what it lacks.
void FetchRows::append_input(const Record& record, std::string& row) const {
  if (input_.empty()) return;
  const auto& fields = record.fields;
  std::size_t i = 0;
  if (options_.rows_as_they_are && !fields.empty()) {
    row.append(record.text, 0, end_of_csv_fields(record.text, input_.size()));
    row += ',';
    i = fields.size();
  }
  for (; i < input_.size(); ++i) {
    if (i < fields.size() && fields[i]) append_csv_value(*fields[i], row);
    row += ',';
  }
}

// What is behind the columns of the input.
void FetchRows::append_rest(const Record& record, std::string& row) const {
  const auto& fields = record.fields;
  if (!is_table() || input_.empty() || fields.size() <= input_.size()) return;
  if (options_.rows_as_they_are) {
    row.append(record.text, end_of_csv_fields(record.text, input_.size()));
    return;
  }
  for (std::size_t i = input_.size(); i < fields.size(); ++i) {
    row += ',';
    if (fields[i]) append_csv_value(*fields[i], row);
  }
}

std::string FetchRows::csv_head(const Job& job, const Attempt& attempt, int attempts) const {
  std::string row;
  row.reserve(256);
  append_input(job.records.front(), row);
  static const Response none;
  const Response& response = attempt.response ? *attempt.response : none;
  const Values values =
      values_of(response, attempt.outcome, attempt.usage, attempts, options_.url_of(job));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) row += ',';
    if (!values[i].empty()) append_csv_value(values[i], row);
  }
  append_rest(job.records.front(), row);
  return row += '\n';
}

std::string FetchRows::json_head(const Job& job, const Attempt& attempt, int attempts) const {
  const Record& record = job.records.front();
  std::string row = "{";
  std::set<std::string, std::less<>> taken;
  if (options_.input == RecordFormat::jsonl && !record.problem.empty()) {
    append_json_member("record", record.text, row);  // it is no object
    taken.insert("record");
  } else if (options_.input == RecordFormat::jsonl && is_valid_utf8(record.text)) {
    row += json_inside(record.text);
    std::string_view name, value;
    for (JsonMembers members(record.text); members.next(name, value);) taken.emplace(name);
  } else {
    const auto& names = record.names ? *record.names : input_;
    const auto& fields = record.fields;
    const std::size_t count =
        is_table() ? std::max(fields.size(), input_.size()) : std::min(fields.size(), names.size());
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_there = i < fields.size() && fields[i];
      if (!is_there && !is_table()) continue;
      const std::string name = taken_name(i, names, taken);
      is_there ? append_json_member(name, *fields[i], row) : append_json_null(name, row);
    }
  }
  static const Response none;
  const Response& response = attempt.response ? *attempt.response : none;
  const Values values =
      values_of(response, attempt.outcome, attempt.usage, attempts, options_.url_of(job));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string name = prefix_of(kOurs[i].name, taken).append(kOurs[i].name);
    if (kOurs[i].text && !values[i].empty()) {
      append_json_member(name, values[i], row);
      continue;
    }
    if (row.back() != '{') row += ',';
    append_json_string(name, row);
    row += ':';
    row += values[i].empty() ? "null" : values[i];
  }
  return row += "}\n";
}

}  // namespace distaff

#include "base/csv_text.h"

#include <algorithm>

namespace distaff {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool needs_quotes(std::string_view value) {
  return value.empty() || is_blank(value.front()) || is_blank(value.back()) ||
         std::any_of(value.begin(), value.end(),
                     [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; });
}

}  // namespace

void append_csv_doubled(std::string_view bytes, std::string& row) {
  while (true) {
    const std::size_t quote = bytes.find('"');
    if (quote == bytes.npos) break;
    row.append(bytes.substr(0, quote + 1));
    row += '"';
    bytes.remove_prefix(quote + 1);
  }
  row.append(bytes);
}

void append_csv_value(std::string_view value, std::string& row) {
  if (!needs_quotes(value)) {
    row += value;
    return;
  }
  row += '"';
  append_csv_doubled(value, row);
  row += '"';
}

std::size_t end_of_csv_fields(std::string_view row, std::size_t count) {
  bool begins = true;
  bool quoted = false;
  for (std::size_t at = 0; at < row.size(); ++at) {
    if (row[at] == '"' && (begins || quoted)) quoted = !quoted;
    // A quote within quotes is two: it ends them, and begins them again.
    begins = !quoted && row[at] == '"' && row.substr(at + 1).starts_with('"');
    if (quoted || row[at] != ',') continue;
    if (--count == 0) return at;
    begins = true;
  }
  return row.size();
}

}  // namespace distaff

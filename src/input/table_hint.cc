#include "input/table_hint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

struct Table {
  char delimiter;
  std::string_view option;
};

constexpr Table kTables[] = {{',', "--csv"},
                             {'\t', "--tsv"},
                             {';', "--csv --separator ';'"},
                             {'|', "--csv --separator '|'"}};

// The option by which `line` would be the header of a table with a column `name`, or a JSON object
// with such a member; empty if it is neither.
std::string_view format_with(std::string_view line, const std::string& name) {
  if (line.starts_with('{')) {
    return line.find("\"" + name + "\"") != line.npos ? "--jsonl" : "";
  }
  for (const auto& [delimiter, option] : kTables) {
    if (line.find(delimiter) == line.npos) continue;
    for (std::string_view rest = line; !rest.empty();) {
      const std::size_t end = std::min(rest.find(delimiter), rest.size());
      std::string_view cell = rest.substr(0, end);
      if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') {
        cell = cell.substr(1, cell.size() - 2);
      }
      if (cell == name) return option;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

}  // namespace

Source::Next TableHint::next(Record& record) {
  if (error_) return Next::failed;
  const Next got = source_->next(record);
  if (got != Next::record || words_.empty()) return got;
  std::string_view line = record.text;
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (const std::string& word : words_) {
    const std::string_view option = format_with(line, word);
    if (option.empty()) continue;
    error_ = Error{fmt::format(
        "{{{0}}} stands for nothing, since lines have no names; the first one holds '{0}', so {1} "
        "seems to be missing (if the braces are to stay, add -I %)",
        printable(word, 60), option)};
    return Next::failed;
  }
  words_.clear();
  return got;
}

std::string TableHint::take_warning() {
  if (words_.empty() && !warning_.empty()) return std::exchange(warning_, {});
  return source_->take_warning();
}

}  // namespace distaff

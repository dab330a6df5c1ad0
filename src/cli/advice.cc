#include "cli/advice.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "compose/misread.h"
#include "input/table_hint.h"
#include "os/file_text.h"

namespace distaff {
namespace {

// A cell that is a number in the first place, a mail address or a URL is hardly a column's name.
bool looks_like_a_record(const FieldNames& names) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!names.empty() && !names[0].empty() &&
      std::all_of(names[0].begin(), names[0].end(), is_digit)) {
    return true;
  }
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("://") != name.npos || name.find('@') != name.npos;
  });
}

}  // namespace

Expected<void> check_output_file(const TemplateSyntax& syntax) {
  const std::string name = file_name_of(STDOUT_FILENO);
  if (name.empty()) return {};
  const auto read = Template::parse(name, syntax);
  if (!read || !read->has_record()) return {};
  return fail(fmt::format(
      "the output goes to one file with the name '{}': for a file a job put the command "
      "and its > into one word in quotes, as in distaff 'sort {{}} > {{}}.sorted'",
      printable(name)));
}

std::string advice_on_program(const CommandSpec& command) {
  const std::string& first = command.words.empty() ? std::string() : command.words[0];
  const bool is_file = command.words.size() == 1 && first.find(' ') != first.npos &&
                       access(first.c_str(), X_OK) == 0;
  if (!is_file) return advice_if_not_found(command);
  return fmt::format("; to run the file of that name write distaff {} {{}}", shell_quote(first));
}

void expect_a_table(const CommandSpec& command, OpenedSource& opened) {
  if (opened.scheme.kind != FieldScheme::Kind::none || command.replacement != "{}") return;
  auto words = words_in_braces(command);
  if (words.empty()) return;
  opened.source = std::make_unique<TableHint>(std::move(opened.source), std::move(words));
}

std::string advice_on_header(const FieldNames& names) {
  if (!looks_like_a_record(names)) return {};
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 4; ++i) {
    list += fmt::format("{}'{}'", i > 0 ? ", " : "", printable(names[i], 40));
  }
  return fmt::format(
      "the first row names the fields: {}{}; if it is a record, add "
      "--no-header and write {{1}} {{2}}",
      list, names.size() > 4 ? " ..." : "");
}

}  // namespace distaff

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "compose/shell_reader.h"

// Finds replacements, gives each a variable, and writes it for the quoting around it.

namespace distaff {

bool ShellReader::replacement_at(std::size_t at) const {
  const std::string& own = options_.syntax.replacement;
  if (at >= end_ || at < literal_until_ || own.empty() || script_[at] != own[0]) return false;
  const std::string_view text = script_.substr(0, end_);
  if (foreign_braces(text, at, options_.syntax) > 0) return false;
  const auto found = read_replacement(text, at, options_.syntax);
  return !found || *found;
}

// Reads the replacement at the cursor, if there is one.
bool ShellReader::try_replacement(Spelling spelling, bool& done) {
  done = false;
  const std::string& own = options_.syntax.replacement;
  if (at_end() || at_ < literal_until_ || own.empty() || script_[at_] != own[0]) return true;
  const std::string_view text = script_.substr(0, end_);
  if (const std::size_t foreign = foreign_braces(text, at_, options_.syntax); foreign > 0) {
    literal_until_ = at_ + foreign;
    return true;
  }
  const std::size_t from = at_;
  auto found = read_replacement(text, at_, options_.syntax);
  if (!found) {
    error_ = found.error();
    fatal_ = true;
    return false;
  }
  if (!*found) return true;
  done = true;
  return put(**found, from, spelling);
}

bool ShellReader::put(const Replacement& value, std::size_t from, Spelling spelling) {
  if (forbidden_ != nullptr) return refuse_value(value, forbidden_->where, forbidden_->instead);
  if (from < subscript_until_) {
    return refuse_value(value, "in a subscript, which zsh evaluates",
                        "write ${name} before the [, or a blank");
  }
  result_.uses_records = result_.uses_records || value.of_record();
  if (spelling != Spelling::arithmetic) {
    ++values_put_;
    ++direct_values_;
  }
  if (spelling == Spelling::alone && !at_delimiter()) spelling = Spelling::bare;
  if (options_.batch && value.repeats()) {
    const bool in_text = spelling == Spelling::quoted || spelling == Spelling::inner ||
                         spelling == Spelling::body || spelling == Spelling::single;
    const bool record = value.what == Replacement::What::record && value.parts.empty();
    if (record || !in_text) return put_records(value, spelling);
  }
  const bool arithmetic = spelling == Spelling::arithmetic;
  const std::size_t index = index_of(value, arithmetic);
  const std::string expansion = "${" + result_.values[index].variable + "}";
  std::string& text = result_.text;
  // `5 --3` is an error in four shells.
  if (arithmetic && (text.back() == '-' || text.back() == '+')) text += ' ';
  const std::size_t begins = text.size();
  switch (spelling) {
    case Spelling::alone:
    case Spelling::bare:
    case Spelling::pattern:
    case Spelling::single:
      text += '"' + expansion + '"';
      break;
    case Spelling::quoted:
    case Spelling::inner:
    case Spelling::body:
    case Spelling::arithmetic:
      text += expansion;
      break;
  }
  note_value(spelling, begins, index);
  return true;
}

// The records of a batch are the arguments of the script.
bool ShellReader::put_records(const Replacement& value, Spelling spelling) {
  const bool record = value.what == Replacement::What::record && value.parts.empty();
  if (!record) {
    return refuse_value(value, "without quotes, but a batch has several",
                        "write for f in \"$@\"; do …; done, or quote it to have them in one word");
  }
  if (functions_ > 0) {
    return refuse_value(value, "in a function, where the arguments are others",
                        "call the function with \"$@\" and say \"$@\" in it");
  }
  const std::size_t begins = result_.text.size();
  switch (spelling) {
    case Spelling::alone:
      result_.text += "\"$@\"";
      break;
    case Spelling::bare:
    case Spelling::arithmetic:
      return refuse_value(value,
                          "joined to other text or where one word is needed, but a batch "
                          "has several records",
                          "let it stand alone, quote it to have them in one word, or write "
                          "for f in \"$@\"; do …; done");
    case Spelling::pattern:
    case Spelling::single:
      result_.text += "\"$*\"";
      break;
    case Spelling::quoted:
    case Spelling::inner:
    case Spelling::body:
      result_.text += "$*";
      break;
  }
  note_value(spelling, begins, ShellPlace::kRecords);
  records_used_ = true;
  result_.uses_record_list = result_.needs_arguments = true;
  return true;
}

std::size_t ShellReader::index_of(const Replacement& value, bool arithmetic) {
  auto& values = result_.values;
  auto found = std::find_if(values.begin(), values.end(),
                            [&](const auto& known) { return known.replacement == value; });
  if (found == values.end()) {
    values.push_back({value, unused_name(), false});
    found = values.end() - 1;
  }
  found->arithmetic = found->arithmetic || arithmetic;
  return static_cast<std::size_t>(found - values.begin());
}

// A name that the script does not hold, not even as a part of one, and the environment neither.
std::string ShellReader::unused_name() {
  for (;;) {
    std::string name = fmt::format("D{}", next_name_++);
    const auto& taken = options_.taken_names;
    if (script_.find(name) == std::string_view::npos &&
        std::find(taken.begin(), taken.end(), name) == taken.end()) {
      return name;
    }
  }
}

}  // namespace distaff

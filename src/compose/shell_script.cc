#include "compose/shell_script.h"

#include <fmt/format.h>

#include "compose/shell_reader.h"

namespace distaff {
namespace {

// Whether a replacement may stand anywhere, in whatever quotes: rather yes than no.
bool may_hold_replacement(std::string_view script, const TemplateSyntax& syntax) {
  for (std::size_t at = 0; at < script.size(); ++at) {
    const bool dollar = syntax.replacement == "{}" && at > 0 && script[at - 1] == '$' &&
                        (at < 2 || (script[at - 2] != '$' && script[at - 2] != '\\'));
    if (dollar) continue;
    if (const std::size_t foreign = foreign_braces(script, at, syntax); foreign > 0) {
      at += foreign - 1;
      continue;
    }
    std::size_t end = at;
    const auto found = read_replacement(script, end, syntax);
    if (!found || *found) return true;
  }
  return false;
}

bool may_speak_of_arguments(std::string_view script) {
  for (std::size_t at = script.find('$'); at < script.size(); at = script.find('$', at + 1)) {
    const std::size_t next = script.find_first_not_of("{!#(", at + 1);
    if (script.substr(at).starts_with("$#") || script.substr(at).starts_with("${#}")) return true;
    if (next != std::string_view::npos &&
        std::string_view("123456789@*").find(script[next]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Whether arguments may be used where nobody sees it, or a word of the script is such a command.
bool may_need_arguments(std::string_view script) {
  for (const std::string_view word :
       {"shift", "getopts", "eval", "trap", "source", ". ", "alias", "for ", "select", "mapfile",
        "readarray", "argv", "ARGC", "BASH_ARG", "@P", "${!"}) {
    if (script.find(word) != script.npos) return true;
  }
  return false;
}

// D1=$1;D2=$2;shift 2;
std::string prelude(const std::vector<ShellScript::Value>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    text += values[i].variable + "=$" + (i < 9 ? number : "{" + number + "}") + ";";
  }
  if (!values.empty()) text += fmt::format("shift {};", values.size());
  return text;
}

// A script without a replacement that the reader cannot follow, or need not.
ShellScript as_it_is(std::string_view script) {
  ShellScript result;
  result.text = script;
  result.compound = true;
  result.shown.has_no_text = true;
  result.speaks_of_arguments = may_speak_of_arguments(script);
  result.needs_arguments = result.speaks_of_arguments || may_need_arguments(script);
  return result;
}

}  // namespace

Expected<ShellScript> compile_shell_script(std::string_view script,
                                           const ShellScriptOptions& options) {
  if (script.find('\0') != std::string_view::npos) {
    return fail("the script has a NUL byte in it, which no shell can be given; remove it");
  }
  if (!options.allow_values) {
    if (may_hold_replacement(script, options.syntax)) {
      return fail(
          fmt::format("the script holds a replacement, which cannot be made safe for a "
                      "--shell of an unknown kind; take the record from the arguments, and "
                      "if {} means something else there, add -I %",
                      options.syntax.replacement));
    }
    ShellScript result = as_it_is(script);
    result.speaks_of_arguments = result.needs_arguments = true;
    return result;
  }
  ShellReader reader(script, options);
  if (reader.read()) {
    ShellScript result = reader.take();
    // eval 'echo "$1"' speaks of them within single quotes.
    if (result.needs_arguments && may_speak_of_arguments(script)) result.speaks_of_arguments = true;
    result.needs_arguments = result.needs_arguments || result.speaks_of_arguments;
    const std::string copies = prelude(result.values);
    result.text.insert(0, copies);
    result.shown.begins = copies.size();
    return result;
  }
  if (reader.is_fatal() || may_hold_replacement(script, options.syntax)) {
    return tl::unexpected(reader.error());
  }
  ShellScript result = as_it_is(script);
  result.not_understood = reader.error().message;
  return result;
}

std::optional<std::string> arithmetic_value(std::string_view value) {
  std::string_view digits = value;
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return std::string(value);
}

}  // namespace distaff

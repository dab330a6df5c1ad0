#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "compose/second_shell.h"
#include "compose/shell_script.h"
#include "compose/shells.h"

// What is said of a value that would be text for a second shell: the command as it was written, in
// a form in which the value is no text.  Behind `sh -c` it becomes an argument of that shell, as in
// `docker exec C sh -c 'echo "$1"' sh {}`.  A program that makes text of its words takes no such
// argument, so there the value is quoted for its shell: `--shell bash 'ssh h "rm ${1@Q}"'`.

namespace distaff {
namespace {

std::string as_written(const Template& word) {
  std::string text;
  for (const Piece& piece : word.pieces()) {
    const auto* literal = std::get_if<std::string>(&piece);
    text += literal ? *literal : std::get<Replacement>(piece).spelled;
  }
  return text;
}

std::vector<std::string> as_written(std::span<const Template> words) {
  std::vector<std::string> text;
  for (const Template& word : words) text.push_back(as_written(word));
  return text;
}

// The words as one types them.
std::string typed(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quote(word);
  return line;
}

// A text whose replacements are variables: D1 for the first, and so on.  Nothing: it cannot be
// read, or quotes could not be put around a value in it.
std::optional<ShellScript> with_variables(const std::string& text, const TemplateSyntax& syntax) {
  if (text.find("<<") != text.npos || text.find("$((") != text.npos) return std::nullopt;
  ShellScriptOptions options;
  options.syntax = syntax;
  auto script = compile_shell_script(text, options);
  if (!script || script->values.empty() || script->values.size() > 9) return std::nullopt;
  std::size_t prelude = 0;  // D1=$1;…;shift N;
  for (std::size_t i = 0; i <= script->values.size(); ++i) {
    prelude = script->text.find(';', prelude) + 1;
  }
  script->text.erase(0, prelude);
  return *std::move(script);
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

// echo "$1" of echo {}
std::optional<std::string> text_of_arguments(const std::string& text,
                                             const TemplateSyntax& syntax) {
  auto script = with_variables(text, syntax);
  if (!script || script->speaks_of_arguments) return std::nullopt;
  for (std::size_t i = 0; i < script->values.size(); ++i) {
    const std::string variable = "${" + script->values[i].variable + "}";
    replace_all(script->text, "\"" + variable + "\"", fmt::format("\"${}\"", i + 1));
    replace_all(script->text, variable, fmt::format("${{{}}}", i + 1));
  }
  return script->text;
}

// sh -c 'echo "$1"' sh {}, with all that stands before it.
std::optional<std::string> argument_form(const SecondShell& found, std::span<const Template> words,
                                         const TemplateSyntax& syntax) {
  const std::string source = as_written(words[found.text]);
  const auto text = text_of_arguments(source, syntax);
  const auto script = with_variables(source, syntax);
  if (!text || !script || found.text + 1 != words.size()) return std::nullopt;
  std::vector<std::string> form = as_written(words.first(found.text));
  form.push_back(*text);
  form.push_back(found.program);
  for (const auto& value : script->values) form.push_back(value.replacement.spelled);
  return typed(form);
}

// As it stands in double quotes of bash.
std::string in_double_quotes(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\\"$`").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

// --shell bash 'ssh h "rm ${1@Q}"': the words before the text and behind it as they are.
std::optional<std::string> quoted_form(const SecondShell& found,
                                       const std::vector<std::string>& words,
                                       const TemplateSyntax& syntax) {
  std::string text;
  for (std::size_t i = found.text; i < found.end; ++i) {
    text += (text.empty() ? "" : " ") + words[i];
  }
  auto script = with_variables(text, syntax);
  if (!script) return std::nullopt;
  std::string quoted = in_double_quotes(script->text);
  std::string before;
  for (std::size_t i = 0; i < script->values.size(); ++i) {
    const auto& [value, variable, arithmetic] = script->values[i];
    const bool record = value.what == Replacement::What::record && value.parts.empty();
    const std::string name = record ? "1" : fmt::format("v{}", i + 1);
    const std::string spelled = "\\${" + variable + "}";
    replace_all(quoted, "\\\"" + spelled + "\\\"", "${" + name + "@Q}");
    replace_all(quoted, spelled, "\\\"${" + name + "@Q}\\\"");
    if (!record) before += name + "=" + value.spelled + "; ";
  }
  const std::span<const std::string> all(words);
  std::string line = before + typed(all.first(found.text)) + " \"" + quoted + '"';
  if (found.end < all.size()) line += " " + typed(all.subspan(found.end));
  return "--shell bash " + shell_quote(line);
}

// `sh -c {}`: the record is the whole text, so it must be meant to be a command.
std::string command_form(const SecondShell& found, const std::vector<std::string>& words) {
  const std::span<const std::string> all(words);
  const std::string before = typed(all.first(found.text));
  if (!found.is_shell || found.text + 1 != words.size()) {
    return fmt::format("if each record is a command, write distaff {}",
                       shell_quote(before + " \"$1\""));
  }
  if (words.size() == 3 && found.at == 0 && words[1] == "-c") {
    const bool plain = found.program == "sh";
    return fmt::format("leave the command out{}, then each record is a command",
                       plain ? "" : fmt::format(" and write --shell {}", found.program));
  }
  return fmt::format("if each record is a command, write distaff {}",
                     shell_quote(before + " \"$1\""));
}

std::string what_it_does(const SecondShell& found) {
  if (found.is_shell) return found.program + " -c would run the record's text as shell code";
  if (found.splits) return found.program + " -S would take the record's text apart";
  return found.program + " gives text to a shell, which would run the record's text as code";
}

}  // namespace

tl::unexpected<Error> refusal_of_second_shell(const SecondShell& found,
                                              std::span<const Template> words, bool appended,
                                              const TemplateSyntax& syntax) {
  const std::string what = what_it_does(found);
  if (found.splits) {
    return fail(what + "; write its words apart, as in distaff env A=1 PROGRAM {}");
  }
  std::vector<std::string> typed_words = as_written(words);
  if (appended) typed_words.emplace_back("{}");
  std::string text;
  for (std::size_t i = found.text; i < found.end; ++i) {
    text += (text.empty() ? "" : " ") + typed_words[i];
  }
  if (text == syntax.replacement) {
    const char* does = found.is_shell ? " -c {} would run the record as it is; "
                                      : " {} would run the record as it is; ";
    return fail(found.program + does + command_form(found, typed_words));
  }
  const std::vector<std::string_view> views(typed_words.begin(), typed_words.end());
  if (found.is_shell && find_program(views) == found.at) {
    const std::string named =
        found.program == "sh" ? ""
                              : fmt::format(" (with --shell {} if it needs that)", found.program);
    return fail(fmt::format("{}; write distaff {}{}", what, shell_quote(text), named));
  }
  auto form = found.is_shell ? argument_form(found, words, syntax) : std::nullopt;
  if (!form) form = quoted_form(found, typed_words, syntax);
  const std::string where = fmt::format("{} ({})", what, shell_quote(printable(text, 80)));
  if (form) return fail(fmt::format("{}; write distaff {}", where, *form));
  return fail(where +
              "; quote it for that shell, as in distaff --shell bash 'ssh HOST \"rm -- ${1@Q}\"'");
}

}  // namespace distaff

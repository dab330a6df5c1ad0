#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/text.h"
#include "compose/second_shell.h"
#include "compose/shell_script.h"
#include "compose/shells.h"

// What is said of a value that would be text for a second shell: the command as it was written, in
// a form in which the value is no text.  There are four.
//
//   echo {}                                   of `sh -c 'echo {}'`: the same as a script
//   docker exec C sh -c 'echo "$1"' sh {}     an argument of that shell
//   --env v={} flock f -c 'echo "$v"'         a variable, where a program here starts the shell
//   --shell bash '… ssh h "rm $q…$q"'         quoted, where text is all that gets there
//
// Quotes are made as every POSIX shell reads them.  ${v@Q} of bash is shorter, but writes $'…' for
// a tab, which is a $ and quotes of another text to dash: values would be code there.

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

// As it stands in double quotes of bash.
std::string in_double_quotes(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\\"$`").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

ShellFamily family_named(std::string_view program) {
  return shell_family(std::vector{std::string(program)});
}

// A shell whose scripts we read and write.
bool is_ours(std::string_view program) { return family_named(program) != ShellFamily::unknown; }

// A text for the other shell, read: where values stand in it.
class FarText {
 public:
  // Nothing: it cannot be read, or a value stands where no quotes can be put around it, or is
  // evaluated once more.
  static std::optional<FarText> read(const std::string& source, bool bash_like,
                                     const TemplateSyntax& syntax) {
    if (source.find("<<") != source.npos || source.find("$((") != source.npos) return std::nullopt;
    const std::vector<std::string> words = split_words(source);
    if (std::find(words.begin(), words.end(), "eval") != words.end()) return std::nullopt;
    ShellScriptOptions options;
    options.syntax = syntax;
    options.family = bash_like ? ShellFamily::bash : ShellFamily::posix;
    auto script = compile_shell_script(source, options);
    if (!script || script->values.empty() || script->values.size() > 9) return std::nullopt;
    FarText read(*std::move(script));
    // A comment keeps its {}, which would be replaced where the form is read.
    const std::string plain = read.with_names([](std::size_t) { return std::string("v"); });
    const auto left = Template::parse(plain, syntax);
    if (!left || left->has_record()) return std::nullopt;
    return read;
  }

  std::size_t values() const { return script_.values.size(); }
  const Replacement& value(std::size_t number) const { return script_.values[number].replacement; }
  bool speaks_of_arguments() const { return script_.speaks_of_arguments; }
  bool holds(std::string_view name) const { return text().find(name) != std::string_view::npos; }

  // In a function and after `set` the arguments are others.
  bool may_change_arguments() const { return holds("()") || holds("function") || holds("set "); }

  // Values can be quoted where they stand: as words, in parts of them or between double quotes.
  bool has_plain_places() const {
    return std::all_of(
        script_.shown.places.begin(), script_.shown.places.end(), [](const ShellPlace& place) {
          const bool plain =
              place.kind == ShellPlace::Kind::bare || place.kind == ShellPlace::Kind::quoted;
          return (plain && !place.braced && !place.backquoted) || !is_value(place);
        });
  }

  // The text, with the variable of each value called `name(number)`.
  template <class Name>
  std::string with_names(Name name) const {
    return rebuilt([](std::string_view literal) { return std::string(literal); },
                   [&](const ShellPlace& place, std::string spelled) {
                     const std::string& variable = script_.values[place.value].variable;
                     const std::string called = name(place.value);
                     const std::size_t at = spelled.find(variable);
                     if (spelled == "\"${" + variable + "}\"") return "\"$" + called + '"';
                     return spelled.replace(at, variable.size(), called);
                   });
  }

  // The text as it stands in double quotes of bash, with `quoted(number)` for each value: what puts
  // it in quotes of the far shell.
  template <class Quoted>
  std::string quoted_in_place(Quoted quoted) const {
    return rebuilt(in_double_quotes, [&](const ShellPlace& place, const std::string&) {
      const bool within = place.kind == ShellPlace::Kind::quoted;
      const char* quotes = within ? "\\\"" : "";
      return quotes + quoted(place.value) + quotes;
    });
  }

 private:
  explicit FarText(ShellScript script) : script_(std::move(script)) {}

  static bool is_value(const ShellPlace& place) {
    return place.kind <= ShellPlace::Kind::number && place.value != ShellPlace::kRecords;
  }

  std::string_view text() const {
    return std::string_view(script_.text).substr(script_.shown.begins);
  }

  template <class Literal, class Value>
  std::string rebuilt(Literal literal, Value value) const {
    std::string built;
    std::size_t done = 0;
    for (const ShellPlace& place : script_.shown.places) {
      if (!is_value(place)) continue;
      built += literal(text().substr(done, place.at - done));
      built += value(place, std::string(text().substr(place.at, place.length)));
      done = place.at + place.length;
    }
    return built + literal(text().substr(done));
  }

  ShellScript script_;
};

std::optional<FarText> far_text(const SecondShell& found, const std::vector<std::string>& words,
                                const TemplateSyntax& syntax) {
  std::string text;
  for (std::size_t i = found.text; i < found.end; ++i) {
    text += (text.empty() ? "" : " ") + words[i];
  }
  return FarText::read(text, family_named(found.program) == ShellFamily::bash, syntax);
}

// v, or v1 v2 … of several; empty if the text has such a name itself.
std::vector<std::string> names_for(const FarText& text) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < text.values(); ++i) {
    names.push_back(text.values() == 1 ? "v" : fmt::format("v{}", i + 1));
    if (text.holds("$" + names.back()) || text.holds("{" + names.back()) ||
        text.holds(names.back() + "=")) {
      return {};
    }
  }
  return names;
}

// sh -c 'echo "$1"' sh {}, with all that stands before it.
std::optional<std::string> argument_form(const SecondShell& found,
                                         const std::vector<std::string>& words,
                                         const FarText& text) {
  if (text.speaks_of_arguments() || found.text + 1 != words.size()) return std::nullopt;
  std::vector<std::string> form(words.begin(),
                                words.begin() + static_cast<std::ptrdiff_t>(found.text));
  if (text.may_change_arguments()) {
    const auto names = names_for(text);
    if (names.empty()) return std::nullopt;
    std::string prelude;
    for (std::size_t i = 0; i < names.size(); ++i) {
      prelude += fmt::format("{}=${}; ", names[i], i + 1);
    }
    form.push_back(prelude + text.with_names([&](std::size_t i) { return names[i]; }));
  } else {
    form.push_back(text.with_names([](std::size_t i) { return std::to_string(i + 1); }));
  }
  form.push_back(found.program);
  for (std::size_t i = 0; i < text.values(); ++i) form.push_back(text.value(i).spelled);
  return typed(form);
}

// --env v={} flock f -c 'echo "$v"'
std::optional<std::string> variable_form(const SecondShell& found,
                                         const std::vector<std::string>& words,
                                         const FarText& text) {
  const auto names = names_for(text);
  if (names.empty()) return std::nullopt;
  std::vector<std::string> form;
  for (std::size_t i = 0; i < names.size(); ++i) {
    form.insert(form.end(), {"--env", names[i] + "=" + text.value(i).spelled});
  }
  const auto at = [&](std::size_t i) { return words.begin() + static_cast<std::ptrdiff_t>(i); };
  form.insert(form.end(), at(0), at(found.text));
  form.push_back(text.with_names([&](std::size_t i) { return names[i]; }));
  form.insert(form.end(), at(found.end), words.end());
  return typed(form);
}

// --shell bash '… ssh h "rm $q…$q"': the words before the text and behind it as they are.
std::optional<std::string> quoted_form(const SecondShell& found,
                                       const std::vector<std::string>& words, const FarText& text) {
  const auto names = names_for(text);
  if (names.empty()) return std::nullopt;
  std::string before = std::string(kQuoteSign) + "; ";
  std::vector<std::string> quoted;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool record =
        text.value(i).what == Replacement::What::record && text.value(i).parts.empty();
    quoted.push_back(quoted_for_shell(record ? "1" : names[i]));
    if (!record) before += names[i] + "=" + text.value(i).spelled + "; ";
  }
  std::string far;
  if (text.has_plain_places()) {
    far = text.quoted_in_place([&](std::size_t i) { return quoted[i]; });
  } else {
    for (std::size_t i = 0; i < names.size(); ++i) far += names[i] + "=" + quoted[i] + "; ";
    far += in_double_quotes(text.with_names([&](std::size_t i) { return names[i]; }));
  }
  const std::span<const std::string> all(words);
  std::string line = before + typed(all.first(found.text)) + " \"" + far + '"';
  if (found.end < all.size()) line += " " + typed(all.subspan(found.end));
  return "--shell bash " + shell_quote(line);
}

// `sh -c {}`: the record is the whole text, so it must be meant to be a command.
std::string command_form(const SecondShell& found, const std::vector<std::string>& words) {
  if (found.is_shell && words.size() == 3 && found.at == 0 && words[1] == "-c" &&
      is_ours(found.program)) {
    return fmt::format(
        "leave the command out{}, then each record is a command",
        found.program == "sh" ? "" : fmt::format(" and write --shell {}", found.program));
  }
  const std::span<const std::string> all(words);
  std::string line = typed(all.first(found.text)) + " \"$1\"";
  if (found.end < all.size()) line += " " + typed(all.subspan(found.end));
  return fmt::format("if each record is a command, write distaff {}", shell_quote(line));
}

std::string what_it_does(const SecondShell& found) {
  if (found.is_shell) return found.program + " -c would run the record's text as shell code";
  if (found.splits) return found.program + " -S would take the record's text apart";
  return found.program + " gives text to a shell, which would run the record's text as code";
}

// The command in a form that is safe; nothing: none is known.
std::optional<std::string> safe_form(const SecondShell& found,
                                     const std::vector<std::string>& words,
                                     const TemplateSyntax& syntax) {
  const bool posix = !found.is_shell || is_ours(found.program);
  const auto text = posix ? far_text(found, words, syntax) : std::nullopt;
  if (!text) return std::nullopt;
  std::optional<std::string> form;
  if (found.is_shell) form = argument_form(found, words, *text);
  // find reads its {} in every word, so that in an argument it would be the value's.
  const bool here = found.at == 0 ? found.is_shell || found.here : program_name(words[0]) == "find";
  if (!form && here) form = variable_form(found, words, *text);
  if (!form) form = quoted_form(found, words, *text);
  return form;
}

std::string hint(const SecondShell& found) {
  if (found.is_shell || found.here) {
    return "; give it as a variable, by --env v={}, and have the text read that";
  }
  return fmt::format(
      "; quote it for that shell, as in distaff --shell bash '{}; ssh HOST \"rm -- "
      "{}\"'",
      kQuoteSign, quoted_for_shell("1"));
}

// Whether each record of a batch has a value in the text: "$1" would be the first of them.
bool holds_several(const SecondShell& found, std::span<const Template> words) {
  if (found.end > words.size()) return true;  // appended
  for (const Template& word : words.subspan(found.text, found.end - found.text)) {
    for (const Piece& piece : word.pieces()) {
      const auto* value = std::get_if<Replacement>(&piece);
      if (value && value->repeats()) return true;
    }
  }
  return false;
}

std::string hint_in_batch(const SecondShell& found, std::string_view replacement) {
  if (!found.is_shell) return "; have it read the records of a batch, by --stdin record";
  return fmt::format(
      "; write \"$@\" there and give the records of a batch behind it: {} -c 'echo \"$@\"' sh {}",
      found.program, replacement);
}

}  // namespace

std::string quoted_for_shell(std::string_view variable) {
  return fmt::format("$q${{{}//$q/$r}}$q", variable);
}

tl::unexpected<Error> refusal_of_second_shell(const SecondShell& found,
                                              std::span<const Template> words, bool appended,
                                              const TemplateSyntax& syntax, bool batch) {
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
  // A line that is shown must be the one that is meant.
  const std::string whole = typed(typed_words);
  const std::string where = fmt::format("{} ({})", what, shell_quote(printable(text, 80)));
  if (printable(whole, whole.size()) != whole) return fail(where + hint(found));
  if (found.is_shell && found.at == 0 && typed_words.size() == 3 && typed_words[1] == "-c" &&
      is_ours(found.program)) {
    const std::string named =
        found.program == "sh" ? ""
                              : fmt::format(" (with --shell {} if it needs that)", found.program);
    return fail(fmt::format("{}; write distaff {}{}", what, shell_quote(text), named));
  }
  if (batch && holds_several(found, words)) {
    return fail(where + hint_in_batch(found, syntax.replacement));
  }
  if (const auto form = safe_form(found, typed_words, syntax)) {
    return fail(fmt::format("{}; write distaff {}", where, *form));
  }
  return fail(where + hint(found));
}

}  // namespace distaff

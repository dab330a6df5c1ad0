#include "compose/misread.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "compose/field_name.h"
#include "compose/shells.h"

namespace distaff {
namespace {

constexpr std::string_view kBlanks = " \t\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// The inside of a text that is one pair of quotes and nothing else; empty if it is not.
std::string_view inside_of_quotes(std::string_view text) {
  if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || text.back() != text[0]) return {};
  const std::string_view inside = text.substr(1, text.size() - 2);
  return inside.find(text[0]) == inside.npos ? inside : std::string_view();
}

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != word.npos && is_identifier(word.substr(0, equals));
}

// A program's name may hold blanks, but hardly before its first slash.
bool is_command_line(std::string_view text) {
  const std::size_t blank = text.find_first_of(kBlanks);
  return blank != text.npos && blank > 0 && text.substr(0, blank).find('/') == text.npos;
}

bool is_operator(std::string_view word) {
  return word == "<" || word == ">" || word == ">>" || word == "2>" || word == "|" ||
         word == "&&" || word == "||";
}

// {2} and above, alone or behind a sign that stands in paths and between names: of [0-9]{2} the
// braces are a regex's.
bool holds_numbered_field(std::string_view word) {
  for (std::size_t at = 0; (at = word.find('{', at)) != word.npos; ++at) {
    if (at > 0 && std::string_view("/=:_-,").find(word[at - 1]) == std::string_view::npos) continue;
    const std::size_t end = std::min(word.find('}', at), word.size());
    const std::string_view number = word.substr(at + 1, end - at - 1);
    if (end < word.size() && !number.empty() && number[0] != '0' && number != "1" &&
        std::all_of(number.begin(), number.end(), is_digit)) {
      return true;
    }
  }
  return false;
}

// {host}, {name}: a word that only a template of records with fields would have.
bool is_named_field(std::string_view word) {
  if (word.size() < 4 || word.front() != '{' || word.back() != '}') return false;
  return is_identifier(word.substr(1, word.size() - 2));
}

// Programs whose own language has braces.
bool has_braces(std::string_view program) {
  program = program.substr(program.rfind('/') + 1);
  for (const std::string_view known : {"awk", "sed", "jq", "perl", "find", "git"}) {
    if (program.ends_with(known)) return true;
  }
  return false;
}

// The word is in braces, and a field as it is.
bool is_a_field(std::string_view word, const FieldScheme& scheme) {
  return word.starts_with('{') && word.ends_with('}') &&
         field_in_braces(word.substr(1, word.size() - 2), scheme);
}

// "{}" and '{}', the quotes being part of the word.
bool is_quoted_replacement(std::string_view word, std::string_view replacement) {
  return inside_of_quotes(word) == replacement;
}

std::string left_alone(std::string_view word, std::string_view program, FieldScheme::Kind kind) {
  return fmt::format(
      "{} is passed to {} as it is: {}; names come from --csv, --jsonl and --match, "
      "numbers also from --split and several ::: lists; a group's key is, in a script, "
      "\"$DISTAFF_GROUP\"",
      printable(word, 60), printable(program, 60),
      kind == FieldScheme::Kind::none ? "records have no fields here"
                                      : "fields have only numbers here");
}

// The words of the command as the one who runs it will see them.
std::vector<std::string> words_of(const CommandSpec& spec) {
  return spec.words.size() == 1 ? split_words(spec.words[0]) : spec.words;
}

// The first word behind the program for which `is_field` holds, and why it stays as it is; empty if
// there is none.
template <class IsField>
std::string first_left_alone(const CommandSpec& spec, const FieldScheme& scheme, IsField is_field) {
  const auto words = words_of(spec);
  if (words.empty()) return {};
  const auto found = std::find_if(words.begin() + 1, words.end(), is_field);
  return found == words.end() ? std::string() : left_alone(*found, words[0], scheme.kind);
}

// Full Name, a/b, @id: what could be the name of a field, and is hardly text of the shell, of JSON
// or of another language, or an expansion of bash.
bool looks_like_a_name(std::string_view inside) {
  if (inside.empty() || trimmed(inside) != inside) return false;
  if (inside.find_first_of("$;\"'`\\{}|<>()=\n") != inside.npos) return false;
  const bool expansion = inside.find("..") != inside.npos ||
                         (inside.find(',') != inside.npos && inside.find(' ') == inside.npos);
  return !expansion && inside.find(": ") == inside.npos;
}

// { mail }, where there is a field mail.
bool is_name_with_blanks(std::string_view inside, const FieldScheme& scheme) {
  const std::string_view name = trimmed(inside);
  return name.size() < inside.size() && !name.empty() &&
         std::find(scheme.names.begin(), scheme.names.end(), name) != scheme.names.end();
}

// {n,m} and {4} of a regex.
bool is_repetition(std::string_view inside) {
  return inside.find_first_not_of("0123456789,") == inside.npos;
}

std::string names_there_are(const FieldScheme& scheme) {
  constexpr std::size_t kMost = 20;
  std::string list = scheme.kind == FieldScheme::Kind::open ? "the members of the first object are "
                                                            : "the fields are ";
  for (std::size_t i = 0; i < std::min(scheme.names.size(), kMost); ++i) {
    list += (i > 0 ? ", " : "") + printable(written_name(scheme, i), 60);
  }
  return list + (scheme.names.size() > kMost ? " and more" : "");
}

}  // namespace

Expected<void> check_quotes(const CommandSpec& spec) {
  if (spec.words.empty()) return {};
  const std::string& first = spec.words[0];
  const bool replaced = first.find(spec.replacement == "{}" ? "{" : spec.replacement) != first.npos;
  if (spec.words.size() == 1) {
    const std::string_view inside = inside_of_quotes(trimmed(first));
    if (!is_command_line(inside)) return {};
    return fail(
        fmt::format("{} is in quotes twice, so the shell would look for a program of that whole "
                    "name; write distaff {}",
                    shell_quote(printable(inside, 80)), typed_word(inside)));
  }
  if (replaced && is_assignment(first)) {
    return fail(
        fmt::format("'{0}' would be the name of a program; to set a variable for the jobs "
                    "write --env {1}",
                    printable(first, 80), typed_word(first)));
  }
  if (!replaced || !is_command_line(first)) return {};
  return fail(
      fmt::format("'{}' is followed by other words, so it would be the name of a program; a script "
                  "is one word, and options stand before it",
                  printable(first, 80)));
}

Expected<void> check_columns(const CommandSpec& spec, const FieldScheme& scheme) {
  if (spec.replacement != "{}") return {};
  for (const std::string& name : scheme.names) {
    const std::size_t blank = name.find(' ');
    if (blank == name.npos) continue;
    const std::string begin = "{" + name.substr(0, blank);
    for (std::size_t i = 0; i + 1 < spec.words.size(); ++i) {
      const std::string rest = spec.words[i + 1];
      if (!spec.words[i].ends_with(begin)) continue;
      const std::string second = name.substr(blank + 1, name.find(' ', blank + 1) - blank - 1);
      if (!rest.starts_with(second) || is_a_field(spec.words[i], scheme)) continue;
      return fail(fmt::format("{{{}}} without quotes is cut in two by your shell: write {}",
                              printable(name, 60), typed_word("{" + name + "}")));
    }
  }
  return {};
}

void warn_of_words(const CommandSpec& spec, std::vector<std::string>& warnings) {
  const std::string program = printable(spec.words[0], 60);
  const auto find = [&](auto is_meant) {
    return std::find_if(spec.words.begin() + 1, spec.words.end(), is_meant);
  };
  const auto none = spec.words.end();
  if (const auto found = find(is_operator); found != none) {
    warnings.push_back(
        fmt::format("'{}' is passed to {} as it is; to have a shell read it, write the whole "
                    "command as one word in quotes",
                    *found, program));
  }
  const auto is_variable = [](const std::string& word) {
    return word.find("$DISTAFF_") != word.npos || word.find("${DISTAFF_") != word.npos;
  };
  if (const auto found = find(is_variable); found != none) {
    warnings.push_back(
        fmt::format("'{}' is passed to {} as it is; for a shell to read the variable write the "
                    "whole command as one word in quotes",
                    printable(*found, 60), program));
  }
  const auto is_quoted = [&](const std::string& word) {
    return is_quoted_replacement(word, spec.replacement);
  };
  if (const auto found = find(is_quoted); found != none) {
    warnings.push_back(
        fmt::format("the quotes of {0} are passed to {1} too; {2} needs none, whatever is in it",
                    *found, program, spec.replacement));
  }
}

std::string advice_on_numbers(const CommandSpec& spec, const FieldScheme& scheme) {
  if (scheme.kind != FieldScheme::Kind::none || spec.replacement != "{}") return {};
  return first_left_alone(spec, scheme, holds_numbered_field);
}

std::string advice_on_names(const CommandSpec& spec, const FieldScheme& scheme) {
  using Kind = FieldScheme::Kind;
  const bool nameless = scheme.kind == Kind::none || scheme.kind == Kind::numbered;
  if (!nameless || spec.replacement != "{}") return {};
  const auto words = words_of(spec);
  if (words.empty() || has_braces(words[0])) return {};
  return first_left_alone(spec, scheme, is_named_field);
}

std::string advice_on_braces(std::string_view text, const TemplateSyntax& syntax) {
  using Kind = FieldScheme::Kind;
  const bool names = syntax.scheme.kind == Kind::named || syntax.scheme.kind == Kind::open;
  if (!names || !syntax.replacement.ends_with("{}")) return {};
  const std::size_t prefix = syntax.replacement.size() - 2;
  const std::string opening = syntax.replacement.substr(0, prefix + 1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t foreign = foreign_braces(text, at, syntax);
    const bool dollar = prefix == 0 && at > 0 && text[at - 1] == '$';
    if (foreign == 0 && !dollar && text.substr(at).starts_with(opening)) {
      const std::size_t from = at;
      const auto read = read_replacement(text, at, syntax);
      if (!read) return {};  // an error of its own
      if (at > from) continue;
      const std::string_view behind = text.substr(at + opening.size());
      const std::string_view inside = behind.substr(0, behind.find('}'));
      const bool is_meant = looks_like_a_name(inside) || is_name_with_blanks(inside, syntax.scheme);
      if (inside.size() < behind.size() && is_meant && !is_repetition(inside)) {
        return fmt::format("{}{}}} stays as it is: no field is called so; {}", opening,
                           printable(inside, 60), names_there_are(syntax.scheme));
      }
    }
    at += std::max<std::size_t>(foreign, 1);
  }
  return {};
}

bool has_braces(const CommandSpec& spec) {
  const auto words = words_of(spec);
  const std::size_t end =
      spec.words.size() == 1 ? words.size() : std::min<std::size_t>(1, words.size());
  return std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const std::string& word) { return has_braces(word); });
}

std::string advice_if_not_found(const CommandSpec& spec) {
  if (spec.words.empty()) return {};
  const std::string& first = spec.words[0];
  for (const std::string_view unit : {"ms", "s", "sec", "m", "min", "h", "d"}) {
    if (first == unit) return "; a time is written without a blank, as 200ms, 1.5s, 2m";
  }
  if (is_shell_word(first) && spec.words.size() > 1) {
    return "; it is a word of the shell, and a command for the shell is one word in quotes, as in "
           "distaff 'cd {} && make'";
  }
  if (is_assignment(first)) {
    return fmt::format("; to set a variable for the jobs write --env {}", typed_word(first));
  }
  if (is_command_line(first) && spec.words.size() > 1) {
    return "; as other words follow, it is the name of a program: write its words apart, or the "
           "whole command as one word";
  }
  return {};
}

std::vector<std::string> words_in_braces(const CommandSpec& spec) {
  std::vector<std::string> found;
  for (const std::string& word : spec.words) {
    for (std::size_t at = 0; (at = word.find('{', at)) != word.npos; ++at) {
      const std::size_t end = word.find('}', at);
      if (end == word.npos) break;
      const std::string name = word.substr(at + 1, end - at - 1);
      const bool dollar = at > 0 && word[at - 1] == '$';
      const bool letter = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0]));
      if (letter && !dollar) found.push_back(name);
    }
  }
  return found;
}

}  // namespace distaff

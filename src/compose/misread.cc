#include "compose/misread.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
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

// A program's name may hold blanks, but hardly before its first slash.
bool is_command_line(std::string_view text) {
  const std::size_t blank = text.find_first_of(kBlanks);
  return blank != text.npos && blank > 0 && text.substr(0, blank).find('/') == text.npos;
}

bool is_operator(std::string_view word) {
  return word == ">" || word == ">>" || word == "2>" || word == "|" || word == "&&" || word == "||";
}

// {2} and above.
bool is_numbered_field(std::string_view word) {
  return word.size() >= 3 && word.front() == '{' && word.back() == '}' && word[1] != '0' &&
         word != "{1}" && std::all_of(word.begin() + 1, word.end() - 1, is_digit);
}

// "{}" and '{}', the quotes being part of the word.
bool is_quoted_replacement(std::string_view word, std::string_view replacement) {
  return inside_of_quotes(word) == replacement;
}

}  // namespace

Expected<void> check_quotes(const CommandSpec& spec) {
  if (spec.words.empty()) return {};
  const std::string& first = spec.words[0];
  const bool replaced = first.find(spec.replacement) != first.npos;
  if (spec.words.size() == 1) {
    const std::string_view inside = inside_of_quotes(trimmed(first));
    if (!is_command_line(inside)) return {};
    return fail(
        fmt::format("{0} is in quotes twice, so the shell would look for a program of that whole "
                    "name; write distaff {0}",
                    shell_quote(printable(inside, 80))));
  }
  if (!replaced || !is_command_line(first)) return {};
  return fail(
      fmt::format("'{}' is followed by other words, so it would be the name of a program; a script "
                  "is one word, and options stand before it",
                  printable(first, 80)));
}

void warn_of_words(const CommandSpec& spec, const FieldScheme& scheme,
                   std::vector<std::string>& warnings) {
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
  const auto is_quoted = [&](const std::string& word) {
    return is_quoted_replacement(word, spec.replacement);
  };
  if (const auto found = find(is_quoted); found != none) {
    warnings.push_back(
        fmt::format("the quotes of {0} are passed to {1} too; {2} needs none, whatever is in it",
                    *found, program, spec.replacement));
  }
  if (scheme.kind != FieldScheme::Kind::none || spec.replacement != "{}") return;
  if (const auto found = find(is_numbered_field); found != none) {
    warnings.push_back(
        fmt::format("{} is passed to {} as it is: records have no fields here; --split, --csv, "
                    "--tsv and several ::: lists give them, -I % says that braces mean nothing",
                    *found, program));
  }
}

std::string advice_if_not_found(const CommandSpec& spec) {
  if (spec.words.empty()) return {};
  const std::string& first = spec.words[0];
  if (is_shell_word(first) && spec.words.size() > 1) {
    return "; it is a word of the shell, and a command for the shell is one word in quotes, as in "
           "distaff 'cd {} && make'";
  }
  if (is_command_line(first) && spec.words.size() > 1) {
    return "; as other words follow, it is the name of a program: write its words apart, or the "
           "whole command as one word";
  }
  const std::size_t equals = first.find('=');
  if (equals != first.npos && is_identifier(std::string_view(first).substr(0, equals))) {
    return fmt::format("; to set a variable for the jobs write --env {}", shell_quote(first));
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

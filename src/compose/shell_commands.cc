#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "compose/second_shell.h"
#include "compose/shell_reader.h"

// The words of a list of commands: which of them are reserved, and what stands where after each.

using namespace std::literals;

namespace distaff {
namespace {

// Reserved in all shells, where a command may stand.
constexpr std::array<std::string_view, 18> kReserved = {
    "!",  "{",   "}",  "case", "do",    "done",  "elif",     "else", "esac",
    "fi", "for", "if", "then", "until", "while", "function", "[[",   "time"};

// Reserved in some shells and commands in others, or reserved with a grammar of their own.
constexpr std::array<std::string_view, 5> kForeign = {"select", "coproc", "repeat", "foreach",
                                                      "nocorrect"};

// Their operands are evaluated as arithmetic by bash, mksh or zsh.
constexpr std::array<std::string_view, 9> kEvaluatingTests = {"-eq", "-ne", "-lt", "-le", "-gt",
                                                              "-ge", "-v",  "-R",  "-t"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What these run is not seen here, and may say $1; or they need arguments to be there.
constexpr std::array<std::string_view, 9> kNeedArguments = {
    ".", "source", "eval", "trap", "alias", "shift", "getopts", "mapfile", "readarray"};

bool is_function_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.' || c == ':';
  });
}

}  // namespace

// ---- the words of a list

bool ShellReader::take_word(List& list) {
  const std::size_t from = at_;
  if (list.place == Place::keyword) list.words.clear();
  const bool several =
      list.place == Place::keyword || list.place == Place::command || list.place == Place::argument;
  Word taken;
  word_place_ = list.place;
  test_pattern_ = list.test_before == "=" || list.test_before == "==" || list.test_before == "!=";
  const bool regex_operand = std::exchange(list.test_regex, false);
  if (!(regex_operand ? regex(taken) : word(taken, several))) return false;
  // The number of a descriptor, as in 2>&1.
  if ((peek() == '<' || peek() == '>') && taken.plain && !taken.text.empty() &&
      taken.text.find_first_not_of("0123456789") == std::string::npos) {
    return true;
  }
  if (at_ == from) return refuse("cannot be read", "simplify it");
  const bool names_function = taken.plain && !is_one_of(taken.text, kReserved) &&
                              (list.place == Place::keyword || list.place == Place::function_name);
  if (peek() == '(' && !names_function) {
    if (taken.plain && is_one_of(taken.text, kReserved)) {
      return refuse("has parentheses joined to a word", "write a blank between");
    }
    return refuse("has parentheses joined to a word",
                  knows_more()
                      ? "quote them"
                      : "quote them, or for a pattern of bash name the shell: --shell bash");
  }
  if (refuse_second_shell(list, taken, from)) return false;
  if (list.place == Place::argument) note_argument(list, taken, script_.substr(from, at_ - from));
  switch (list.place) {
    case Place::keyword:
    case Place::command:
    case Place::timed:
      return command_word(list, taken);
    case Place::argument:
      return argument_word(list, taken);
    case Place::closed:
      if (bool known = false; taken.plain && taken.text != "in") {
        if (!keyword(list, taken.text, known)) return false;
        if (known) return true;
      }
      return refuse(fmt::format("has '{}' after the end of a compound command",
                                printable(script_.substr(from, at_ - from), 40)),
                    "write ; or a newline before it");
    case Place::ended:
      return refuse("has a word after a redirection of a compound command", "write ; before it");
    case Place::for_name:
    case Place::for_in:
    case Place::function_name:
      return for_word(list, taken);
    case Place::test:
      return test_word(list, taken);
  }
  return true;
}

// The words before the text, for people.
static std::string shown_before(std::span<const std::string> words, std::size_t text) {
  std::string line;
  for (const std::string& word : words.first(std::min(text, words.size()))) {
    const bool known = word.find_first_of("\0\1\2"sv) == word.npos;
    line += (line.empty() ? "" : " ") + (known ? shell_quote(printable(word, 40)) : "...");
  }
  return line;
}

// The first value that the text has.  The records of a batch are none of the values.
Replacement ShellReader::value_within(std::string_view text) const {
  const auto& values = result_.values;
  const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) {
    return text.find(value.replacement.spelled) != text.npos;
  });
  if (found != values.end()) return found->replacement;
  Replacement record;
  record.spelled = options_.syntax.replacement;
  return record;
}

// A second shell that the script starts reads its text by itself: a value in `sh -c "echo {}"`
// would be code.  (What cannot be seen, as in `echo "echo {}" | sh`, is the script's own affair.)
bool ShellReader::refuse_second_shell(List& list, const Word& word, std::size_t from) {
  if (list.place != Place::argument && list.place != Place::keyword &&
      list.place != Place::command && list.place != Place::timed) {
    return false;
  }
  if (word.assignment && list.place != Place::argument) return false;
  list.words.push_back(without_quotes(from));
  if (list.words.back().find(kValueMark) == std::string::npos) return false;
  const auto found = find_second_shell(list.words);
  if (!found) return false;
  // The value that stands in the text, and what it is called in the shell that reads the script.
  const Replacement value = value_within(script_.substr(from, at_ - from));
  const bool record = value.what == Replacement::What::record && value.parts.empty();
  if (found->is_shell) {
    refuse(
        fmt::format("has {} -c with a value in its text, which would run as code", found->program),
        fmt::format(
            "write \"{0}\" there and give the value behind it: {1} -c 'echo \"{0}\"' sh {2}",
            options_.batch ? "$@" : "$1", found->program, value.spelled));
  } else if (found->splits) {
    refuse("has env -S with a value in its text, which it would take apart",
           "write its words apart");
  } else {
    const std::string what =
        fmt::format("has a value in the text that {} gives to a shell, where it would run as code",
                    found->program);
    if (options_.batch && record) {
      refuse(what, "have it read the records of a batch, by --stdin record");
      return true;
    }
    refuse(what, fmt::format("quote it for that shell, with --shell bash: {}{}; {} \"rm -- {}\"",
                             record ? "" : fmt::format("v={}; ", value.spelled), kQuoteSign,
                             shown_before(list.words, found->text),
                             quoted_for_shell(record ? "1" : "v")));
  }
  return true;
}

bool ShellReader::command_word(List& list, const Word& word) {
  const bool reserved = word.plain && (is_one_of(word.text, kReserved) || word.text == "in");
  const bool may_be_reserved =
      list.place == Place::keyword || (list.place == Place::timed && knows_more());
  if (word.plain && is_one_of(word.text, kForeign)) {
    const bool select = word.text == "select" && knows_more() && may_be_reserved;
    const bool coproc = word.text == "coproc" && may_be_reserved &&
                        is_one_of_these({ShellFamily::bash, ShellFamily::zsh});
    if (coproc && !list.function_pending) return coprocess(list);
    if (!select) {
      return refuse(fmt::format("has {}, which shells read in different ways", word.text),
                    knows_more() ? "write for, while or & instead"
                                 : "write for, while or & instead, or name the shell if that "
                                   "knows it: --shell bash");
    }
  }
  if (may_be_reserved && word.plain) {
    bool taken = false;
    if (!keyword(list, word.text, taken)) return false;
    if (taken) return true;
  } else if (reserved && word.text != "in") {
    if (list.place == Place::timed && (word.text == "!" || word.text == "{")) {
      return refuse("has time before a compound command, which only some shells know",
                    "name one that does: --shell bash");
    }
    return refuse(fmt::format("has '{}' where shells differ on what it means", word.text),
                  "write a ; before it, or quote it");
  }
  if (list.place == Place::timed && word.plain && (word.text == "-p" || word.text == "--")) {
    return true;
  }
  if (list.function_pending) {
    return refuse("has a function whose body is a simple command", "write name() { …; }");
  }
  if (word.assignment) {
    note_assignment(word);
    if (substitutions_ == 0) result_.compound = true;
    result_.shown.leaves_traces = true;
    list.place = Place::command;
    return true;
  }
  list.only_a_name = list.place == Place::keyword && word.plain && is_function_name(word.text);
  list.place = Place::argument;
  list.command = list.words.empty() ? "" : list.words.back();
  note_command(list, word);
  if (list.command == "shift") list_changed_ = true;
  if (list.command == "shift" || list.command == "getopts") result_.speaks_of_arguments = true;
  if (is_one_of(list.command, kNeedArguments)) result_.needs_arguments = true;
  return true;
}

// Whether `set` changes the arguments: `set -e` and `set -o pipefail` do not.
bool ShellReader::argument_word(List& list, const Word& word) {
  list.only_a_name = false;
  if (list.for_words) note_list_variable(list, word);
  if (word.assignment) note_assignment(word);
  if (list.command == "printf" && list.words.size() > 2 && list.words[1] == "-v") {
    assigned_.push_back({list.words[2], word.direct_values > 0, word.written});
  }
  if (list.command == "read" || list.command == "mapfile" || list.command == "readarray") {
    read_names_.emplace_back(word.text);
  }
  const bool by_command = list.command == "command" || list.command == "builtin";
  const std::string_view name = list.words.empty() ? std::string_view() : list.words.back();
  if (by_command && is_one_of(name, kNeedArguments)) result_.needs_arguments = true;
  if (by_command && (name == "set" || name == "shift")) {
    list_changed_ = list_changed_ || name == "shift";
    list.command = name;
  } else if (list.command == "set" && !std::exchange(list.option_name, false)) {
    const bool option = word.plain && word.text.size() > 1 && word.text != "--" &&
                        (word.text[0] == '-' || word.text[0] == '+');
    if (option) {
      list.option_name = word.text.back() == 'o';
    } else {
      list_changed_ = true;
    }
  }
  return true;
}

bool ShellReader::for_word(List& list, const Word& word) {
  if (list.place == Place::for_in) {
    if (word.plain && word.text == "in") {
      list.open.back().has_in = true;
      list.for_words = true;
      list.place = Place::argument;
      return true;
    }
    if (word.plain && word.text == "do") return closes(list, word.text);
    return refuse("has a for without in", "write for x in …; do … done");
  }
  const bool function = list.place == Place::function_name;
  if (!word.plain || (function ? !is_function_name(word.text) : !is_identifier(word.text))) {
    return refuse(fmt::format("has a {} without a plain name", function ? "function" : "for"),
                  "write a name of letters and digits");
  }
  if (!function) {
    list.open.back().variable = word.text;
    list.place = Place::for_in;
    return true;
  }
  list.function_pending = true;
  list.place = Place::keyword;
  if (!skip_blanks()) return false;
  if (peek() != '(') return true;
  return function_parens(list);
}

bool ShellReader::test_word(List& list, const Word& word) {
  const bool operand = std::exchange(list.test_operand, false);
  if (word.plain && word.text == "]]") {
    if (list.test_depth > 0) return refuse("has a ( without its ) in [[ ]]", "close it");
    list.place = Place::closed;
    return true;
  }
  const bool evaluates = word.plain && is_one_of(word.text, kEvaluatingTests);
  if (evaluates && !knows_more()) {
    return refuse(fmt::format("has {} in [[ ]], where shells evaluate the operands", word.text),
                  "write [ … ]");
  }
  if (!test_numbers(list, word, evaluates)) return false;
  list.test_regex = word.plain && word.text == "=~" && knows_more();
  if (!word.plain && word.text.starts_with('-')) {
    return refuse("has a word of [[ ]] that begins with - and is quoted in part", "write [ … ]");
  }
  if (word.replaced && operand && !knows_more()) {
    return refuse(
        "has a replacement after && or || in [[ ]], where a plain sh runs it as a command",
        "write [ … ] && [ … ], or name the shell: --shell bash");
  }
  return true;
}

// ---- reserved words

bool ShellReader::keyword(List& list, std::string_view word, bool& taken) {
  const bool in = word == "in" && !list.open.empty() && list.open.back().name == "for" &&
                  !list.open.back().has_in;
  const bool select = word == "select" && knows_more();
  taken = is_one_of(word, kReserved) || in || select;
  if (!taken) return true;
  note_keyword(word);
  if (substitutions_ == 0) result_.compound = true;
  if (in) {
    list.open.back().has_in = true;
    list.for_words = true;
    list.place = Place::argument;
    return true;
  }
  static constexpr std::array<std::string_view, 10> kOpening = {
      "{", "if", "while", "until", "for", "select", "case", "[[", "function", "time"};
  if (is_one_of(word, kOpening)) {
    if (list.place == Place::closed && word != "{") {
      return refuse(fmt::format("has '{}' after the end of a compound command", word),
                    "write ; or a newline before it");
    }
    return opens(list, word);
  }
  if (word == "!") {
    list.place = Place::keyword;
    return true;
  }
  return closes(list, word);
}

bool ShellReader::opens(List& list, std::string_view word) {
  if (word == "case") return case_clause(list);
  if (word == "time") {
    list.place = Place::timed;
    return true;
  }
  if (word == "[[" || word == "function") {
    if (list.function_pending) return refuse("has a function without a body", "write { …; }");
    list.place = word == "[[" ? Place::test : Place::function_name;
    list.test_operand = word == "[[" && knows_more();
    list.test_value = list.test_number = false;
    list.test_before = {};
    return true;
  }
  if (list.place == Place::closed) {
    return refuse("has a { after the end of a compound command", "write ; before it");
  }
  static constexpr std::array<std::string_view, 5> kNames = {"{", "if", "while", "until", "for"};
  const bool function = std::exchange(list.function_pending, false);
  functions_ += function;
  const std::string_view name = word == "select" ? "for" : word;  // which it is like
  list.open.push_back({*std::find(kNames.begin(), kNames.end(), name), function, false, {}});
  list.place = name == "for" ? Place::for_name : Place::keyword;
  return true;
}

bool ShellReader::closes(List& list, std::string_view word) {
  const std::string_view top = list.open.empty() ? "" : list.open.back().name;
  const bool loop = top == "while" || top == "until" || top == "for";
  const bool fits = word == "}"                      ? top == "{"
                    : word == "do" || word == "done" ? loop
                                                     : word != "esac" && top == "if";
  if (!fits || list.function_pending) {
    return refuse(fmt::format("has a '{}' without its beginning", word),
                  "quote it, or write what it closes");
  }
  list.place = Place::keyword;
  if (word == "do" && top == "for" && !list.open.back().has_in) {
    result_.speaks_of_arguments = true;  // for x; do: the arguments, one by one
  }
  if (word != "}" && word != "fi" && word != "done") return true;
  functions_ -= list.open.back().function;
  list.open.pop_back();
  list.place = Place::closed;
  return true;
}

bool ShellReader::case_clause(List& list) {
  const bool function = std::exchange(list.function_pending, false);
  functions_ += function;
  if (!skip_blanks()) return false;
  Word subject;
  word_place_ = Place::closed;
  const std::size_t from = at_;
  if (!word(subject, false)) return false;
  if (at_ == from || peek() == '(') return refuse("has a case without a word", "write case x in");
  if (!skip_lines()) return false;
  if (!sees("in")) return refuse("has a case without in", "write case x in");
  copy(2);
  if (!at_delimiter()) return refuse("has a case without in", "write case x in");
  if (!case_items()) return false;
  functions_ -= function;
  list.place = Place::closed;
  list.command.clear();
  return true;
}

bool ShellReader::case_items() {
  for (;;) {
    if (!skip_lines()) return false;
    if (at_end()) return refuse("has a case without its esac", "close it");
    if (sees("esac")) {
      copy(4);
      if (at_delimiter()) return true;
      return refuse("has a pattern that begins with esac", "quote it");
    }
    if (!case_pattern()) return false;
    case_ended_ = false;
    if (!command_list(End::case_item)) return false;
    if (std::exchange(case_ended_, false)) return true;
  }
}

bool ShellReader::case_pattern() {
  if (peek() == '(' && !replacement_at(at_)) copy(1);
  for (;;) {
    if (!skip_blanks()) return false;
    const std::size_t from = at_;
    Word pattern;
    word_place_ = Place::closed;
    if (!word(pattern, false)) return false;
    if (at_ == from) return refuse("has a case with a pattern that cannot be read", "quote it");
    if (!skip_blanks()) return false;
    if (peek() != '|' && peek() != ')') {
      return refuse("has a case with a pattern that does not end in )", "quote what is in it");
    }
    const bool last = peek() == ')';
    copy(1);
    if (last) return true;
  }
}

}  // namespace distaff

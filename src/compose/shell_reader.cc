#include "compose/shell_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

// The problem: a record must get into a script that the user wrote with {} in it.  Pasting it there
// and escaping what looks dangerous fails for every shell, locale and position that was not thought
// of.  So no value is ever in the text that a shell parses: it is an argument, the script's prelude
// copies it to a variable (D1=$1;shift 1;), and {} becomes the variable, spelled for the quoting
// around it:
//
//   bare                                "${D1}"
//   in "…", in a here-document          ${D1}
//   in '…'                              '"${D1}"'    leave, insert, enter again
//   in a pattern within quotes          "${D1}"      "${x#"${D1}"}"
//   in $((…))                           ${D1}        and the value must be an integer
//
// Why not "$1" itself: in a function and after `set --` it is something else, without a word.
//
// Two things can go wrong then.  The reader may be mistaken about the quoting: bytes get lost.  Or
// the shell may evaluate an expanded value once more, as it does in arithmetic, in subscripts and
// in the target of >& (bash expands that one twice): commands in the value are run.  Against both,
// the reader knows the grammar of dash, bash, busybox, mksh and zsh where they agree, and that of a
// shell that is named by --shell, and refuses the rest with what to write instead.  Refusing costs
// the user a minute; a wrong guess could cost his files.  The escape is always there: a script that
// says "$1" and has no replacement is taken as it is.
//
// This file reads lists of commands.  All that is read is copied byte for byte.  What has to be
// tracked is the place of a word, since `case`, `[[`, `{` and `for` are reserved only where a
// command may stand, and `)` ends a list but not the pattern of a `case`.  Where shells disagree on
// that (`time case`, `select`, `FOO=1 case`) the script is refused.
//
// The other files: shell_commands.cc the words of a list, shell_words.cc what words are made of,
// shell_here_doc.cc here-documents, shell_dollar.cc what begins with a dollar, shell_values.cc the
// replacements, shell_own_forms.cc what not every shell has.

namespace distaff {
namespace {

constexpr int kDeepest = 200;

// Longest first: reading `|&>&` as `|` `&>` `&` would miss the target of `>&`.
constexpr std::array<std::string_view, 26> kOperators = {
    "&>>", "<<-", "<<<", ";;&", "&&", "||", "|&", ";;", ";&", "&>", ">>", "<<", ">&",
    "<&",  ">|",  "<>",  "&",   "|",  ";",  "<",  ">",  "(",  ")",  "&!", ";|", "&|"};

bool is_operator_char(char c) { return std::string_view(";&|<>()").find(c) != std::string::npos; }

std::string_view operator_at(std::string_view text) {
  std::string_view found;
  for (const std::string_view op : kOperators) {
    if (text.starts_with(op) && op.size() > found.size()) found = op;
  }
  return found;
}

bool begins_operator(const std::string& text) {
  return std::any_of(kOperators.begin(), kOperators.end(),
                     [&](std::string_view op) { return op.starts_with(text); });
}

bool is_redirection(std::string_view op) {
  return op.find_first_of("<>") != std::string_view::npos;
}

}  // namespace

ShellReader::ShellReader(std::string_view script, const ShellScriptOptions& options)
    : script_(script), options_(options), end_(script.size()) {}

bool ShellReader::read() {
  if (!command_list(End::text)) return false;
  note_script();
  if (!check_numbers()) return false;
  if (records_used_ && list_changed_) {
    return refuse(
        "changes the arguments by set or shift, and in a batch they are what {} stands for",
        "write \"$@\" instead of {}, where they are the records");
  }
  return true;
}

// ---- errors

bool ShellReader::refuse(std::string what, std::string_view instead) {
  error_.message = fmt::format("the script {}; {}", what, instead);
  return false;
}

bool ShellReader::refuse_value(const Replacement& value, std::string_view where,
                               std::string_view instead) {
  return refuse(fmt::format("has {} {}", printable(value.spelled, 60), where), instead);
}

bool ShellReader::unclosed(std::string_view what, std::size_t from) {
  return refuse(
      fmt::format("has {} that nothing closes, at '{}'", what, printable(script_.substr(from), 40)),
      "close it");
}

// ---- the cursor

char ShellReader::peek(std::size_t ahead) const {
  return at_ + ahead < end_ ? script_[at_ + ahead] : '\0';
}

bool ShellReader::sees(std::string_view text) const {
  return script_.substr(0, end_).substr(at_).starts_with(text);
}

void ShellReader::copy(std::size_t bytes) {
  result_.text += script_.substr(at_, bytes);
  at_ += bytes;
}

// A newline that is no end of a command.  Shells differ on whether the body of a here-document
// that waits for one begins after it.
bool ShellReader::line_break() {
  if (!pending_.empty() || outer_pending_) {
    return refuse(
        "has a newline in quotes, in parentheses or after a backslash on the line of a <<",
        "end that line after the words, or put them before the <<");
  }
  copy(1);
  return true;
}

bool ShellReader::at_delimiter() const {
  if (at_end()) return true;
  const char c = peek();
  if ((c == '<' || c == '>') && peek(1) == '(') return false;
  return c == ' ' || c == '\t' || c == '\n' || (is_operator_char(c) && c != '(');
}

bool ShellReader::skip_blanks() {
  for (;;) {
    if (peek() == ' ' || peek() == '\t') {
      copy(1);
    } else if (continued(0)) {
      if (!continuation()) return false;
    } else {
      return true;
    }
  }
}

// A backslash and a newline, which vanish.
bool ShellReader::continuation() {
  const std::size_t begins = result_.text.size();
  copy(1);
  if (!line_break()) return false;
  note_break(ShellPlace::Kind::nothing, begins);
  return true;
}

// Blanks, newlines and comments, as between `case x` and `in`.
bool ShellReader::skip_lines() {
  for (;;) {
    if (!skip_blanks()) return false;
    if (peek() == '#') {
      comment();
    } else if (peek() != '\n') {
      return true;
    } else if (outer_pending_) {
      return line_break();
    } else {
      const std::size_t begins = result_.text.size();
      copy(1);
      note_break(ShellPlace::Kind::blank, begins);
      if (!here_docs()) return false;
    }
  }
}

void ShellReader::comment() {
  const std::size_t begins = result_.text.size();
  const std::size_t line = script_.substr(0, end_).find('\n', at_);
  copy((line == std::string_view::npos ? end_ : line) - at_);
  note_break(ShellPlace::Kind::blank, begins);
  if (substitutions_ == 0) result_.compound = true;
}

// ---- lists of commands

bool ShellReader::command_list(End end) {
  if (++depth_ > kDeepest) return refuse("is nested too deeply", "write it to a file and run that");
  List list;
  list.end = end;
  Step next = Step::go_on;
  while (next == Step::go_on) next = step(list);
  --depth_;
  return next == Step::done;
}

ShellReader::Step ShellReader::step(List& list) {
  const auto result = [](bool ok) { return ok ? Step::go_on : Step::failed; };
  if (!skip_blanks()) return Step::failed;
  if (at_end()) {
    if (list.end == End::text) return finish(list) ? Step::done : Step::failed;
    unclosed(list.end == End::paren ? "a (" : "a case", at_ > 40 ? at_ - 40 : 0);
    return Step::failed;
  }
  if (!replacement_at(at_)) {
    const char c = peek();
    if (c == '#') {
      comment();
      return Step::go_on;
    }
    if (c == '\n') return result(newline(list));
    const bool process = (c == '<' || c == '>') && peek(1) == '(';
    if (is_operator_char(c) && !process && !list.test_regex) return operator_(list);
  }
  const bool was_item = list.end == End::case_item;
  if (was_item && (list.place == Place::keyword || list.place == Place::closed) && sees("esac")) {
    const std::size_t back = std::exchange(at_, at_ + 4);
    const bool ends = at_delimiter();
    at_ = back;
    if (ends) {
      copy(4);
      case_ended_ = true;
      return finish(list) ? Step::done : Step::failed;
    }
  }
  return result(take_word(list));
}

bool ShellReader::finish(List& list) {
  if (!list.open.empty()) {
    return refuse(fmt::format("has a '{}' that nothing closes", list.open.back().name), "close it");
  }
  if (list.place == Place::test) return refuse("has a [[ without its ]]", "close it on its line");
  if (list.function_pending || list.place == Place::for_name || list.place == Place::for_in ||
      list.place == Place::function_name) {
    return refuse("ends in the middle of a for or a function", "finish it");
  }
  if (list.end == End::text && !pending_.empty()) {
    return refuse(fmt::format("has a here-document without a body, <<{}", pending_[0].end_word),
                  "put its lines and the end word after the line of the <<");
  }
  if (list.end == End::text && substitutions_ == 0) {
    if (list.place != Place::argument) note_joint(ShellJoints::list);
    result_.appendable = list.place == Place::argument && !result_.compound;
    result_.last_words = list.words;
  }
  return true;
}

void ShellReader::begin_command(List& list) {
  list.place = Place::keyword;
  list.command.clear();
  list.words.clear();
  list.only_a_name = false;
  list.for_words = false;
}

bool ShellReader::newline(List& list) {
  if (list.place == Place::test) {
    if (knows_more()) return line_break();
    return refuse("has a [[ without its ]]", "close it on its line");
  }
  if (list.place == Place::for_name || list.place == Place::function_name) {
    return refuse("has a newline after for or function", "write the name on the same line");
  }
  // A script may end in newlines and still be one plain command.
  const bool last = script_.find_first_not_of(" \t\n", at_) == std::string_view::npos;
  if (last && depth_ == 1 && substitutions_ == 0 && pending_.empty()) {
    at_ = end_;
    return true;
  }
  if (outer_pending_) return line_break();
  if (substitutions_ == 0) result_.compound = true;
  note_newline(list);
  copy(1);
  begin_command(list);
  return here_docs();
}

ShellReader::Step ShellReader::operator_(List& list) {
  const std::string_view op = operator_at(script_.substr(0, end_).substr(at_));
  const auto result = [](bool ok) { return ok ? Step::go_on : Step::failed; };
  std::size_t after = op.size();
  while (continued(after)) after += 2;
  if (after > op.size() && begins_operator(std::string(op) + peek(after))) {
    refuse("has an operator split by a backslash and a newline", "write it on one line");
    return Step::failed;
  }
  const bool of_zsh = op == "&!" || op == ";|" || op == "&|";
  if (of_zsh && options_.family != ShellFamily::zsh) {
    refuse(fmt::format("has '{}', which only zsh knows", op),
           "write & or ;;, or name the shell: --shell zsh");
    return Step::failed;
  }
  note_operator(op);
  if (op == "(") return result(open_paren(list));
  if (substitutions_ == 0) result_.compound = true;
  if (op == ")") {
    if (list.place == Place::test && list.test_depth > 0) return result(test_paren(list));
    if (list.end == End::paren) return finish(list) ? Step::done : Step::failed;
    refuse("has a ) without its (", "remove it, or quote it");
    return Step::failed;
  }
  if (op == ";;" || op == ";&" || op == ";;&" || op == ";|") {
    if (list.end == End::case_item && list.place != Place::test) {
      copy(op.size());
      return finish(list) ? Step::done : Step::failed;
    }
    refuse(fmt::format("has {} outside of a case", op), "write ;");
    return Step::failed;
  }
  return result(is_redirection(op) ? redirection(list, op) : separator(list, op));
}

bool ShellReader::separator(List& list, std::string_view op) {
  if (list.place == Place::test) {
    if (op != "&&" && op != "||") {
      return refuse(fmt::format("has {} within [[ ]]", op), "write [ … ] or close the [[ first");
    }
    list.test_operand = true;
    list.test_value = list.test_number = false;
    copy(op.size());
    return true;
  }
  if (list.function_pending || list.place == Place::for_name ||
      list.place == Place::function_name || (list.place == Place::for_in && op != ";")) {
    return refuse(fmt::format("has {} in the middle of a for or a function", op),
                  "write for x in …; do … done, or name() { …; }");
  }
  begin_command(list);
  copy(op.size());
  return true;
}

bool ShellReader::redirection(List& list, std::string_view op) {
  static constexpr Forbidden kDuplicated{
      "in the target of >& or <&, where bash runs commands that it finds in the value",
      "for a file write > FILE 2>&1, for a number n=$(({})) first and >&$n"};
  if (list.place == Place::test) {
    if (op != "<" && op != ">") {
      return refuse(fmt::format("has {} within [[ ]]", op), "write [ … ] instead");
    }
    copy(1);
    return true;
  }
  if (list.function_pending || list.place == Place::for_name || list.place == Place::for_in ||
      list.place == Place::function_name) {
    return refuse(fmt::format("has {} in the middle of a for or a function", op), "move it");
  }
  const bool knows_both = is_one_of_these({ShellFamily::bash, ShellFamily::mksh, ShellFamily::zsh});
  if (op.starts_with("&>") && !knows_both) {
    return refuse(fmt::format("has {}, which is a & and a > to a plain sh", op),
                  "write > FILE 2>&1, or name the shell: --shell bash");
  }
  const bool body = op == "<<" || op == "<<-";
  const bool duplicates = op == ">&" || op == "<&";
  copy(op.size());
  if (!skip_blanks()) return false;
  if (body) {
    if (!end_word(op == "<<-")) return false;
  } else {
    if (at_delimiter() || peek() == '(') {
      return refuse(fmt::format("has no target after {}", op), "name one");
    }
    const Forbidden* outside = forbidden_;
    if (duplicates) forbidden_ = &kDuplicated;
    Word target;
    word_place_ = Place::argument;
    if (!word(target, false)) return false;
    forbidden_ = outside;
    if (op == "<<<") gives_text_ = gives_text_ || target.values > 0;
  }
  list.only_a_name = false;
  if (list.place == Place::keyword || list.place == Place::timed) list.place = Place::command;
  if (list.place == Place::closed) list.place = Place::ended;
  return true;
}

bool ShellReader::function_parens(List& list) {
  copy(1);
  if (!skip_blanks()) return false;
  if (peek() != ')') {
    return refuse("has parentheses joined to a word",
                  "write name() { …; } for a function, or quote them");
  }
  copy(1);
  result_.shown.leaves_traces = true;
  list.function_pending = true;
  begin_command(list);
  return true;
}

bool ShellReader::refuse_parens(const List& list) {
  if (list.place == Place::test) {
    return refuse(
        "has parentheses within [[ ]]",
        knows_more() ? "quote them" : "quote them, or name the shell if they group: --shell bash");
  }
  if (!knows_more() && at_ > 0 && script_[at_ - 1] == '=') {
    const std::size_t close = std::min(script_.find(')', at_), end_);
    return refuse(
        "has an array, with parentheses in or after a word, which a plain sh does not know",
        holds_value(at_, close)
            ? "write set -- {} and then \"$1\", or with --shell bash v={} first and \"$v\" in the "
              "array"
            : "name the shell: --shell bash, or write set -- for words of your own and {}");
  }
  return refuse("has parentheses in or after a word, which shells read in different ways",
                knows_more() ? "quote them" : "quote them, or name the shell: --shell bash");
}

bool ShellReader::open_paren(List& list) {
  if (substitutions_ == 0) result_.compound = true;
  if (list.only_a_name) return function_parens(list);
  if (list.place == Place::test && knows_more()) return test_paren(list);
  if (list.place == Place::for_name) return for_double_paren(list);
  if (list.place != Place::keyword && list.place != Place::timed) {
    return refuse_parens(list);
  }
  std::size_t next = 1;
  while (continued(next)) next += 2;
  if (peek(next) == '(') return double_paren(list);
  copy(1);
  if (!skip_blanks()) return false;
  if (peek() == ')') return refuse("has () without a name", "write name() { …; }");
  const bool function = std::exchange(list.function_pending, false);
  functions_ += function;
  if (!command_list(End::paren)) return false;
  functions_ -= function;
  copy(1);
  list.place = Place::closed;
  return true;
}

}  // namespace distaff

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "compose/shell_reader.h"

// What shells beyond a plain sh have of their own: ((…)), arrays, patterns with parentheses, the
// grammar of [[ ]], coproc.  It is read where the shell is known by name, as that shell reads it;
// a value in it is refused where it would be evaluated.

namespace distaff {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// What may be the name of a variable in a text: arithmetic takes the word in a value for one, too.
// "1" is for all arguments.  Not that of ${#x}, which is a number.
std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view before = text.substr(0, at);
    const bool dollar = before.ends_with('$') || before.ends_with("${") || before.ends_with("${!");
    if (dollar && (text[at] == '@' || text[at] == '*')) names.emplace_back("1");
    if (!is_name_char(text[at])) continue;
    std::size_t end = at;
    while (end < text.size() && is_name_char(text[end])) ++end;
    const std::string name(text.substr(at, end - at));
    at = end - 1;
    if (before.ends_with("${#")) continue;
    if (is_identifier(name)) {
      names.push_back(name);
    } else if (dollar && name != "0") {
      names.emplace_back("1");
    }
  }
  return names;
}

}  // namespace

bool ShellReader::is_one_of_these(std::initializer_list<ShellFamily> families) const {
  return std::find(families.begin(), families.end(), options_.family) != families.end();
}

// ---- arithmetic

bool ShellReader::double_paren(List& list) {
  if (!knows_more()) {
    const std::size_t close = std::min(script_.find("))", at_), end_);
    return refuse("has ((, arithmetic in bash and two subshells in sh",
                  holds_value(at_, close)
                      ? "write [ {} -gt 1 ] to compare, x=$(({}+1)) to compute, ( ( for subshells"
                      : "name the shell: --shell bash, or write x=$((x+1)) to compute, and ( ( "
                        "for subshells");
  }
  if (list.function_pending) {
    return refuse("has a function whose body is ((…))", "write name() { …; }");
  }
  if (!arithmetic_command(false)) return false;
  list.place = Place::closed;
  list.command.clear();
  return true;
}

// for ((i=0; i<3; i++)): what follows is `do`, if need be after a `;` or a newline.
bool ShellReader::for_double_paren(List& list) {
  if (!knows_more()) {
    const std::size_t close = std::min(script_.find("))", at_), end_);
    return refuse("has for ((, which a plain sh does not know",
                  holds_value(at_, close)
                      ? "write for i in $(seq {}); do …; done, or while [ … ]; do …; done"
                      : "name the shell: --shell bash, or write while [ … ]; do …; done");
  }
  if (!arithmetic_command(true)) return false;
  list.open.back().has_in = true;
  list.place = Place::closed;
  return true;
}

bool ShellReader::arithmetic_command(bool semicolons) {
  static constexpr Forbidden kEvaluated{
      "in ((…)), where the shell runs commands that it finds in the value",
      "write [ {} -gt 1 ] to compare, x=$(({}+1)) to compute"};
  if (!sees("((")) return refuse("has a single ( after for, or a (( in two lines", "write ((…))");
  result_.shown.only_in_its_shell = result_.shown.leaves_traces = true;
  const std::size_t from = at_;
  const Forbidden* outside = std::exchange(forbidden_, &kEvaluated);
  if (!arithmetic_text(2, semicolons)) return false;
  forbidden_ = outside;
  numbers_.push_back(script_.substr(from, at_ - from));
  return true;
}

// $[…]
bool ShellReader::bracket_arithmetic() {
  static constexpr Forbidden kEvaluated{
      "in $[…], where the shell runs commands that it finds in the value", "write $(({}+1))"};
  const std::size_t from = at_;
  const Forbidden* outside = std::exchange(forbidden_, &kEvaluated);
  result_.shown.only_in_its_shell = result_.shown.leaves_traces = true;
  copy(2);
  for (int depth = 0; !at_end();) {
    bool done = false;
    if (!try_replacement(Spelling::arithmetic, done)) return false;
    const char c = peek();
    if (std::string_view("'\"\\{};`\n").find(c) != std::string_view::npos) {
      return refuse(fmt::format("has '{}' in $[…]", printable({&c, 1})), "write $((…))");
    }
    if (c == '$') {
      if (!dollar(Context::arithmetic)) return false;
      continue;
    }
    copy(1);
    if (c == '[') ++depth;
    if (c == ']' && --depth < 0) {
      forbidden_ = outside;
      numbers_.push_back(script_.substr(from, at_ - from));
      return true;
    }
  }
  return unclosed("a $[", from);
}

// ---- parentheses in a word

// The cursor is at a ( that some word goes on with.  Not taken: it is none of these.
bool ShellReader::paren_in_word(Word& word, std::size_t from, bool& taken) {
  if (!knows_more() || at_ == from) return true;
  const char before = script_[at_ - 1];
  const char sooner = at_ - 1 > from ? script_[at_ - 2] : '\0';
  const bool command =
      word_place_ == Place::keyword || word_place_ == Place::command || word_place_ == Place::timed;
  const bool name_only = word.plain && word.assignment &&
                         word.text.find('[') == std::string::npos &&
                         word.text.find('=') + 1 == word.text.size();
  if (before == '=' && name_only && (command || word_place_ == Place::argument)) {
    taken = true;
    return array(word);
  }
  if (command || sooner == '\\' || sooner == '$') return true;
  const bool sign = std::string_view("?*+@!").find(before) != std::string_view::npos;
  // [[ !(a = b) ]] is no pattern.
  const bool negation = word_place_ == Place::test && at_ - 1 == from && !test_pattern_;
  const bool extended = sign && !negation && options_.family != ShellFamily::zsh;
  const bool of_zsh =
      options_.family == ShellFamily::zsh && word_place_ == Place::argument && !word.replaced;
  if (!extended && !of_zsh) return true;
  taken = true;
  word.plain = false;
  return paren_pattern();
}

// name=(words), over as many lines as it takes.
bool ShellReader::array(Word& word) {
  static constexpr Forbidden kElement{
      "in an array, whose words shells may evaluate",
      "write v={} first and \"$v\" in the array, or quote them if it is none"};
  const std::size_t opened = at_;
  const Forbidden* outside = std::exchange(forbidden_, &kElement);
  const Place place = std::exchange(word_place_, Place::argument);
  result_.shown.only_in_its_shell = true;
  word.plain = false;
  copy(1);
  for (;;) {
    if (!skip_blanks()) return false;
    if (at_end()) return unclosed("a (", opened);
    if (peek() == ')') break;
    if (peek() == '#' && !replacement_at(at_)) {
      comment();
    } else if (peek() == '\n') {
      if (!line_break()) return false;
    } else {
      const std::size_t from = at_;
      if (peek() == '[' && !array_subscript()) return false;
      Word element;
      if (!this->word(element, false)) return false;
      if (at_ == from || !at_delimiter()) {
        return refuse(
            fmt::format("has an array with '{}' in it", printable(script_.substr(from, 20), 20)),
            "quote it");
      }
    }
  }
  copy(1);
  forbidden_ = outside;
  word_place_ = place;
  if (at_delimiter()) return true;
  return refuse("has an array with something joined to its )", "write a blank between");
}

// [key] before the = of an element.
bool ShellReader::array_subscript() {
  const std::size_t from = at_;
  int depth = 0;
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(Spelling::bare, done)) return false;
    const char c = peek();
    bool read = true;
    if (c == '"' || c == '\'') {
      read = inner_quotes(c);
    } else if (c == '$') {
      read = dollar(Context::quoted);
    } else if (is_blank(c) || std::string_view("\\`(){}<>;&|").find(c) != std::string_view::npos) {
      read = refuse("has an array with a key that cannot be read", "quote it");
    } else {
      copy(1);
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (depth == 0) {
        use_subscript(script_.substr(from, at_ - from));
        return true;
      }
    }
    if (!read) return false;
  }
  return unclosed("a [", from);
}

// (a|b) after one of ? * + @ !, and what may be in the parentheses of a pattern of zsh.
bool ShellReader::paren_pattern() {
  static constexpr Forbidden kPattern{
      "in a pattern with parentheses, which shells read in "
      "different ways",
      "write case … in a|{}), or name the shell: --shell bash"};
  if (++depth_ > 200) return refuse("is nested too deeply", "write it to a file and run that");
  const std::size_t from = at_;
  const Forbidden* outside = forbidden_;
  if (options_.family != ShellFamily::bash) forbidden_ = &kPattern;
  const bool simple = options_.family == ShellFamily::zsh;
  result_.shown.only_in_its_shell = true;
  Word inside{.text = {}, .plain = false, .written = {}};
  copy(1);
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(Spelling::bare, done)) return false;
    if (done) continue;
    const char c = peek();
    bool read = true;
    if (c == ')') {
      copy(1);
      forbidden_ = outside;
      --depth_;
      return true;
    }
    if (c == '(') {
      read = paren_pattern();
    } else if (c == '|') {
      copy(1);
    } else if (is_blank(c) || std::string_view(";&<>").find(c) != std::string_view::npos ||
               (simple && std::string_view("'\"\\`${}").find(c) != std::string_view::npos)) {
      read = refuse(fmt::format("has '{}' in the parentheses of a pattern", printable({&c, 1})),
                    "quote it, or put the pattern into a variable first");
    } else {
      read = word_part(inside, forbidden_);
    }
    if (!read) return false;
  }
  return unclosed("a (", from);
}

// ---- [[ ]]

// The operand of =~: parentheses and bars are a part of it.
bool ShellReader::regex(Word& word) {
  const std::size_t from = at_;
  const std::size_t values = values_put_;
  const bool bars = options_.family == ShellFamily::bash;
  Word inside{.text = {}, .plain = false, .written = {}};
  int depth = 0;
  result_.shown.only_in_its_shell = true;
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(Spelling::bare, done)) return false;
    if (done) {
      word.replaced = true;
      continue;
    }
    const char c = peek();
    const bool ends = is_blank(c) || std::string_view(";&<>").find(c) != std::string_view::npos;
    if (depth == 0 && (ends || c == ')' || (c == '|' && !bars))) break;
    if (ends) {
      return refuse("has a blank or an operator in the parentheses after =~",
                    "put the pattern into a variable first");
    }
    if (c == '(' || c == ')' || c == '|') {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      copy(1);
    } else if (!word_part(inside, forbidden_)) {
      return false;
    }
  }
  if (depth > 0) return unclosed("a (", from);
  word.plain = false;
  word.values = values_put_ - values;
  word.written = script_.substr(from, at_ - from);
  return true;
}

bool ShellReader::test_paren(List& list) {
  const bool opens = peek() == '(';
  if (opens && !list.test_operand && list.test_before != "!") return refuse_parens(list);
  list.test_depth += opens ? 1 : -1;
  list.test_operand = opens;
  result_.shown.only_in_its_shell = true;
  copy(1);
  return true;
}

// The operands of -eq and its like are evaluated.
bool ShellReader::test_numbers(List& list, const Word& word, bool evaluates) {
  const bool unary = word.text == "-v" || word.text == "-R" || word.text == "-t";
  const bool left = evaluates && !unary && list.test_value;
  const bool behind = std::exchange(list.test_number, evaluates);
  if (left || (behind && word.values > 0)) {
    return refuse(fmt::format("has a replacement beside {} in [[ ]], where shells evaluate the "
                              "operands",
                              left ? word.written : list.test_before),
                  "write [ … ]");
  }
  if (evaluates && !unary) numbers_.push_back(list.test_before);
  if (behind) numbers_.push_back(word.written);
  list.test_value = word.values > 0;
  list.test_before = word.written;
  return true;
}

// ---- coproc

// coproc COMMAND, and in bash coproc NAME { …; }.
bool ShellReader::coprocess(List& list) {
  if (substitutions_ == 0) result_.compound = true;
  note_joint(ShellJoints::list);
  result_.shown.only_in_its_shell = result_.shown.leaves_traces = true;
  begin_command(list);
  if (!skip_blanks()) return false;
  if (options_.family != ShellFamily::bash || replacement_at(at_)) return true;
  const std::size_t name = name_length(0);
  std::size_t next = name;
  while (peek(next) == ' ' || peek(next) == '\t') ++next;
  const bool compound = peek(next) == '(' || (peek(next) == '{' && is_blank(peek(next + 1)));
  if (name > 0 && next > name && compound) copy(next);
  return true;
}

// ---- variables that hold values must not be read as arithmetic

void ShellReader::note_assignment(const Word& word) {
  const std::string name = word.text.substr(0, word.text.find_first_of("=[+"));
  assigned_.push_back({name, word.direct_values > 0, word.written});
}

void ShellReader::note_list_variable(const List& list, const Word& word) {
  if (list.open.empty()) return;
  assigned_.push_back({list.open.back().variable, word.direct_values > 0, word.written});
}

// Of an array by names it is a text.
void ShellReader::use_subscript(std::string_view text) {
  if (script_.find("-A") == std::string_view::npos) numbers_.push_back(text);
}

// Not seen is what goes through the output of a command.
bool ShellReader::check_numbers() {
  if (!knows_more() || numbers_.empty() || values_put_ == 0) return true;
  std::vector<std::string> holding = {"1"};  // the record may be $1, or become it by set --
  if (gives_text_) holding.insert(holding.end(), read_names_.begin(), read_names_.end());
  const auto holds = [&](const std::string& name) {
    return std::find(holding.begin(), holding.end(), name) != holding.end();
  };
  for (bool more = true; more;) {
    more = false;
    for (const Assigned& each : assigned_) {
      const auto used = names_in(each.text);
      if (holds(each.name) || !(each.value || std::any_of(used.begin(), used.end(), holds))) {
        continue;
      }
      holding.push_back(each.name);
      more = true;
    }
  }
  for (const std::string_view text : numbers_) {
    for (const std::string& name : names_in(text)) {
      if (!holds(name)) continue;
      return refuse(fmt::format("has '{}', where the shell would run commands that it finds in ${}",
                                printable(text, 40), name),
                    "make sure that it is a number first: n=$(({})), and use that");
    }
  }
  return true;
}

}  // namespace distaff

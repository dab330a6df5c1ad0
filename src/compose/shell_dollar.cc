#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "compose/shell_reader.h"

// What begins with a dollar: $x ${x} ${x:-word} ${x#pattern} $(…) $((…)), and <(…).

namespace distaff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_special(char c) {
  return c != '\0' && std::string_view("@*#?$!-").find(c) != std::string::npos;
}

// In bash and zsh they have names, too.
bool speaks_of_arguments(std::string_view name) {
  if (name == "argv" || name == "ARGC" || name == "BASH_ARGV" || name == "BASH_ARGC") return true;
  return name == "@" || name == "*" || name == "#" ||
         (!name.empty() && is_digit(name[0]) && name.find_first_not_of('0') != std::string::npos);
}

}  // namespace

bool ShellReader::dollar(Context context) {
  result_.shown.expands = true;
  const char next = peek(1);
  if (next == '(') {
    if (peek(2) == '(') return arithmetic();
    std::size_t after = 2;
    while (continued(after)) after += 2;
    if (after > 2 && peek(after) == '(') {
      return refuse("has $( and ( split by a backslash and a newline", "write $( (");
    }
    return command_substitution();
  }
  if (next == '{') return braced(context);
  if (next == '[') {
    if (is_one_of_these({ShellFamily::bash, ShellFamily::zsh})) return bracket_arithmetic();
    return refuse("has $[, arithmetic in bash and plain text in sh", "write $((…)), or \\$[");
  }
  if (continued(1))
    return refuse("has a $ before a backslash and a newline", "write it on one line");
  if (next == '\'' && context == Context::bare) return ansi_quotes();
  if (next == '"' && context == Context::bare) {
    result_.shown.only_in_its_shell = true;
    copy(1);
    return double_quotes();
  }
  if (is_name_start(next)) {
    return parameter(1 + name_length(1));
  }
  if (is_digit(next) || is_special(next)) return parameter(2);
  return plain_dollar(context);
}

bool ShellReader::parameter(std::size_t length) {
  const std::string_view name = script_.substr(at_ + 1, length - 1);
  if (speaks_of_arguments(name)) result_.speaks_of_arguments = true;
  note_parameter(name);
  copy(length);
  if (is_name_start(name[0])) name_ends_ = result_.text.size();
  if (name == "#" && replacement_at(at_)) {
    return refuse("has a replacement after $#, which zsh reads as a length",
                  "write ${#} before it");
  }
  forbid_subscript(name == "#" ? name_length(0) : 0);
  return true;
}

// A dollar that is just that; with -I, what follows it may be a replacement.
bool ShellReader::plain_dollar(Context context) {
  std::size_t after = 1;
  while (peek(after) != '\0' && std::string_view("~=^+").find(peek(after)) != std::string::npos) {
    ++after;
  }
  if (replacement_at(at_ + after)) {
    if (after > 1) {
      return refuse("has a $ before one of ~ = ^ + and a replacement, which zsh expands",
                    "write \\$");
    }
    if (context != Context::arithmetic) result_.text += '\\';
  }
  forbid_subscript(after + name_length(after));
  copy(1);
  return true;
}

std::size_t ShellReader::name_length(std::size_t ahead) const {
  std::size_t length = 0;
  if (!is_name_start(peek(ahead))) return 0;
  while (is_name_start(peek(ahead + length)) || is_digit(peek(ahead + length))) ++length;
  return length;
}

// $x[…] and $~x[…] are subscripts in zsh, in double quotes too.  Textual, and rather too long than
// too short.
void ShellReader::forbid_subscript(std::size_t ahead) {
  if (knows_more() && options_.family != ShellFamily::zsh) return;
  int depth = 0;
  std::size_t at = at_ + ahead;
  if (at >= end_ || script_[at] != '[') return;
  for (; at < end_ && script_[at] != '\n'; ++at) {
    if (script_[at] == '[') ++depth;
    const bool closed = script_[at] == ']' && --depth == 0;
    if (closed && (at + 1 >= end_ || script_[at + 1] != '[')) break;
  }
  subscript_until_ = std::max(subscript_until_, at);
}

// ---- ${…}

bool ShellReader::braced(Context context) {
  const std::size_t from = at_;
  if (sees("${}") && options_.syntax.replacement == "{}") {
    fatal_ = true;
    return refuse("has ${}, which no shell knows", "write {} for the record, or \\${} for itself");
  }
  const char next = peek(2);
  if (next == ' ' || next == '\t' || next == '\n' || next == '|' || next == '\\') {
    return refuse("has ${ with a blank or | after it, which runs a command in some shells",
                  "write $(…)");
  }
  copy(2);
  std::string name;
  if (!braced_name(name)) return odd_braced(context);
  note_parameter(name);
  if (speaks_of_arguments(name)) result_.speaks_of_arguments = true;
  if (peek() == '}') {
    auto& names = result_.braced_names;
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (is_identifier(name) && !known) names.push_back(name);
    copy(1);
    return true;
  }
  const std::size_t colon = peek() == ':' ? 1 : 0;
  const char op = peek(colon);
  if (at_ + colon < end_ && std::string_view("-=+?").find(op) != std::string_view::npos) {
    copy(colon + 1);
    if (braced_word(context, std::string(1, op), name)) return true;
  } else if (peek() == '#' || peek() == '%') {
    const std::size_t length = peek(1) == peek() ? 2 : 1;
    copy(length);
    if (braced_word(context, "#", name)) return true;
  } else {
    return odd_braced(context);
  }
  return error_.message.empty() ? unclosed("a ${", from) : false;
}

// The name behind `${`, or with a # before it, as in ${#x}.  False: it is neither, or the length of
// something that is no plain parameter.
bool ShellReader::braced_name(std::string& name) {
  const bool length = peek() == '#' && peek(1) != '}';
  const std::size_t skip = length ? 1 : 0;
  std::size_t size = 0;
  if (is_name_start(peek(skip))) {
    while (is_name_start(peek(skip + size)) || is_digit(peek(skip + size))) ++size;
  } else if (is_digit(peek(skip))) {
    while (is_digit(peek(skip + size))) ++size;
  } else if (is_special(peek(skip))) {
    size = 1;
  }
  if (size == 0 || (length && peek(skip + size) != '}')) return false;
  if (peek(skip) == '!' && peek(skip + size) != '}') return false;
  name = length ? "" : script_.substr(at_, size);
  if (length && speaks_of_arguments(script_.substr(at_ + 1, size))) {
    result_.speaks_of_arguments = true;
  }
  copy(skip + size);
  return true;
}

bool ShellReader::braced_word(Context context, const std::string& op, std::string_view name) {
  static constexpr Forbidden kNumber{"in ${X=…}, which may assign to a number and so be evaluated",
                                     "choose a name in small letters"};
  static constexpr Forbidden kSplit{"in ${x=…} without double quotes around it, which splits it",
                                    "write \"${x=…}\""};
  const Forbidden* outside = forbidden_;
  if (op == "=" || op == "?") result_.shown.leaves_traces = true;
  const bool upper =
      std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (op == "=" && upper) forbidden_ = &kNumber;
  if (op == "=" && context == Context::bare) forbidden_ = &kSplit;
  const bool bare = context == Context::bare;
  braces_ += bare;
  const std::size_t direct = direct_values_;
  const bool read = bare ? bare_braced_word() : quoted_braced_word(context, op == "#");
  if (op == "=") assigned_.push_back({std::string(name), direct_values_ > direct, {}});
  braces_ -= bare;
  forbidden_ = outside;
  return read;
}

// Outside of double quotes the word has quotes of its own.
bool ShellReader::bare_braced_word() {
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(Spelling::bare, done)) return false;
    if (done) continue;
    bool read = true;
    const char c = peek();
    if (c == '}') {
      copy(1);
      return true;
    } else if (sees("''") || sees("\"\"")) {
      read = refuse("has empty quotes in ${…}, which bash takes for a character in a case",
                    "leave them out");
    } else if (c == '\'') {
      read = single_quotes();
    } else if (c == '"') {
      read = double_quotes();
    } else if (c == '\\') {
      read = bare_backslash(nullptr);
    } else if (c == '`') {
      read = backquotes();
    } else if (sees("$'") || sees("$\"")) {
      read = refuse("has $ and a quote in ${…}", "copy the text to a variable first");
    } else if (c == '$') {
      read = dollar(Context::bare);
    } else if (c == '\n') {
      read = line_break();
    } else if (std::string_view("{;&|<>()").find(c) != std::string_view::npos) {
      read = refuse(fmt::format("has '{}' without quotes in ${{…}}", c), "quote it");
    } else {
      copy(1);
    }
    if (!read) return false;
  }
  return false;
}

// In double quotes or a here-document: shells differ on the quotes in such a word, so they must be
// simple, and a replacement must not stand beside them.
bool ShellReader::quoted_braced_word(Context context, bool pattern) {
  bool quotes = false;
  bool replaced = false;
  const Spelling spelling = context == Context::arithmetic ? Spelling::arithmetic
                            : pattern                      ? Spelling::pattern
                                                           : Spelling::inner;
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(spelling, done)) return false;
    replaced = replaced || done;
    if (done && pattern && context != Context::quoted) {
      return refuse(
          "has a replacement in a pattern ${x#…} in a here-document or in arithmetic, "
          "where shells differ",
          "set a variable before");
    }
    if (quotes && replaced) {
      return refuse("has quotes beside a replacement in \"${x…}\", where shells differ",
                    "leave them out, or set a variable before");
    }
    if (done) continue;
    const char c = peek();
    bool read = true;
    if (c == '}') {
      copy(1);
      return true;
    } else if (c == '"' || c == '\'') {
      quotes = true;
      read = context == Context::quoted ? inner_quotes(c)
                                        : refuse(
                                              "has quotes in ${…} in a here-document or in "
                                              "arithmetic, where shells differ",
                                              "leave them out");
    } else if (c == '\\') {
      const char next = peek(1);
      if (replacement_at(at_ + 1) || next == '\0' ||
          std::string_view("{}\"'\n").find(next) != std::string_view::npos) {
        return refuse("has a backslash in \"${x…}\" before a brace, a quote or a newline",
                      "set a variable before");
      }
      copy(2);
    } else if (c == '$') {
      read = dollar(context);
    } else if (c == '`') {
      read = backquotes();
    } else if (c == '\n') {
      read = line_break();
    } else if (c == '{') {
      read = refuse("has a { in \"${x…}\"", "set a variable before");
    } else {
      copy(1);
    }
    if (!read) return false;
  }
  return false;
}

// Quotes that every shell ends at the same place, whether it takes them for quotes or for text.
bool ShellReader::inner_quotes(char quote) {
  copy(1);
  while (!at_end()) {
    const char c = peek();
    if (c == quote) {
      copy(1);
      return true;
    }
    const bool name = c == '$' && quote == '"' && (is_name_start(peek(1)) || is_digit(peek(1)));
    if ((std::string_view("{}'\"\\`\n$").find(c) != std::string_view::npos && !name) ||
        replacement_at(at_)) {
      return refuse("has quotes in \"${x…}\" that shells end at different places",
                    "leave them out, or set a variable before");
    }
    if (c == '$' && (!dollar(Context::quoted))) return false;
    if (c != '$') copy(1);
  }
  return false;
}

// ${x/a/b} ${x:1:2} ${x[1]} ${!x} ${x^} ${x@Q} ${(f)x}: their offsets and subscripts are evaluated.
bool ShellReader::odd_braced(Context context) {
  const std::size_t from = at_;
  result_.shown.only_in_its_shell = true;
  const char first = peek();
  if (first == '@' || first == '*' || first == '!') result_.speaks_of_arguments = true;
  while (!at_end()) {
    if (replacement_at(at_)) {
      return refuse(fmt::format("has a replacement in ${{…}} at '{}', where shells evaluate or "
                                "differ",
                                printable(script_.substr(from, 20))),
                    "set a variable first: v={} for text, n=$(({})) for a number");
    }
    const char c = peek();
    if (c == '}') {
      const std::string_view text = script_.substr(from, at_ - from);
      if (first == '[') use_subscript(text);
      if (first == ':') numbers_.push_back(text);
      copy(1);
      forbid_subscript(0);
      return true;
    }
    if (options_.family == ShellFamily::bash && c == '\\' && peek(1) != '\n' && peek(1) != '\0' &&
        !replacement_at(at_ + 1)) {
      copy(2);
      continue;
    }
    if (knows_more() && std::string_view("'\"`${;&|<>").find(c) != std::string_view::npos) {
      if (!odd_braced_part(context)) return false;
      continue;
    }
    const char next = peek(1);
    const bool escaped = c == '\\' && next != '\0' &&
                         std::string_view("{}'\"`$\\\n()").find(next) == std::string::npos;
    const bool simple = c == '$' && (is_name_start(next) || is_digit(next));
    if (!escaped && !simple && std::string_view("{'\"`\\\n$;&|<>").find(c) != std::string::npos) {
      return refuse(fmt::format("has ${{…}} with '{}' in it, which shells read in different ways",
                                printable(script_.substr(at_, 1))),
                    "set a variable before");
    }
    if (simple && is_digit(next) && next != '0') result_.speaks_of_arguments = true;
    if (c == '@' && next == 'P') result_.needs_arguments = true;  // expands what the value says
    copy(escaped ? 2 : 1);
  }
  return unclosed("a ${", from);
}

// What the shell that is named reads as it does elsewhere, where all that it can differ on is left
// out.  No value can stand in it.
bool ShellReader::odd_braced_part(Context context) {
  static constexpr Forbidden kOdd{"in ${…}, where it would be evaluated, or read in another way",
                                  "set a variable first: v={} for text, n=$(({})) for a number"};
  const Forbidden* outside = forbidden_;
  forbidden_ = &kOdd;
  const char c = peek();
  bool read = true;
  if (c == '$' && context == Context::bare && (peek(1) == '\'' || peek(1) == '"')) {
    read = refuse("has $ and a quote in ${…}", "copy the text to a variable first");
  } else if (c == '$') {
    read = dollar(context);
  } else if (c == '`') {
    read = backquotes();
  } else if (c == '\'' || c == '"') {
    read = inner_quotes(c);
  } else if (c == '{') {
    read = refuse("has a { in ${…}", "set a variable before");
  } else {
    copy(1);
  }
  forbidden_ = outside;
  return read;
}

// ---- $(…), <(…), $((…))

bool ShellReader::nested_list(End end) {
  // Here-documents that wait outside do not begin in here.
  std::vector<HereDoc> outside;
  std::swap(outside, pending_);
  const bool was_pending = std::exchange(outer_pending_, outer_pending_ || !outside.empty());
  ++substitutions_;
  const int braces = std::exchange(braces_, 0);
  const Place place = word_place_;
  const std::size_t direct = direct_values_;
  if (!command_list(end)) return false;
  direct_values_ = direct;
  braces_ = braces;
  word_place_ = place;
  --substitutions_;
  if (!pending_.empty()) {
    return refuse("has a here-document without a body in $(…)",
                  "put its lines and a newline before the )");
  }
  outer_pending_ = was_pending;
  std::swap(outside, pending_);
  return true;
}

bool ShellReader::command_substitution() {
  copy(2);
  if (!nested_list(End::paren)) return false;
  copy(1);
  return true;
}

bool ShellReader::process_substitution() {
  if (substitutions_ == 0) result_.compound = true;
  result_.shown.only_in_its_shell = true;
  return command_substitution();
}

// Values in here are checked to be integers, as bash runs the command in `a[$(cmd)]`.
bool ShellReader::arithmetic() { return arithmetic_text(3, false); }

// From its opening, of so many bytes, to behind its )).
bool ShellReader::arithmetic_text(std::size_t opening, bool semicolons) {
  const std::size_t from = at_;
  if (++depth_ > 200) return refuse("is nested too deeply", "write it to a file and run that");
  copy(opening);
  int depth = 0;
  while (!at_end()) {
    bool done = false;
    if (!try_replacement(Spelling::arithmetic, done)) return false;
    if (done) continue;
    const char c = peek();
    bool read = true;
    if (c == ')' && depth == 0) {
      // A shell that counts parentheses without reading what is between must come to the same end.
      const std::string_view text = script_.substr(from + opening, at_ - from - opening);
      const bool balanced =
          std::count(text.begin(), text.end(), '(') == std::count(text.begin(), text.end(), ')');
      if (peek(1) != ')' || !balanced) {
        const std::string_view opened = opening == 2 ? "(" : "$(";
        return refuse(fmt::format("has {}( that is not closed by )) at its own depth", opened),
                      fmt::format("write {} ( for a subshell", opened));
      }
      copy(2);
      --depth_;
      note_arithmetic(text);
      return true;
    } else if (c == '$') {
      read = dollar(Context::arithmetic);
    } else if (c == '`') {
      read = backquotes();
    } else if (c == '\n') {
      read = line_break();
    } else if (semicolons && c == ';') {
      copy(1);
    } else if (knows_more() && (c == '"' || c == '\'')) {
      read = inner_quotes(c);
    } else if (std::string_view("'\"\\{};").find(c) != std::string_view::npos) {
      read = refuse(fmt::format("has '{}' in $((…)), which shells read in different ways", c),
                    "leave it out, or write $( ( for a subshell");
    } else {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      copy(1);
    }
    if (!read) return false;
  }
  return unclosed("a $((", from);
}

}  // namespace distaff

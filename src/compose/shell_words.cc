#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "compose/second_shell.h"
#include "compose/shell_reader.h"

// What words are made of: plain characters, quotes and backquotes.

namespace distaff {
namespace {

// Variables that some shell keeps as a number, so that an assignment is arithmetic there; and two
// that bash expands by itself.
constexpr std::array<std::string_view, 35> kEvaluatedVariables = {"BASH_ENV",
                                                                  "PS4",
                                                                  "BASHPID",
                                                                  "COLUMNS",
                                                                  "EGID",
                                                                  "ERRNO",
                                                                  "EUID",
                                                                  "FUNCNEST",
                                                                  "GID",
                                                                  "HISTCMD",
                                                                  "HISTSIZE",
                                                                  "KSHEGID",
                                                                  "KSHGID",
                                                                  "KSHUID",
                                                                  "LINENO",
                                                                  "LINES",
                                                                  "LISTMAX",
                                                                  "MAILCHECK",
                                                                  "OPTIND",
                                                                  "PGRP",
                                                                  "PPID",
                                                                  "RANDOM",
                                                                  "SAVEHIST",
                                                                  "SECONDS",
                                                                  "SHLVL",
                                                                  "SRANDOM",
                                                                  "TMOUT",
                                                                  "UID",
                                                                  "USER_ID",
                                                                  "KEYTIMEOUT",
                                                                  "LOGCHECK",
                                                                  "DIRSTACKSIZE",
                                                                  "BAUD",
                                                                  "TRY_BLOCK_ERROR",
                                                                  "TRY_BLOCK_INTERRUPT"};

}  // namespace

// ---- words

bool ShellReader::word(Word& word, bool several) {
  const Forbidden* outside = forbidden_;
  const std::size_t from = at_;
  const std::size_t values = values_put_;
  const std::size_t direct = direct_values_;
  const bool read = word_parts(word, several, outside);
  word.values = values_put_ - values;
  word.direct_values = direct_values_ - direct;
  word.written = script_.substr(from, at_ - from);
  forbidden_ = outside;
  return read;
}

bool ShellReader::word_parts(Word& word, bool several, const Forbidden* outside) {
  const std::size_t from = at_;
  while (!at_end()) {
    bool done = false;
    const bool first = at_ == from;
    if (!try_replacement(several && first ? Spelling::alone : Spelling::bare, done)) return false;
    if (done) {
      word.plain = false;
      word.replaced = true;
      continue;
    }
    note_character(word, from);
    const char c = peek();
    if ((c == '<' || c == '>') && peek(1) == '(' && word.subscript == 0) {
      word.plain = false;
      if (!process_substitution()) return false;
      continue;
    }
    bool taken = false;
    if (c == '(' && !paren_in_word(word, from, taken)) return false;
    if (taken) continue;
    if (at_delimiter() || c == '(') break;
    if (!word_part(word, outside)) return false;
  }
  if (word.subscript == 0) return true;
  return refuse("has a [ after a name without its ], which bash reads on beyond blanks",
                "quote the [, or leave the blanks in the subscript out");
}

// Quotes and substitutions in a subscript: bash takes them for quotes there too, others do not.
bool ShellReader::word_subscript(const Word& word) {
  const char c = peek();
  const bool odd = c == '\'' || c == '"' || c == '\\' || c == '`' || sees("$(");
  if (word.subscript == 0 || !odd) return true;
  if (options_.family == ShellFamily::bash) return true;
  return refuse("has quotes or a substitution in a subscript, which shells read in different ways",
                "quote the [ if it is no subscript, else write i=$((…)) first, or name the shell: "
                "--shell bash");
}

bool ShellReader::word_part(Word& word, const Forbidden* outside) {
  if (!word_subscript(word)) return false;
  const char c = peek();
  switch (c) {
    case '\\':
      return bare_backslash(&word);
    case '\'':
      word.plain = false;
      return single_quotes();
    case '"': {
      word.plain = false;
      const std::size_t from = at_;
      const std::size_t text_from = result_.text.size();
      if (!double_quotes()) return false;
      const bool only = options_.batch && result_.text.substr(text_from) == "\"$*\"" &&
                        (from == 0 || script_[from - 1] == ' ') && at_delimiter();
      if (only) {
        result_.warnings.push_back(fmt::format(
            "in the script, {} is all records of a batch in one word; without quotes it is one "
            "word for each",
            printable(script_.substr(from, at_ - from))));
      }
      return true;
    }
    case '`':
      word.plain = false;
      return backquotes();
    case '$':
      word.plain = false;
      return dollar(Context::bare);
    case '[':
    case ']':
      bracket(word, outside);
      break;
    case '=':
      equals_sign(word);
      break;
    default:
      break;
  }
  word.text += c;
  copy(1);
  return true;
}

// NAME[ begins a subscript: bash, mksh and zsh evaluate it, even when it is quoted.
void ShellReader::bracket(Word& word, const Forbidden* outside) {
  static constexpr Forbidden kSubscript{
      "in a subscript, where shells run commands that they find in the value",
      "quote the [ if it is no subscript, else write i=$(({})) first"};
  if (peek() == ']') {
    if (word.subscript > 0 && --word.subscript == 0) {
      forbidden_ = outside;
      use_subscript(script_.substr(word.subscript_from, at_ - word.subscript_from));
    }
  } else if (word.subscript > 0 || (word.plain && is_identifier(word.text))) {
    if (word.subscript++ == 0) word.subscript_from = at_;
    forbidden_ = &kSubscript;
  }
}

void ShellReader::equals_sign(Word& word) {
  static constexpr Forbidden kEvaluated{
      "in the value of a variable that the shell evaluates, as a number or as a prompt",
      "choose another name"};
  if (!word.plain || word.assignment) return;
  std::string_view name = word.text;
  if (name.ends_with('+')) name.remove_suffix(1);
  name = name.substr(0, name.find('['));
  word.assignment = is_identifier(name);
  if (std::find(kEvaluatedVariables.begin(), kEvaluatedVariables.end(), name) !=
      kEvaluatedVariables.end()) {
    forbidden_ = &kEvaluated;
    result_.shown.only_in_its_shell = true;
  }
}

bool ShellReader::bare_backslash(Word* word) {
  if (at_ + 1 >= end_) return refuse("ends in a backslash", "remove it, or write \\\\");
  if (continued(0)) return continuation();
  if (word != nullptr) word->plain = false;
  copy(2);
  return true;
}

// ---- a word as its command gets it

bool ShellReader::holds_value(std::size_t from, std::size_t end) const {
  for (std::size_t at = from; at < end; ++at) {
    if (!replacement_at(at) || (at > 0 && script_[at - 1] == '$')) continue;
    std::size_t behind = at;
    const auto found = read_replacement(script_.substr(0, end_), behind, options_.syntax);
    if (!found || (*found && (*found)->of_record())) return true;
  }
  return false;
}

// Behind the $… or `…` at script_[at], roughly: rather too far than too short.
std::size_t ShellReader::skip_expansion(std::size_t at) const {
  if (script_[at] == '`') return std::min(script_.find('`', at + 1), at_ - 1) + 1;
  std::size_t end = at + 1;
  if (end >= at_) return end;
  const char open = script_[end];
  if (open != '(' && open != '{') {
    const bool name = is_identifier(script_.substr(end, 1));
    do ++end;
    while (name && end < at_ && is_identifier(script_.substr(at + 1, end - at)));
    return end;
  }
  const char close = open == '(' ? ')' : '}';
  for (int depth = 0; end < at_; ++end) {
    if (script_[end] == open) ++depth;
    if (script_[end] == close && --depth == 0) return end + 1;
  }
  return at_;
}

// The word from `from` to here, with marks for what is not known of it.
std::string ShellReader::without_quotes(std::size_t from) const {
  std::string text;
  char quote = 0;
  for (std::size_t at = from; at < at_;) {
    const char c = script_[at];
    const bool dollar = quote == '\'' && at > from && script_[at - 1] == '$';
    if (!dollar && replacement_at(at)) {
      std::size_t behind = at;
      const auto found = read_replacement(script_.substr(0, end_), behind, options_.syntax);
      text += !found || (*found)->of_record() ? kValueMark : '1';
      at = std::max(behind, at + 1);
    } else if (quote != '\'' && c == '\\' && at + 1 < at_) {
      const char next = script_[at + 1];
      const bool escapes = quote == 0 || std::string_view("$`\"\\\n").find(next) != text.npos;
      if (!escapes) text += c;
      if (next != '\n') text += next;
      at += 2;
    } else if ((c == '\'' || c == '"') && (quote == 0 || quote == c)) {
      quote = quote == 0 ? c : 0;
      ++at;
    } else if (quote == 0 && c == '$' && at + 1 < at_ &&
               (script_[at + 1] == '\'' || script_[at + 1] == '"')) {
      ++at;  // $'…' and $"…"
    } else if (quote != '\'' && (c == '$' || c == '`')) {
      const std::size_t end = skip_expansion(at);
      const std::string_view expansion = script_.substr(at, end - at);
      const bool names_shell = expansion == "$SHELL" || expansion == "${SHELL}" ||
                               expansion == "$BASH" || expansion == "${BASH}" ||
                               expansion.starts_with("${SHELL:-") || expansion == "$0";
      if (names_shell) {
        text += "/bin/sh";
      } else {
        text += quote == 0 ? kUnknownMark : kUnknownQuoted;
        if (holds_value(at, end)) text += kValueMark;
      }
      at = end;
    } else {
      text += c;
      ++at;
    }
  }
  return text;
}

// ---- quotes

// Leaves the quotes for a replacement.  No empty quotes remain: within ${x:-…} as the word of a
// `case`, bash takes them for a character.
bool ShellReader::single_quotes() {
  const std::size_t from = at_++;
  const std::size_t text_from = result_.text.size();
  bool inside = false;
  const auto quote = [&](bool wanted) {
    auto& places = result_.shown.places;
    if (wanted && !inside && !places.empty() &&
        places.back().at + places.back().length == result_.text.size() && at_ > from + 1) {
      places.back().enters_quotes = true;
    }
    if (inside != wanted) result_.text += '\'';
    inside = wanted;
  };
  while (!at_end()) {
    // ${…} is left alone here as everywhere else.
    const bool dollar = options_.syntax.replacement == "{}" && script_[at_ - 1] == '$';
    bool done = false;
    left_quotes_ = false;
    if (!dollar && replacement_at(at_)) {
      left_quotes_ = inside;
      quote(false);
    }
    if (!dollar && !try_replacement(Spelling::single, done)) return false;
    if (done) continue;
    if (peek() == '\'') {
      quote(false);
      if (result_.text.size() == text_from) result_.text += "''";
      ++at_;
      return true;
    }
    quote(true);
    if (peek() != '\n') {
      copy(1);
    } else if (!line_break()) {
      return false;
    }
  }
  return unclosed("a '", from);
}

bool ShellReader::double_quotes() {
  const std::size_t from = at_;
  copy(1);
  if (!quoted_text(Context::quoted)) return false;
  if (at_end()) return unclosed("a \"", from);
  copy(1);
  return true;
}

// $'…': the same to all shells only if no backslash is followed by ' or by another one; those that
// know it take both for escapes.
bool ShellReader::ansi_quotes() {
  const std::size_t from = at_;
  const Forbidden* outside = forbidden_;
  result_.shown.only_in_its_shell = true;
  static constexpr Forbidden kAnsi{"in $'…', where nothing is expanded",
                                   "end the quotes before it: $'…'{}$'…'"};
  forbidden_ = &kAnsi;
  copy(2);
  for (bool done = false; !at_end();) {
    if (!try_replacement(Spelling::single, done)) return false;
    if (peek() == '\\' && (peek(1) == '\'' || peek(1) == '\\')) {
      if (knows_more()) {
        copy(2);
        continue;
      }
      return refuse("has $'…' with \\' or \\\\, which ends differently in sh and bash",
                    "write \"'\" or '\\' instead, or name the shell: --shell bash");
    }
    if (peek() == '\n') {
      if (!line_break()) return false;
      continue;
    }
    const bool last = peek() == '\'';
    copy(1);
    if (last) {
      forbidden_ = outside;
      return true;
    }
  }
  return unclosed("a $'", from);
}

// Up to the closing quote, or to the end of a here-document's body.
bool ShellReader::quoted_text(Context context) {
  while (!at_end()) {
    bool done = false;
    const bool body = context == Context::here_doc;
    if (!try_replacement(body ? Spelling::body : Spelling::quoted, done)) return false;
    if (done) continue;
    bool read = true;
    switch (peek()) {
      case '!':
        note_history();
        copy(1);
        break;
      case '"':
        if (context == Context::quoted) return true;
        copy(1);
        break;
      case '\\':
        read = quoted_backslash(context);
        break;
      case '$':
        read = dollar(context);
        break;
      case '`':
        read = backquotes();
        break;
      case '\n':
        read = line_break();
        break;
      default:
        copy(1);
    }
    if (!read) return false;
  }
  return true;
}

bool ShellReader::quoted_backslash(Context context) {
  const char next = peek(1);
  const bool escapes =
      next == '$' || next == '`' || next == '\\' || (next == '"' && context == Context::quoted);
  if (next == '\n') return continuation();
  if (escapes) {
    copy(2);
    return true;
  }
  // A plain backslash, which must not become the escape of our dollar.
  if (replacement_at(at_ + 1)) result_.text += '\\';
  copy(1);
  return true;
}

// They end at the next backquote, whatever quotes are open; without a backslash between, their text
// is a list of commands like any other.
bool ShellReader::backquotes() {
  const std::size_t from = at_;
  const std::size_t close = script_.substr(0, end_).find('`', at_ + 1);
  if (close == std::string_view::npos) return unclosed("a backquote", from);
  if (script_.substr(at_, close - at_).find('\\') != std::string_view::npos) {
    return refuse("has backquotes with a backslash in them", "write $(…)");
  }
  copy(1);
  result_.shown.expands = true;
  const std::size_t outside = std::exchange(end_, close);
  ++backquotes_;
  if (!nested_list(End::text)) return false;
  --backquotes_;
  end_ = outside;
  copy(1);
  return true;
}

}  // namespace distaff

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "compose/shell_reader.h"

// Words, quotes, backquotes and here-documents, and what a replacement becomes in each.

namespace distaff {
namespace {

// Variables that some shell keeps as a number, so that an assignment is arithmetic there.
constexpr std::array<std::string_view, 33> kNumericVariables = {"BASHPID",
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

// ---- replacements

bool ShellReader::replacement_at(std::size_t at) const {
  const std::string& own = options_.syntax.replacement;
  if (at >= end_ || at < literal_until_ || own.empty() || script_[at] != own[0]) return false;
  const std::string_view text = script_.substr(0, end_);
  if (foreign_braces(text, at, options_.syntax) > 0) return false;
  const auto found = read_replacement(text, at, options_.syntax);
  return !found || *found;
}

// Reads the replacement at the cursor, if there is one.
bool ShellReader::try_replacement(Spelling spelling, bool& done) {
  done = false;
  const std::string& own = options_.syntax.replacement;
  if (at_end() || at_ < literal_until_ || own.empty() || script_[at_] != own[0]) return true;
  const std::string_view text = script_.substr(0, end_);
  if (const std::size_t foreign = foreign_braces(text, at_, options_.syntax); foreign > 0) {
    literal_until_ = at_ + foreign;
    return true;
  }
  const std::size_t from = at_;
  auto found = read_replacement(text, at_, options_.syntax);
  if (!found) {
    error_ = found.error();
    fatal_ = true;
    return false;
  }
  if (!*found) return true;
  done = true;
  return put(**found, from, spelling);
}

bool ShellReader::put(const Replacement& value, std::size_t from, Spelling spelling) {
  if (forbidden_ != nullptr) return refuse_value(value, forbidden_->where, forbidden_->instead);
  if (from < subscript_until_) {
    return refuse_value(value, "in a subscript, which zsh evaluates",
                        "write ${name} before the [, or a blank");
  }
  result_.uses_records = result_.uses_records || value.of_record();
  if (spelling == Spelling::alone && !at_delimiter()) spelling = Spelling::bare;
  if (options_.batch && value.repeats()) {
    const bool in_text = spelling == Spelling::quoted || spelling == Spelling::single;
    const bool record = value.what == Replacement::What::record && value.parts.empty();
    if (record || !in_text) return put_records(value, spelling);
  }
  const bool arithmetic = spelling == Spelling::arithmetic;
  const std::string expansion = "${" + variable_of(value, arithmetic) + "}";
  std::string& text = result_.text;
  switch (spelling) {
    case Spelling::alone:
    case Spelling::bare:
    case Spelling::pattern:
    case Spelling::single:
      text += '"' + expansion + '"';
      break;
    case Spelling::quoted:
      text += expansion;
      break;
    case Spelling::arithmetic:
      // `5 --3` is an error in four shells.
      if (text.back() == '-' || text.back() == '+') text += ' ';
      text += expansion;
      break;
  }
  return true;
}

// The records of a batch are the arguments of the script.
bool ShellReader::put_records(const Replacement& value, Spelling spelling) {
  const bool record = value.what == Replacement::What::record && value.parts.empty();
  if (!record) {
    return refuse_value(value, "without quotes, but a batch has several",
                        "write for f in \"$@\"; do …; done, or quote it to have them in one word");
  }
  if (functions_ > 0) {
    return refuse_value(value, "in a function, where the arguments are others",
                        "call the function with \"$@\" and say \"$@\" in it");
  }
  switch (spelling) {
    case Spelling::alone:
      result_.text += "\"$@\"";
      break;
    case Spelling::bare:
    case Spelling::arithmetic:
      return refuse_value(value,
                          "joined to other text or where one word is needed, but a batch "
                          "has several records",
                          "let it stand alone, quote it to have them in one word, or write "
                          "for f in \"$@\"; do …; done");
    case Spelling::pattern:
    case Spelling::single:
      result_.text += "\"$*\"";
      break;
    case Spelling::quoted:
      result_.text += "$*";
      break;
  }
  records_used_ = true;
  return true;
}

const std::string& ShellReader::variable_of(const Replacement& value, bool arithmetic) {
  auto& values = result_.values;
  auto found = std::find_if(values.begin(), values.end(),
                            [&](const auto& known) { return known.replacement == value; });
  if (found == values.end()) {
    values.push_back({value, unused_name(), false});
    found = values.end() - 1;
  }
  found->arithmetic = found->arithmetic || arithmetic;
  return found->variable;
}

// A name that the script does not hold, not even as a part of one, and the environment neither.
std::string ShellReader::unused_name() {
  for (;;) {
    std::string name = fmt::format("D{}", next_name_++);
    const auto& taken = options_.taken_names;
    if (script_.find(name) == std::string_view::npos &&
        std::find(taken.begin(), taken.end(), name) == taken.end()) {
      return name;
    }
  }
}

// ---- words

bool ShellReader::word(Word& word, bool several) {
  const Forbidden* outside = forbidden_;
  const bool read = word_parts(word, several, outside);
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
    const char c = peek();
    if ((c == '<' || c == '>') && peek(1) == '(' && word.subscript == 0) {
      word.plain = false;
      if (!process_substitution()) return false;
      continue;
    }
    if (at_delimiter() || c == '(') break;
    if (!word_part(word, outside)) return false;
  }
  if (word.subscript == 0) return true;
  return refuse("has a [ after a name without its ], which bash reads on beyond blanks",
                "quote the [");
}

bool ShellReader::word_part(Word& word, const Forbidden* outside) {
  const char c = peek();
  if (word.subscript > 0 && (c == '\'' || c == '"' || c == '\\' || c == '`' || sees("$("))) {
    return refuse("has quotes or a substitution in a subscript, which bash evaluates",
                  "quote the [ if it is no subscript, else write i=$((…)) first");
  }
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
    if (word.subscript > 0 && --word.subscript == 0) forbidden_ = outside;
  } else if (word.subscript > 0 || (word.plain && is_identifier(word.text))) {
    ++word.subscript;
    forbidden_ = &kSubscript;
  }
}

void ShellReader::equals_sign(Word& word) {
  static constexpr Forbidden kNumeric{
      "in the value of a variable that is a number to the shell and so evaluated",
      "choose another name"};
  if (!word.plain || word.assignment) return;
  std::string_view name = word.text;
  if (name.ends_with('+')) name.remove_suffix(1);
  name = name.substr(0, name.find('['));
  word.assignment = is_identifier(name);
  if (std::find(kNumericVariables.begin(), kNumericVariables.end(), name) !=
      kNumericVariables.end()) {
    forbidden_ = &kNumeric;
  }
}

bool ShellReader::bare_backslash(Word* word) {
  if (at_ + 1 >= end_) return refuse("ends in a backslash", "remove it, or write \\\\");
  if (continued(0)) {
    copy(1);
    return line_break();
  }
  if (word != nullptr) word->plain = false;
  copy(2);
  return true;
}

// ---- quotes

// Leaves the quotes for a replacement.  No empty quotes remain: within ${x:-…} as the word of a
// `case`, bash takes them for a character.
bool ShellReader::single_quotes() {
  const std::size_t from = at_++;
  const std::size_t text_from = result_.text.size();
  bool inside = false;
  const auto quote = [&](bool wanted) {
    if (inside != wanted) result_.text += '\'';
    inside = wanted;
  };
  while (!at_end()) {
    // ${…} is left alone here as everywhere else.
    const bool dollar = options_.syntax.replacement == "{}" && script_[at_ - 1] == '$';
    bool done = false;
    if (!dollar && replacement_at(at_)) quote(false);
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

// $'…': the same to all shells only if no backslash is followed by ' or by another one.
bool ShellReader::ansi_quotes() {
  const std::size_t from = at_;
  const Forbidden* outside = forbidden_;
  static constexpr Forbidden kAnsi{"in $'…', where nothing is expanded",
                                   "end the quotes before it: $'…'{}$'…'"};
  forbidden_ = &kAnsi;
  copy(2);
  for (bool done = false; !at_end();) {
    if (!try_replacement(Spelling::single, done)) return false;
    if (peek() == '\\' && (peek(1) == '\'' || peek(1) == '\\')) {
      return refuse("has $'…' with \\' or \\\\, which ends differently in sh and bash",
                    "write \"'\" or '\\' instead");
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
    if (!try_replacement(Spelling::quoted, done)) return false;
    if (done) continue;
    bool read = true;
    switch (peek()) {
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
  if (next == '\n') {
    copy(1);
    return line_break();
  }
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
  const std::size_t outside = std::exchange(end_, close);
  if (!nested_list(End::text)) return false;
  end_ = outside;
  copy(1);
  return true;
}

// ---- here-documents

// The word after <<.
bool ShellReader::end_word(bool tabs) {
  HereDoc doc{.end_word = {}, .quoted = false, .tabs = tabs};
  while (!at_delimiter()) {
    const char c = peek();
    if (replacement_at(at_) || c == '$' || c == '`' || c == '(' || c == '{') {
      return refuse("has a here-document with an end word that is not plain", "write <<END");
    }
    if (c == '\'' || c == '"') {
      doc.quoted = true;
      const std::size_t close = script_.substr(0, end_).find(c, at_ + 1);
      if (close == std::string_view::npos) return unclosed("a quote", at_);
      const std::string_view text = script_.substr(at_ + 1, close - at_ - 1);
      if (text.find_first_of("\\\n$`") != std::string_view::npos) {
        return refuse("has a here-document with an end word that is not plain", "write <<'END'");
      }
      doc.end_word += text;
      copy(close + 1 - at_);
    } else if (c == '\\') {
      if (at_ + 1 >= end_ || peek(1) == '\n') {
        return refuse("has a here-document without an end word", "write <<END");
      }
      doc.quoted = true;
      doc.end_word += peek(1);
      copy(2);
    } else {
      doc.end_word += c;
      copy(1);
    }
  }
  if (doc.end_word.empty()) return refuse("has a here-document without an end word", "write <<END");
  pending_.push_back(std::move(doc));
  return true;
}

// The cursor is at the beginning of a line.
bool ShellReader::here_docs() {
  std::vector<HereDoc> docs;
  std::swap(docs, pending_);
  for (const HereDoc& doc : docs) {
    if (!here_doc(doc)) return false;
  }
  return true;
}

bool ShellReader::here_doc(const HereDoc& doc) {
  std::size_t body_end = 0;
  std::size_t after = 0;
  if (!find_body_end(doc, body_end, after)) return false;
  if (doc.quoted) {
    for (std::size_t at = at_; at < body_end; ++at) {
      if (!replacement_at(at) || (at > 0 && script_[at - 1] == '$')) continue;
      return refuse(fmt::format("has a replacement in a here-document with a quoted end word, "
                                "where nothing is expanded, at '{}'",
                                printable(script_.substr(at, body_end - at), 20)),
                    fmt::format("write <<{} without quotes, and \\$ for a $ in it", doc.end_word));
    }
  } else {
    const std::size_t outside = std::exchange(end_, body_end);
    if (!quoted_text(Context::here_doc)) return false;
    end_ = outside;
  }
  copy(after - at_);
  return true;
}

// The body ends at the first line that is the end word.  Shells do not agree whether that line is
// looked for before or after a backslash joins it to the one before.
bool ShellReader::find_body_end(const HereDoc& doc, std::size_t& body_end, std::size_t& after) {
  std::string joined;
  bool goes_on = false;
  for (std::size_t begin = at_; begin < end_;) {
    const std::string_view rest = script_.substr(0, end_).substr(begin);
    const std::string_view raw = rest.substr(0, rest.find('\n'));
    std::string_view line = raw;
    while (doc.tabs && line.starts_with('\t')) line.remove_prefix(1);
    joined += line;
    if (goes_on && (line == doc.end_word || joined == doc.end_word)) {
      return refuse("has a here-document with a backslash before its end word", "remove it");
    }
    if (line == doc.end_word) {
      body_end = begin;
      after = begin + raw.size();
      if (after < end_) ++after;
      return true;
    }
    const std::size_t last = line.find_last_not_of('\\');
    const std::size_t slashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    goes_on = !doc.quoted && slashes % 2 == 1;
    if (goes_on) {
      joined.pop_back();
    } else {
      joined.clear();
    }
    begin += raw.size() + 1;
  }
  return refuse(fmt::format("has a here-document without its end, {}", doc.end_word),
                "put the end word on a line of its own");
}

}  // namespace distaff

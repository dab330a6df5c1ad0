#include <algorithm>
#include <array>

#include "base/text.h"
#include "compose/shell_reader.h"
#include "compose/shells.h"

// What the reader notes on its way for script_line(): where values stand, which newlines may become
// a blank or a `;`, and what would go wrong if the text were pasted into another shell than the one
// that runs it.  Rather too much than too little: a script of which something is noted is shown in
// its long form, as the shell is really given it.

namespace distaff {
namespace {

// Builtins that leave the shell as it was, and say the same in dash and bash.  (Not `:`, with which
// dash ends if what is behind it fails.)
constexpr std::array<std::string_view, 7> kTraceless = {"[",      "echo", "false", "kill",
                                                        "printf", "test", "true"};

// Builtins of bash that dash does not have, or that print something else there.
constexpr std::array<std::string_view, 27> kDiffering = {
    "bind",  "builtin", "caller",  "compgen", "complete", "compopt", "declare",
    "dirs",  "disown",  "enable",  "fc",      "hash",     "help",    "history",
    "let",   "local",   "logout",  "mapfile", "popd",     "pushd",   "readarray",
    "shopt", "source",  "suspend", "type",    "typeset",  "ulimit"};

// Set by a shell itself, to something else in each or only in bash.
constexpr std::array<std::string_view, 20> kOwnVariables = {
    "COLUMNS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",    "FUNCNAME", "GROUPS",
    "HISTCMD", "HOSTNAME", "HOSTTYPE",      "LINENO",       "LINES",   "MACHTYPE", "OPTIND",
    "OSTYPE",  "RANDOM",   "SECONDS",       "SHLVL",        "SRANDOM", "UID"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Without an argument, or with one of these, such builtins list what they know, each shell in its
// own way.
bool lists_all(std::string_view command, std::string_view behind) {
  constexpr std::array<std::string_view, 5> kLists = {"set", "export", "readonly", "trap", "umask"};
  if (!is_one_of(command, kLists)) return false;
  const auto skip_blanks = [&] {
    behind.remove_prefix(std::min(behind.find_first_not_of(" \t"), behind.size()));
  };
  skip_blanks();
  for (const char* option : {"-o", "+o", "-p", "-S"}) {
    if (behind.starts_with(option)) behind.remove_prefix(2);
  }
  skip_blanks();
  return behind.empty() || std::string_view("\n;&|<>)`").find(behind[0]) != std::string_view::npos;
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

void ShellReader::note_value(Spelling spelling, std::size_t from, std::size_t value) {
  using Kind = ShellPlace::Kind;
  ShellPlace place;
  switch (spelling) {
    case Spelling::alone:
      place.kind = value == ShellPlace::kRecords ? Kind::words : Kind::bare;
      break;
    case Spelling::bare:
    case Spelling::single:
      place.kind = Kind::bare;
      break;
    case Spelling::pattern:
      place.kind = Kind::pattern;
      break;
    case Spelling::quoted:
      place.kind = Kind::quoted;
      break;
    case Spelling::inner:
      place.kind = Kind::inner;
      break;
    case Spelling::body:
      place.kind = Kind::body;
      break;
    case Spelling::arithmetic:
      place.kind = Kind::number;
  }
  place.at = from;
  place.length = result_.text.size() - from;
  place.value = value;
  place.command =
      word_place_ == Place::keyword || word_place_ == Place::command || word_place_ == Place::timed;
  place.reserved = word_place_ != Place::argument;
  place.test = word_place_ == Place::test;
  place.braced = braces_ > 0;
  place.one_line = !pending_.empty() || outer_pending_;
  place.backquoted = backquotes_ > 0;
  place.after_name = name_ends_ > 0 && name_ends_ == from;
  place.leaves_quotes = spelling == Spelling::single && left_quotes_;
  if (!bodies_.empty()) {
    place.end_word = bodies_.back()->end_word;
    place.tabs = bodies_.back()->tabs;
    // One body within another would have to be kept apart from both end words.
    if (bodies_.size() > 1) result_.shown.has_no_text = true;
  }
  result_.shown.places.push_back(std::move(place));
}

void ShellReader::note_break(ShellPlace::Kind kind, std::size_t from) {
  ShellPlace place;
  place.kind = kind;
  place.at = from;
  place.length = result_.text.size() - from;
  result_.shown.places.push_back(std::move(place));
}

// Before the newline is copied.
void ShellReader::note_newline(const List& list) {
  note_joint(ShellJoints::list);
  ShellPlace place;
  place.at = result_.text.size();
  place.length = 1;
  switch (list.place) {
    case Place::keyword:
      if (result_.text.ends_with('!')) return;
      place.kind = ShellPlace::Kind::blank;
      break;
    case Place::argument:
    case Place::command:
    case Place::closed:
    case Place::ended:
      place.kind = ShellPlace::Kind::end;
      break;
    default:
      return;
  }
  result_.shown.places.push_back(std::move(place));
}

void ShellReader::note_joint(ShellJoints joint) {
  if (substitutions_ == 0) result_.shown.joints = std::max(result_.shown.joints, joint);
}

void ShellReader::note_command(const List& list, const Word& word) {
  ShellText& shown = result_.shown;
  // Of a value alone it is known for each job.
  if (!word.plain) {
    if (!word.replaced || !word.text.empty()) shown.leaves_traces = true;
    return;
  }
  const std::string& name = list.command;
  if (is_shell_word(name) && !is_one_of(name, kTraceless)) shown.leaves_traces = true;
  if (is_one_of(name, kDiffering) || name == "]]" || lists_all(name, script_.substr(at_))) {
    shown.only_in_its_shell = true;
  }
  if (name == "." || name == "source") shown.has_no_text = true;  // a file may speak of $1
  if (name == "alias" || name == "unalias" || name == "return") shown.only_in_its_shell = true;
}

void ShellReader::note_argument(const List& list, const Word& word, std::string_view raw) {
  const std::string& name = list.command;
  bool& differs = result_.shown.only_in_its_shell;
  const bool first = list.words.size() == 2;
  if (name == "echo" && first && raw.starts_with('-') && raw != "-n") differs = true;
  if (name == "printf" && first && (word.replaced || raw.find_first_of("$`") != raw.npos)) {
    differs = true;
  }
  if ((name == "test" || name == "[") && raw == "==") differs = true;
  if (name == "read" && raw.starts_with('-') && raw != "-r") differs = true;
}

void ShellReader::note_keyword(std::string_view word) {
  note_joint(ShellJoints::list);
  if (word == "for") result_.shown.leaves_traces = true;
  if (word == "[[" || word == "function" || word == "time") result_.shown.only_in_its_shell = true;
}

void ShellReader::note_operator(std::string_view op) {
  ShellText& shown = result_.shown;
  if (op == "|") note_joint(ShellJoints::pipeline);
  if (op == "&&") note_joint(ShellJoints::and_list);
  const bool list = op == "||" || op == "|&" || op == "&" || op == "(" || op.starts_with(';');
  if (list) note_joint(ShellJoints::list);
  if (op == "&") shown.leaves_traces = true;
  if (op == ">&" || op == "<&") note_target(script_.substr(at_ + op.size()));
  for (const char* of_bash : {"|&", "<<<", "&>", "&>>", ";&", ";;&"}) {
    if (op == of_bash) shown.only_in_its_shell = true;
  }
}

// Of >& and <&.  bash takes >&FILE for both streams; one that is not open ends dash.
void ShellReader::note_target(std::string_view rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  const std::string_view target = rest.substr(0, rest.find_first_of(" \t\n;&|<>()"));
  if (target != "0" && target != "1" && target != "2") result_.shown.leaves_traces = true;
  if (target != "-" && (target.empty() || target.find_first_not_of("0123456789") != target.npos)) {
    result_.shown.only_in_its_shell = true;
  }
}

// The one at the cursor, without quotes; the word began at `from`.
void ShellReader::note_character(const Word& word, std::size_t from) {
  const char c = peek();
  if (c == '!') note_history();
  // {a,b} and {1..9}, and x=~ and x:~ in arguments: bash expands what dash does not.
  const bool brace = c == '{' && peek(1) != ' ' && peek(1) != '\t' && peek(1) != '\n';
  const bool tilde = c == '~' && at_ > from && (!word.assignment || word_place_ == Place::argument);
  if (brace || tilde) result_.shown.only_in_its_shell = true;
}

// A ! that an interactive shell takes for a reference to an earlier command.
void ShellReader::note_history() {
  const char next = peek(1);
  const bool plain = next == '\0' || std::string_view(" \t\n=(").find(next) != std::string::npos;
  const bool negated = at_ > 0 && script_[at_ - 1] == '[';
  if (!plain && !negated) result_.shown.only_in_its_shell = true;
}

void ShellReader::note_parameter(std::string_view name) {
  ShellText& shown = result_.shown;
  if (name == "0" || name == "_") shown.has_no_text = true;
  if (name == "$" || name == "-" || name == "PPID" || name.starts_with("BASH") ||
      name == "PIPESTATUS" || is_one_of(name, kOwnVariables)) {
    shown.only_in_its_shell = true;
  }
}

void ShellReader::note_arithmetic(std::string_view text) {
  ShellText& shown = result_.shown;
  shown.expands = true;
  shown.leaves_traces = true;  // an assignment, or the end of the shell if something is wrong
  if (holds(text, "**") || holds(text, ",") || holds(text, "++") || holds(text, "--")) {
    shown.only_in_its_shell = true;
  }
}

// What is known of the whole.  A script may give its texts to echo and printf by variables.
void ShellReader::note_script() {
  ShellText& shown = result_.shown;
  shown.changes_separators = holds(script_, "IFS");
  shown.echoes = holds(script_, "echo");
  if (shown.echoes && holds(script_, "\\")) shown.only_in_its_shell = true;
  if (!holds(script_, "printf")) return;
  for (const char* differs : {"\\x", "\\u", "\\U", "\\e", "\\c", "%q", "%b", "%(", "-v"}) {
    if (holds(script_, differs)) shown.only_in_its_shell = true;
  }
}

}  // namespace distaff

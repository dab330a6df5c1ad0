#include "compose/script_line.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "compose/shells.h"

// What the shell is given is safe for every value and hard to read.  Here the values are put into
// the text after all, which is what the rest of this program never does: so nothing that is made
// here is run by us, and a test pastes what is made and compares it with the real run.
//
// "${D1}" is one word, never split, never a pattern, never a reserved word.  A value in its place
// must be the same, so it stands in '…' unless it is plain and nothing around it could make more
// of it: `{}hen` with t would be `then`, `~{}` a home, `{}>f` with 2 a descriptor, `[a{}z]` with -
// a range, `{}=x` an assignment.

namespace distaff {
namespace {

using Kind = ShellPlace::Kind;

constexpr std::size_t kLongest = 1 << 20;

bool holds_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

bool is_plain(char c) { return shell_quote({&c, 1}).size() == 1; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool continues_name(std::string_view value) {
  return !value.empty() &&
         (is_identifier(value.substr(0, 1)) || is_digits(value.substr(0, 1)) || value[0] == '[');
}

class Writer {
 public:
  Writer(const ShellScript& script, std::span<const std::string> values,
         std::span<const std::string> records)
      : text_(std::string_view(script.text).substr(script.shown.begins)),
        places_(script.shown.places),
        keeps_lines_(script.shown.has_here_doc),
        values_(values),
        records_(records) {}

  // False: there is no such text.
  bool write();

  std::string take() { return std::move(out_); }
  bool leaves_traces() const { return leaves_traces_; }
  bool runs_a_builtin() const { return runs_a_builtin_; }

 private:
  bool put(const ShellPlace& place);
  bool put_value(const ShellPlace& place, std::string_view value);
  bool put_words(const ShellPlace& place);
  bool put_bare(const ShellPlace& place, std::string_view value);
  void put_quoted(const ShellPlace& place, std::string_view value);
  void put_escaped(std::string_view value, std::string_view special);
  void put_break(const ShellPlace& place);
  bool fits(const ShellPlace& place, std::string_view value) const;
  bool breaks_dash(const ShellPlace& place, std::string_view value) const;
  bool may_be_plain(const ShellPlace& place, std::string_view value) const;
  std::optional<std::string_view> run_before() const;
  std::optional<std::string> run_behind(const ShellPlace& place) const;
  void note_command(const ShellPlace& place, std::string_view value);
  void trim();

  std::string_view text_;
  std::span<const ShellPlace> places_;
  bool keeps_lines_;
  std::span<const std::string> values_;
  std::span<const std::string> records_;

  std::string out_;
  std::size_t at_ = 0;                      // in the text
  std::size_t next_ = 0;                    // the place after the one that is written
  std::size_t end_at_ = std::string::npos;  // where the last `;` of ours was put
  bool skips_blanks_ = false;
  bool leaves_traces_ = false;
  bool runs_a_builtin_ = false;
};

bool Writer::write() {
  for (const ShellPlace& place : places_) {
    ++next_;
    const std::size_t begins = place.at;
    if (skips_blanks_) {
      while (at_ < begins && is_blank(text_[at_])) ++at_;
    }
    if (at_ < begins) {
      skips_blanks_ = false;
      out_ += text_.substr(at_, begins - at_);
    }
    at_ = std::max(at_, begins + place.length);
    if (!put(place) || out_.size() > kLongest) return false;
  }
  while (skips_blanks_ && at_ < text_.size() && is_blank(text_[at_])) ++at_;
  out_ += text_.substr(at_);
  if (keeps_lines_) return true;
  trim();
  if (end_at_ != std::string::npos && end_at_ + 1 == out_.size()) out_.pop_back();
  return !out_.empty();
}

bool Writer::put(const ShellPlace& place) {
  switch (place.kind) {
    case Kind::blank:
    case Kind::end:
    case Kind::nothing:
      put_break(place);
      return true;
    case Kind::words:
      skips_blanks_ = false;
      return put_words(place);
    default:
      break;
  }
  skips_blanks_ = false;
  if (place.value != ShellPlace::kRecords) return put_value(place, values_[place.value]);
  std::string joined;
  for (const std::string& record : records_) joined += (joined.empty() ? "" : " ") + record;
  return put_value(place, joined);
}

bool Writer::put_value(const ShellPlace& place, std::string_view value) {
  if (!fits(place, value)) return false;
  note_command(place, value);
  switch (place.kind) {
    case Kind::bare:
      return put_bare(place, value);
    case Kind::quoted:
      put_quoted(place, value);
      return true;
    case Kind::body:
    case Kind::inner:
      put_escaped(value, "$`\\");
      return true;
    case Kind::pattern:
      out_ += '\'';
      out_ += value;
      out_ += '\'';
      return true;
    default:
      out_ += value;
      return true;
  }
}

// In a batch: each record a word.
bool Writer::put_words(const ShellPlace& place) {
  ShellPlace one = place;
  one.kind = Kind::bare;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (i > 0) out_ += ' ';
    if (!put_value(one, records_[i])) return false;
    one.command = one.reserved = false;
  }
  return !records_.empty();
}

// dash loses a line of a here-document that begins as its end word does and then goes on with a
// byte that is not ASCII.
bool Writer::breaks_dash(const ShellPlace& place, std::string_view value) const {
  std::string line = out_.substr(out_.rfind('\n') + 1);
  while (place.tabs && line.starts_with('\t')) line.erase(0, 1);
  line += value;
  const std::string& end = place.end_word;
  const auto same = static_cast<std::size_t>(
      std::mismatch(line.begin(), line.end(), end.begin(), end.end()).first - line.begin());
  return same > 0 && same < line.size() && static_cast<unsigned char>(line[same]) >= 0x80;
}

// Whether the value can be written there at all.
bool Writer::fits(const ShellPlace& place, std::string_view value) const {
  const bool newline = value.find('\n') != std::string_view::npos;
  if (newline && (place.one_line || !place.end_word.empty())) return false;
  if (place.backquoted && holds_any(value, place.kind == Kind::bare ? "\\`\"'" : "\\`\"'$!")) {
    return false;
  }
  if (place.braced && value.empty()) return false;
  // The line it is in must not become the end word, nor lose what it begins with.
  if (!place.end_word.empty() &&
      (place.end_word.find(value) != std::string::npos || (place.tabs && value[0] == '\t'))) {
    return false;
  }
  if (!place.end_word.empty() && breaks_dash(place, value)) return false;
  const bool joins_name = place.after_name && continues_name(value);
  switch (place.kind) {
    case Kind::inner:
      // bash looks for <( and ends at a } within, dash ends a " elsewhere.
      return !joins_name && !holds_any(value, "{}\"'!<>()");
    case Kind::body:
      return !joins_name && !holds_any(value, "!");
    case Kind::pattern:
      return !value.empty() && !holds_any(value, "{}\"'\\");
    case Kind::number:
      return !joins_name;
    default:
      return true;
  }
}

bool Writer::put_bare(const ShellPlace& place, std::string_view value) {
  if (may_be_plain(place, value)) {
    out_ += value;
    return true;
  }
  std::string quoted = shell_quote(value);
  if (quoted == value) quoted = "'" + quoted + "'";
  if (place.backquoted && holds_any(quoted, "\\")) return false;
  if (place.enters_quotes) {
    quoted.pop_back();
    ++at_;
  }
  if (place.leaves_quotes) {
    out_.pop_back();
    quoted.erase(0, 1);
  }
  out_ += quoted;
  return true;
}

void Writer::put_quoted(const ShellPlace& place, std::string_view value) {
  if (place.after_name && continues_name(value)) out_ += "\"\"";
  // An interactive shell replaces a ! in "…", behind a backslash too but for the backslash.
  for (;;) {
    const std::size_t mark = value.find('!');
    put_escaped(value.substr(0, mark), "\"$`\\");
    if (mark == std::string_view::npos) return;
    out_ += "\"'!'\"";
    value.remove_prefix(mark + 1);
  }
}

void Writer::put_escaped(std::string_view value, std::string_view special) {
  for (const char c : value) {
    if (special.find(c) != std::string_view::npos) out_ += '\\';
    out_ += c;
  }
}

// ---- without quotes

// The plain characters that the value would be joined to, with `=` among them; nothing if what
// stands there could make more of it.
std::optional<std::string_view> Writer::run_before() const {
  std::size_t begins = out_.size();
  while (begins > 0 && (is_plain(out_[begins - 1]) || out_[begins - 1] == '=')) --begins;
  const std::string_view run = std::string_view(out_).substr(begins);
  if (begins == 0) return run;
  const char before = out_[begins - 1];
  if (std::string_view(" \t\n;&|<>(`").find(before) == std::string_view::npos) return {};
  if (begins > 1 && out_[begins - 2] == '\\') return {};
  return run;
}

std::optional<std::string> Writer::run_behind(const ShellPlace& place) const {
  std::string run;
  std::size_t at = place.at + place.length;
  std::size_t next = next_;
  for (; at < text_.size(); ++at) {
    while (next < places_.size() && places_[next].at == at && places_[next].length > 0) {
      const ShellPlace& other = places_[next++];
      if (other.kind == Kind::end || other.kind == Kind::blank) return run;
      at += other.length;
      run += other.kind == Kind::nothing ? "" : "x";
    }
    if (at >= text_.size()) return run;
    const char c = text_[at];
    if (std::string_view(" \t\n;&|)`").find(c) != std::string_view::npos) return run;
    if (c == '<' || c == '>') return run + c;
    if (!is_plain(c)) return {};
    run += c;
  }
  return run;
}

bool Writer::may_be_plain(const ShellPlace& place, std::string_view value) const {
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_plain)) return false;
  if (place.test || place.braced || place.leaves_quotes || place.enters_quotes) return false;
  const auto before = run_before();
  const auto behind = run_behind(place);
  if (!before || !behind) return false;
  if (behind->ends_with('<') || behind->ends_with('>')) return !is_digits(value);
  if (!place.reserved || holds_any(*before, "/=")) return true;
  return before->empty() && behind->empty() && value[0] != '-' && !is_shell_word(value);
}

// A value that names what is run.
void Writer::note_command(const ShellPlace& place, std::string_view value) {
  if (!place.command) return;
  const bool alone = place.kind == Kind::bare && holds_any(value, "/");
  if (!alone && place.kind != Kind::bare) leaves_traces_ = true;
  if (is_shell_word(value)) runs_a_builtin_ = true;
}

// ---- lines

void Writer::trim() {
  while (!out_.empty() && is_blank(out_.back()) &&
         !(out_.size() > 1 && out_[out_.size() - 2] == '\\')) {
    out_.pop_back();
  }
}

void Writer::put_break(const ShellPlace& place) {
  if (keeps_lines_) {
    out_ += text_.substr(place.at, place.length);
    return;
  }
  if (place.kind == Kind::nothing) return;
  skips_blanks_ = true;
  if (place.kind == Kind::end) {
    trim();
    end_at_ = out_.size();
    out_ += "; ";
  } else if (!out_.empty() && !is_blank(out_.back())) {
    out_ += ' ';
  }
}

}  // namespace

std::optional<ScriptLine> script_line(const ShellScript& script,
                                      std::span<const std::string> values,
                                      std::span<const std::string> records) {
  const ShellText& shown = script.shown;
  if (script.speaks_of_arguments || shown.has_no_text) return {};
  const bool joined =
      std::any_of(shown.places.begin(), shown.places.end(), [](const ShellPlace& place) {
        return place.value == ShellPlace::kRecords && place.kind != Kind::words;
      });
  if (joined && shown.changes_separators) return {};
  Writer writer(script, values, records);
  if (!writer.write()) return {};
  const auto differs = [](const std::string& value) {  // by echo
    return value.starts_with('-') || holds_any(value, "\\");
  };
  ScriptLine line;
  line.text = writer.take();
  line.joints = shown.joints;
  line.leaves_traces = shown.leaves_traces || writer.leaves_traces();
  line.expands = shown.expands;
  line.has_here_doc = shown.has_here_doc;
  line.only_in_its_shell = shown.only_in_its_shell || writer.runs_a_builtin() ||
                           (shown.echoes && (std::any_of(values.begin(), values.end(), differs) ||
                                             std::any_of(records.begin(), records.end(), differs)));
  return line;
}

}  // namespace distaff

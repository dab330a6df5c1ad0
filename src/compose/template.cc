#include "compose/template.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

// Reading a form is a small search: what stands behind the brace is tried as a name (longest
// first), as a number, as a bare list of path parts, and each try must end in the closing brace.
// If none does, the brace is an ordinary character.  Only two things are mistakes rather than
// text: a word that could only be meant as a field, and a regex that does not compile.

namespace distaff {
namespace {

constexpr std::size_t kMostListed = 20;  // field names in a message

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

std::size_t word_length(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_word);
  return static_cast<std::size_t>(end - text.begin());
}

// a.b-c.d: the longest name of members that can stand at the start of `text`.
std::size_t member_length(std::string_view text) {
  std::size_t length = word_length(text);
  while (length > 0 && length < text.size() && text[length] == '.') {
    const std::size_t more = word_length(text.substr(length + 1));
    if (more == 0) break;
    length += 1 + more;
  }
  return length;
}

// ---- path parts

// Where the brace is that closes the form whose argument starts at text[at]; npos if there is none
// on this line.  In a regex a backslash takes a brace out of the count.
std::size_t closing_brace(std::string_view text, std::size_t at, bool regex) {
  int depth = 0;
  for (; at < text.size() && text[at] != '\n'; ++at) {
    if (regex && text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      ++depth;
    } else if (text[at] == '}' && depth-- == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

Expected<PathPart> capture_part(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  PathPart part{PathPart::Kind::capture, std::string(pattern),
                std::make_shared<const re2::RE2>(pattern, options)};
  if (part.regex->ok()) return part;
  return fail(
      fmt::format("'{{@{}}}' holds no regex that RE2 takes: {}", pattern, part.regex->error()));
}

using Parts = std::optional<std::vector<PathPart>>;

// The path parts at text[at] and the brace behind them, which `at` is moved past.  Nothing if
// anything else stands there.
Expected<Parts> read_parts(std::string_view text, std::size_t& at) {
  std::vector<PathPart> parts;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '}') {
      at = i + 1;
      return parts;
    }
    if (text[i] == '/') {
      const bool twice = i + 1 < text.size() && text[i + 1] == '/';
      i += twice;
      parts.push_back({twice ? PathPart::Kind::dirname : PathPart::Kind::basename, {}, {}});
    } else if (text[i] == '.') {
      parts.push_back({PathPart::Kind::stem, {}, {}});
    } else if (text[i] == '^' || text[i] == '@') {
      const bool regex = text[i] == '@';
      const std::size_t end = closing_brace(text, i + 1, regex);
      if (end == std::string_view::npos || end == i + 1) return Parts{};
      const std::string_view argument = text.substr(i + 1, end - i - 1);
      Expected<PathPart> part = regex ? capture_part(argument)
                                      : PathPart{PathPart::Kind::suffix, std::string(argument), {}};
      if (!part) return tl::unexpected(part.error());
      parts.push_back(*std::move(part));
      i = end - 1;
    } else {
      return Parts{};
    }
  }
  return Parts{};
}

std::string_view without_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

std::string_view basename(std::string_view path) {
  path = without_slashes(path);
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

std::string_view dirname(std::string_view path) {
  path = without_slashes(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return without_slashes(path.substr(0, std::max<std::size_t>(slash, 1)));
}

// The dot of a hidden file begins no extension, and "." and ".." have none.
std::string_view stem(std::string_view path) {
  const std::string_view name = basename(path);
  const std::size_t first = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (first == std::string_view::npos || dot == std::string_view::npos || dot < first) return path;
  return path.substr(0, static_cast<std::size_t>(name.data() - path.data()) + dot);
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.size() > suffix.size() && text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

std::optional<std::string_view> capture(std::string_view text, const re2::RE2& regex) {
  re2::StringPiece groups[2];
  const int wanted = regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
  const re2::StringPiece subject(text.data(), text.size());
  if (!regex.Match(subject, 0, subject.size(), re2::RE2::UNANCHORED, groups, wanted)) return {};
  const re2::StringPiece& found = groups[wanted - 1];
  if (found.data() == nullptr && wanted == 2) return {};
  return std::string_view(found.data(), found.size());
}

// All parts give pieces of the value they get, or ".": nothing is copied on the way.
Expected<std::string> taken_apart(const std::vector<PathPart>& parts, std::string_view value) {
  for (const PathPart& part : parts) {
    switch (part.kind) {
      case PathPart::Kind::basename:
        value = basename(value);
        break;
      case PathPart::Kind::dirname:
        value = dirname(value);
        break;
      case PathPart::Kind::stem:
        value = stem(value);
        break;
      case PathPart::Kind::suffix:
        value = without_suffix(value, part.argument);
        break;
      case PathPart::Kind::capture: {
        const auto found = capture(value, *part.regex);
        if (!found) {
          return fail(fmt::format("no match of @{} in '{}'", part.argument, printable(value, 100)));
        }
        value = *found;
        break;
      }
    }
  }
  return std::string(value);
}

// ---- forms

// One form being read: `begin` is at its brace.
struct Form {
  std::string_view text;
  std::size_t begin;
  const TemplateSyntax& syntax;

  std::string_view body() const { return text.substr(begin + 1); }
};

using Read = std::optional<std::pair<Replacement, std::size_t>>;  // and where it ends

// `found` with the path parts that follow its `length` bytes behind the brace.
Expected<Read> with_parts(const Form& form, std::size_t length, Replacement found) {
  std::size_t at = form.begin + 1 + length;
  Expected<Parts> parts = read_parts(form.text, at);
  if (!parts) return tl::unexpected(parts.error());
  if (!*parts) return Read{};
  found.parts = **std::move(parts);
  return Read{{std::move(found), at}};
}

Replacement name_form(std::string_view name, std::size_t field = 0) {
  Replacement found;
  found.what = Replacement::What::name;
  found.name = name;
  found.field = field;
  return found;
}

Expected<Read> read_column(const Form& form) {
  const FieldNames& names = form.syntax.scheme.names;
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && names[i].find_first_of("{}") == std::string::npos &&
        form.body().starts_with(names[i])) {
      fitting.push_back(i);
    }
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [&](std::size_t a, std::size_t b) { return names[a].size() > names[b].size(); });
  for (const std::size_t i : fitting) {
    auto read = with_parts(form, names[i].size(), name_form(names[i], i + 1));
    if (!read || *read) return read;
  }
  return Read{};
}

std::string known_fields(const FieldScheme& scheme) {
  if (scheme.kind != FieldScheme::Kind::named) {
    return fmt::format("records have {} field{}", *scheme.count, *scheme.count == 1 ? "" : "s");
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(scheme.names.size(), kMostListed); ++i) {
    list += (i > 0 ? ", " : "") + printable(scheme.names[i], 60);
  }
  if (scheme.names.size() > kMostListed) {
    list += fmt::format(" and {} more", scheme.names.size() - kMostListed);
  }
  return "the fields are " + list;
}

tl::unexpected<Error> no_field(std::string_view spelled, std::string_view word,
                               const FieldScheme& scheme) {
  const std::vector<std::string_view> names(scheme.names.begin(), scheme.names.end());
  const std::string_view meant = nearest(word, names);
  const std::string hint =
      meant.empty() ? "" : fmt::format(" (did you mean {{{}}}?)", printable(meant, 60));
  return fail(fmt::format("{}: no such field{}; {}; with -I % braces mean nothing",
                          printable(spelled, 80), hint, known_fields(scheme)));
}

// A number as people write one; 0 if it is none.  Too large for any record is the largest.
std::size_t field_number(std::string_view digits) {
  std::size_t value = 0;
  if (digits.empty() || digits[0] == '0') return 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return 0;
  return error == std::errc{} ? value : SIZE_MAX;
}

// {word…}: a number or a member, or in a table a mistake.
Expected<Read> read_word(const Form& form) {
  const FieldScheme& scheme = form.syntax.scheme;
  const bool open = scheme.kind == FieldScheme::Kind::open;
  const std::size_t length = open ? member_length(form.body()) : word_length(form.body());
  if (length == 0) return Read{};
  const std::string_view word = form.body().substr(0, length);
  if (open) return with_parts(form, length, name_form(word));

  Replacement found;
  found.what = Replacement::What::field;
  found.field = field_number(word);
  const bool named = scheme.kind == FieldScheme::Kind::named;
  if (found.field == 0 && !named) return Read{};
  if (scheme.kind == FieldScheme::Kind::none && found.field != 1) return Read{};

  auto read = with_parts(form, length, found);
  if (!read || !*read) return read;
  const bool past =
      (named && found.field > scheme.names.size()) || (scheme.count && found.field > *scheme.count);
  if (found.field == 0 || past) {
    return no_field(form.text.substr(form.begin, (*read)->second - form.begin), word, scheme);
  }
  return read;
}

Expected<Read> read_form(const Form& form) {
  if (form.syntax.scheme.kind == FieldScheme::Kind::named) {
    auto read = read_column(form);
    if (!read || *read) return read;
  }
  const std::string_view body = form.body();
  Replacement found;
  if (body.starts_with("#}") || body.starts_with("%}")) {
    found.what = body[0] == '#' ? Replacement::What::seq : Replacement::What::slot;
    return Read{{std::move(found), form.begin + 3}};
  }
  auto read = read_word(form);
  if (!read || *read) return read;
  return with_parts(form, 0, std::move(found));
}

// What stands before the brace of each form; nothing if braces mean nothing.
std::optional<std::string_view> form_prefix(const TemplateSyntax& syntax) {
  const std::string_view replacement = syntax.replacement;
  if (!replacement.ends_with("{}")) return {};
  return replacement.substr(0, replacement.size() - 2);
}

// ---- values

// Null: it is missing.
const std::string* field_at(const Record& record, std::size_t field) {
  if (record.fields.empty()) return field == 1 ? &record.text : nullptr;
  if (field > record.fields.size() || !record.fields[field - 1]) return nullptr;
  return &*record.fields[field - 1];
}

const std::string* field_named(const Record& record, const Replacement& wanted) {
  if (!record.names || record.fields.empty()) return nullptr;
  const FieldNames& names = *record.names;
  // In a table every record has the place that the name had when the template was read.
  if (wanted.field > 0 && wanted.field <= names.size() && names[wanted.field - 1] == wanted.name) {
    return field_at(record, wanted.field);
  }
  const auto found = std::find(names.begin(), names.end(), wanted.name);
  if (found == names.end()) return nullptr;
  return field_at(record, static_cast<std::size_t>(found - names.begin()) + 1);
}

tl::unexpected<Error> missing(const Replacement& wanted) {
  if (wanted.what == Replacement::What::field) {
    return fail(fmt::format("no field {} in this record", wanted.field));
  }
  const char* kind = wanted.field > 0 ? "field" : "member";
  return fail(fmt::format("no {} '{}' in this record", kind, printable(wanted.name, 60)));
}

std::size_t field_count(const Record& record) {
  return std::max<std::size_t>(record.fields.size(), 1);
}

// {3} in a job: the fields of its records are counted through.
Expected<std::string> field_of(const Replacement& wanted, const JobView& job) {
  std::size_t field = wanted.field;
  for (const Record& record : job.records) {
    if (field > field_count(record)) {
      field -= field_count(record);
      continue;
    }
    const std::string* value = field_at(record, field);
    return value ? taken_apart(wanted.parts, *value) : missing(wanted);
  }
  if (job.records.size() == 1) return missing(wanted);
  return fail(
      fmt::format("no field {} in the {} records of this job", wanted.field, job.records.size()));
}

// Adds the values of one record; there are several only in a tuple.
Expected<void> add_values(const Replacement& wanted, const Record& record,
                          std::vector<std::string>& values) {
  const bool tuple = wanted.each_value && wanted.what == Replacement::What::record;
  if (!tuple || record.fields.empty()) {
    Expected<std::string> value = value_in(wanted, record);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
    return {};
  }
  for (const auto& field : record.fields) {
    if (!field) continue;
    Expected<std::string> value = taken_apart(wanted.parts, *field);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
  }
  return {};
}

std::string job_value(const Replacement& wanted, const JobView& job) {
  return wanted.what == Replacement::What::seq ? std::to_string(number(job.id))
                                               : std::to_string(job.slot);
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ' ';
    text += values[i];
  }
  return text;
}

}  // namespace

Expected<std::optional<Replacement>> read_replacement(std::string_view text, std::size_t& at,
                                                      const TemplateSyntax& syntax) {
  const std::optional<std::string_view> prefix = form_prefix(syntax);
  Replacement found;
  std::size_t end = 0;
  if (prefix) {
    const std::size_t brace = at + prefix->size();
    if (!text.substr(at).starts_with(*prefix) || brace >= text.size() || text[brace] != '{') {
      return std::nullopt;
    }
    Expected<Read> read = read_form({text, brace, syntax});
    if (!read) return tl::unexpected(read.error());
    if (!*read) return std::nullopt;
    std::tie(found, end) = **std::move(read);
  } else {
    if (syntax.replacement.empty() || !text.substr(at).starts_with(syntax.replacement)) {
      return std::nullopt;
    }
    end = at + syntax.replacement.size();
  }
  found.spelled = text.substr(at, end - at);
  found.each_value = syntax.tuples;
  at = end;
  return found;
}

std::size_t foreign_braces(std::string_view text, std::size_t at, const TemplateSyntax& syntax) {
  if (syntax.replacement != "{}" || !text.substr(at).starts_with("{{")) return 0;
  const std::size_t end = text.find("}}", at + 2);
  const std::size_t line = text.find('\n', at);
  return end == std::string_view::npos || line < end ? 0 : end + 2 - at;
}

Expected<Template> Template::parse(std::string_view text, const TemplateSyntax& syntax) {
  Template result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.pieces_.emplace_back(std::exchange(literal, {}));
  };
  for (std::size_t at = 0; at < text.size();) {
    const bool dollar = at > 0 && text[at - 1] == '$' && syntax.replacement == "{}";
    const std::size_t foreign = foreign_braces(text, at, syntax);
    if (foreign > 0) {
      literal += text.substr(at, foreign);
      at += foreign;
      continue;
    }
    if (!dollar) {
      auto found = read_replacement(text, at, syntax);
      if (!found) return tl::unexpected(found.error());
      if (*found) {
        flush();
        result.pieces_.emplace_back(**std::move(found));
        continue;
      }
    }
    literal += text[at++];
  }
  flush();
  return result;
}

Template Template::of(std::vector<Piece> pieces) {
  Template result;
  result.pieces_ = std::move(pieces);
  return result;
}

bool Template::is_literal() const {
  return std::none_of(pieces_.begin(), pieces_.end(),
                      [](const Piece& p) { return std::holds_alternative<Replacement>(p); });
}

bool Template::has_record() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found && found->of_record();
  });
}

bool Template::repeats() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    const auto* found = std::get_if<Replacement>(&piece);
    return found && found->repeats();
  });
}

bool Template::is_single_replacement() const {
  return pieces_.size() == 1 && std::holds_alternative<Replacement>(pieces_[0]);
}

Expected<std::string> Template::expand(const JobView& job) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
      continue;
    }
    Expected<std::string> value = value_of(std::get<Replacement>(piece), job);
    if (!value) return value;
    text += *value;
  }
  return text;
}

Expected<std::vector<std::string>> Template::expand_each(const JobView& job) const {
  if (is_single_replacement()) return values_of(std::get<Replacement>(pieces_[0]), job);
  std::vector<std::string> texts(1);
  bool repeated = false;
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      for (std::string& text : texts) text += *literal;
      continue;
    }
    const Replacement& replacement = std::get<Replacement>(piece);
    auto values = values_of(replacement, job);
    if (!values) return values;
    // All replacements that repeat do so equally often: a {name} has no place in a tuple.
    if (replacement.repeats() && !repeated) {
      repeated = true;
      texts.resize(values->size(), texts[0]);
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i] += (*values)[std::min(i, values->size() - 1)];
    }
  }
  return texts;
}

void Template::collect_names(std::vector<std::string>& names) const {
  for (const Piece& piece : pieces_) {
    const auto* found = std::get_if<Replacement>(&piece);
    if (!found || found->what != Replacement::What::name) continue;
    if (std::find(names.begin(), names.end(), found->name) == names.end()) {
      names.push_back(found->name);
    }
  }
}

Expected<std::string> value_of(const Replacement& replacement, const JobView& job) {
  if (!replacement.of_record()) return job_value(replacement, job);
  if (replacement.what == Replacement::What::field) return field_of(replacement, job);
  if (job.records.size() == 1 && !replacement.each_value) {
    return value_in(replacement, job.records[0]);
  }
  auto values = values_of(replacement, job);
  if (!values) return tl::unexpected(values.error());
  return joined(*values);
}

Expected<std::vector<std::string>> values_of(const Replacement& replacement, const JobView& job) {
  std::vector<std::string> values;
  if (!replacement.repeats()) {
    Expected<std::string> value = value_of(replacement, job);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*std::move(value));
    return values;
  }
  values.reserve(job.records.size());
  for (const Record& record : job.records) {
    Expected<void> added = add_values(replacement, record, values);
    if (!added) return tl::unexpected(added.error());
  }
  return values;
}

Expected<std::string> value_in(const Replacement& replacement, const Record& record) {
  const std::string* value = &record.text;
  if (replacement.what == Replacement::What::field) value = field_at(record, replacement.field);
  if (replacement.what == Replacement::What::name) value = field_named(record, replacement);
  if (!value) return missing(replacement);
  return taken_apart(replacement.parts, *value);
}

std::size_t most_bytes(const Replacement& replacement, const Record& record) {
  const std::string* value = &record.text;
  if (replacement.what == Replacement::What::name) value = field_named(record, replacement);
  if (replacement.what == Replacement::What::field && !record.fields.empty()) {
    // Which field of which record it is depends on the job.
    for (const auto& field : record.fields) {
      if (field && (value == &record.text || field->size() > value->size())) value = &*field;
    }
  }
  const std::size_t values = replacement.each_value ? field_count(record) : 1;
  return std::max(value ? value->size() : 0, values);  // dirname makes a "." of nothing
}

std::vector<std::string> words_of(const Record& record) {
  if (record.fields.empty()) return {record.text};
  std::vector<std::string> words;
  words.reserve(record.fields.size());
  for (const auto& field : record.fields) {
    if (field) words.push_back(*field);
  }
  return words;
}

}  // namespace distaff

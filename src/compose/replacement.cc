#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/text.h"
#include "compose/field_name.h"
#include "compose/template.h"

// Reading a form is a small search: what stands behind the brace is tried as a name (longest
// first, then as a JSON string), as a number, as a bare list of path parts, and each try must end
// in the closing brace. If none does, the brace is an ordinary character.  Only two things are
// mistakes rather than text: a word that could only be meant as a field, and a regex that does not
// compile.

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

// One form being read: `begin` is at its brace.
struct Form {
  std::string_view text;
  std::size_t begin;
  const TemplateSyntax& syntax;

  std::string_view body() const { return text.substr(begin + 1); }

  // As it stands in the text up to `end`, with what -I puts in front of the brace.
  std::string_view spelled(std::size_t end) const {
    const std::size_t from = begin + 2 - std::min(begin + 2, syntax.replacement.size());
    return text.substr(from, end - from);
  }
};

using Read = std::optional<std::pair<Replacement, std::size_t>>;  // and where it ends

// `found` with the path parts that follow its `length` bytes behind the brace.
Expected<Read> with_parts(const Form& form, std::size_t length, Replacement found) {
  std::size_t at = form.begin + 1 + length;
  auto parts = read_parts(form.text, at);
  if (!parts) {
    return fail(fmt::format("'{}' {}", printable(form.spelled(at), 200), parts.error().message));
  }
  if (!*parts) return Read{};
  found.parts = **std::move(parts);
  return Read{{std::move(found), at}};
}

Replacement member(std::string_view name) {
  Replacement found;
  found.what = Replacement::What::name;
  found.name = name;
  return found;
}

// A column that the form may begin with: how long its name is there, and which it is.
struct Column {
  std::size_t length;
  std::size_t index;
};

// The longest first, and last {"a\nb"}, a name as a JSON string.
std::vector<Column> columns_of(const Form& form) {
  const FieldNames& names = form.syntax.scheme.names;
  std::vector<Column> fitting;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && form.body().starts_with(names[i])) {
      fitting.push_back({names[i].size(), i});
    }
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [](const Column& a, const Column& b) { return a.length > b.length; });
  if (const auto quoted = read_quoted_name(form.body())) {
    const auto found = std::find(names.begin(), names.end(), quoted->name);
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (index < names.size()) fitting.push_back({quoted->length, index});
  }
  return fitting;
}

// Braces that hold just a name are that field, whatever else they could mean with what follows.
Expected<Read> read_column(const Form& form) {
  const std::vector<Column> fitting = columns_of(form);
  for (const bool alone : {true, false}) {
    for (const auto& [length, index] : fitting) {
      if (alone && !form.body().substr(length).starts_with('}')) continue;
      auto read = with_parts(form, length, column(form.syntax.scheme, index));
      if (!read || *read) return read;
    }
  }
  return Read{};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// In small letters, and without the blanks around it.
std::string bare(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return lower_case(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin));
}

// The column that `inside` must have been meant for: the same in other letters or with other blanks
// around it, or, both having blanks, nearly the same.  Without this, a name with a blank would be
// text if it is misspelt.
std::string_view column_meant(std::string_view inside, const FieldNames& names) {
  const std::string wanted = bare(inside);
  if (wanted.empty()) return {};
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(bare(name));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == wanted) return names[i];
  }
  if (inside.find(' ') == inside.npos) return {};
  std::vector<std::string_view> blank;
  for (const std::string& name : all) {
    if (name.find(' ') != name.npos) blank.push_back(name);
  }
  const std::string_view near = nearest(wanted, blank);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!near.empty() && all[i] == near) return names[i];
  }
  return {};
}

// How far {1} {2} … count through the records of a job, as far as that is known.
std::size_t numbers_there_are(const TemplateSyntax& syntax) {
  const bool named = syntax.scheme.kind == FieldScheme::Kind::named;
  const std::size_t each = named ? syntax.scheme.names.size() : syntax.scheme.count.value_or(0);
  const bool known = (named || syntax.scheme.count) && syntax.most_records > 0;
  if (!known || (each > 0 && syntax.most_records > SIZE_MAX / each)) return SIZE_MAX;
  return each * syntax.most_records;
}

std::string known_fields(const TemplateSyntax& syntax) {
  const FieldScheme& scheme = syntax.scheme;
  if (scheme.kind == FieldScheme::Kind::none) return "{1} is the record";
  if (scheme.kind != FieldScheme::Kind::named) {
    const std::size_t count = numbers_there_are(syntax);
    if (count == SIZE_MAX) return "fields have numbers";
    return fmt::format("{} {} field{}", syntax.most_records == 1 ? "records have" : "a job has",
                       count, count == 1 ? "" : "s");
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(scheme.names.size(), kMostListed); ++i) {
    list += (i > 0 ? ", " : "") + printable(written_name(scheme, i), 60);
  }
  if (scheme.names.size() > kMostListed) {
    list += fmt::format(" and {} more", scheme.names.size() - kMostListed);
  }
  return "the fields are " + list;
}

// As it would be typed: {name}, or %{name} with -I '%{}'.
std::string spelled_field(const TemplateSyntax& syntax, std::string_view name) {
  const auto& names = syntax.scheme.names;
  const auto index =
      static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  const std::string written =
      index < names.size() ? written_name(syntax.scheme, index) : std::string(name);
  const std::string_view prefix =
      std::string_view(syntax.replacement).substr(0, syntax.replacement.size() - 2);
  return fmt::format("{}{{{}}}", prefix, printable(written, 60));
}

// The `length` bytes of the form are none.
tl::unexpected<Error> no_field(const Form& form, std::size_t length, std::string_view meant) {
  const TemplateSyntax& syntax = form.syntax;
  const std::string hint =
      meant.empty() ? "" : fmt::format(" (did you mean {}?)", spelled_field(syntax, meant));
  TemplateSyntax other{syntax.scheme, syntax.replacement == "{}" ? "%{}" : "@{}", syntax.tuples};
  const std::string example =
      spelled_field(other, syntax.scheme.names.empty() ? "1" : syntax.scheme.names[0]);
  const std::size_t prefix = syntax.replacement.size() - 2;
  return fail(
      fmt::format("{}: no such field{}; {}; if these braces are to stay, {} -I '{}' and write "
                  "fields as {}",
                  printable(form.text.substr(form.begin - prefix, length + prefix), 80), hint,
                  known_fields(syntax), prefix == 0 ? "add" : "choose another prefix, as",
                  other.replacement, example));
}

std::string_view nearest_field(std::string_view word, const FieldScheme& scheme) {
  return nearest(word, std::vector<std::string_view>(scheme.names.begin(), scheme.names.end()));
}

// A number as people write one; 0 if it is none.  Too large for any record is the largest.
std::size_t field_number(std::string_view digits) {
  std::size_t value = 0;
  if (digits.empty() || digits[0] == '0') return 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return 0;
  return error == std::errc{} ? value : SIZE_MAX;
}

// {1 }: blanks do not belong to a number.  Empty if it is none of a field that there can be.
std::string number_meant(std::string_view inside, const TemplateSyntax& syntax) {
  const std::string number = bare(inside);
  const std::size_t field = field_number(number);
  const bool plain = syntax.scheme.kind == FieldScheme::Kind::none;
  const bool open = syntax.scheme.kind == FieldScheme::Kind::open;
  if (number.size() == inside.size() || field == 0 || open || (plain && field != 1)) return {};
  return field <= numbers_there_are(syntax) ? number : std::string();
}

// {word…}: a number or a member, or in a table a mistake.
Expected<Read> read_word(const Form& form) {
  const FieldScheme& scheme = form.syntax.scheme;
  const bool open = scheme.kind == FieldScheme::Kind::open;
  const std::size_t length = open ? member_length(form.body()) : word_length(form.body());
  if (length == 0) return Read{};
  const std::string_view word = form.body().substr(0, length);
  if (open) return with_parts(form, length, member(word));

  Replacement found;
  found.what = Replacement::What::field;
  found.field = field_number(word);
  if (found.field == SIZE_MAX) found.name = word;  // for messages
  const bool named = scheme.kind == FieldScheme::Kind::named;
  if (found.field == 0 && !named) return Read{};
  if (scheme.kind == FieldScheme::Kind::none && found.field != 1) return Read{};

  auto read = with_parts(form, length, found);
  if (!read || !*read) return read;
  const bool past = found.field > numbers_there_are(form.syntax);
  if (found.field == 0 || past) {
    return no_field(form, (*read)->second - form.begin, nearest_field(word, scheme));
  }
  return read;
}

Expected<Read> read_form(const Form& form) {
  const FieldScheme& scheme = form.syntax.scheme;
  const bool named = scheme.kind == FieldScheme::Kind::named;
  if (named || scheme.kind == FieldScheme::Kind::open) {
    auto read = read_column(form);
    if (!read || *read) return read;
  }
  const std::string_view body = form.body();
  const std::string_view inside = body.substr(0, body.find('}'));
  // Another object may have a member of just that name.
  std::string meant(named ? column_meant(inside, scheme.names) : std::string_view());
  if (meant.empty() && inside.size() < body.size()) meant = number_meant(inside, form.syntax);
  if (!meant.empty()) {
    return no_field(form, inside.size() + 2, meant);
  }
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

}  // namespace distaff

#include "compose/url_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/url_text.h"
#include "compose/authority.h"
#include "compose/field_name.h"

namespace distaff {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "https" of "https://…"; nothing if the text does not begin so.
std::optional<std::string_view> scheme_of(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  const auto size = static_cast<std::size_t>(end - text.begin());
  if (size == 0 || !is_letter(text[0]) || !text.substr(size).starts_with("://")) return {};
  return text.substr(0, size);
}

bool is_file_scheme(std::string_view scheme) {
  constexpr std::string_view kFile = "file";
  return std::equal(scheme.begin(), scheme.end(), kFile.begin(), kFile.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

std::string shown(std::string_view url) { return printable(mask_url(url)); }

// "host/x" and "//host/x" lack only a word; "mailto:x" is something else.
std::string without_scheme(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool has_port = colon + 1 < text.size() && is_digit(text[colon + 1]);
  if (colon < text.find_first_of("/?#@[") && !has_port) {
    return fmt::format("'{}' is no URL of a server; write https://HOST/PATH", shown(text));
  }
  const std::size_t host = std::min(text.find_first_not_of('/'), text.size());
  if (text.starts_with('/') && !text.starts_with("//")) {
    return fmt::format("'{}' is only a path; write https://HOST{}", shown(text), shown(text));
  }
  return fmt::format("'{}' has no scheme; write https://{}", shown(text), shown(text.substr(host)));
}

// Is there a byte that no URL holds?  Says which.
std::string bad_byte(std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
  if (found == text.end()) return {};
  const auto at = static_cast<std::size_t>(found - text.begin());
  if (*found == ' ') {
    return fmt::format("the URL '{}' holds a blank (byte {}); write %20", shown(text), at + 1);
  }
  return fmt::format("the URL '{}' holds the byte 0x{:02X} (byte {}); write %{:02X} if it is meant",
                     shown(text), static_cast<unsigned char>(*found), at + 1,
                     static_cast<unsigned char>(*found));
}

// Values keep what may stand there and says nothing more.
void append_value(std::string_view value, std::string_view kept, std::string& url) {
  for (const char c : value) {
    if (is_unreserved(c) || kept.find(c) != kept.npos) {
      url += c;
    } else {
      append_percent(c, url);
    }
  }
}

// The host is left as it is: a name in another script is not spelled so.
std::string with_ascii_path(std::string_view url) {
  const std::size_t path = std::min(url.find_first_of("/?#", url.find("://") + 3), url.size());
  const auto wide = [](char c) { return static_cast<unsigned char>(c) > 0x7f; };
  std::string text(url.substr(0, path));
  url.remove_prefix(path);
  if (std::none_of(url.begin(), url.end(), wide)) return text.append(url);
  for (const char c : url) {
    if (wide(c)) {
      append_percent(c, text);
    } else {
      text += c;
    }
  }
  return text;
}

// Of a column that is said by its number; nothing if it is no number, or past the last.
std::optional<std::size_t> place_of_column(const std::string& column, const FieldScheme& scheme) {
  const bool named = scheme.kind == FieldScheme::Kind::named;
  if (scheme.kind != FieldScheme::Kind::numbered && !named) return std::nullopt;
  const auto number = parse_count(column, SIZE_MAX / 2);
  if (!number || *number == 0 || (named && *number > scheme.names.size())) return std::nullopt;
  return *number;
}

Expected<void> check_template(std::string_view text, const Template& parsed) {
  const auto refuse = [](std::string why) { return fail("--url-template: " + std::move(why)); };
  const auto* begin = std::get_if<std::string>(&parsed.pieces()[0]);
  if (begin && !scheme_of(*begin)) return refuse(without_scheme(text));
  for (const Piece& piece : parsed.pieces()) {
    const auto* literal = std::get_if<std::string>(&piece);
    if (literal && !bad_byte(*literal).empty()) return refuse(bad_byte(text));
  }
  return {};
}

}  // namespace

Expected<std::string> checked_url(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return fail("the URL is empty");
  if (std::string wrong = bad_byte(text); !wrong.empty()) return fail(std::move(wrong));
  const auto scheme = scheme_of(text);
  if (!scheme) return fail(without_scheme(text));
  if (!is_file_scheme(*scheme) && !host_of(text)) {
    return fail(fmt::format("the URL '{}' names no host that could be asked; write {}://HOST/PATH",
                            shown(text), *scheme));
  }
  return with_ascii_path(text);
}

Expected<UrlTemplate> UrlTemplate::compile(std::string_view text, const std::string& column,
                                           const TemplateSyntax& syntax) {
  if (text.empty()) return of_column(column, syntax);
  auto parsed = Template::parse(text, syntax);
  if (!parsed) return fail("--url-template: " + parsed.error().message);
  if (const auto good = check_template(text, *parsed); !good) return tl::unexpected(good.error());

  UrlTemplate url;
  Place place = Place::as_it_is;
  std::string before;
  for (const Piece& piece : parsed->pieces()) {
    url.places_.push_back(place);
    if (const auto* literal = std::get_if<std::string>(&piece)) before += *literal;
    place = place_behind(before);
  }
  url.template_ = *std::move(parsed);
  return url;
}

// Where a value stands behind this text of the template.
UrlTemplate::Place UrlTemplate::place_behind(std::string_view before) {
  const std::size_t first = before.find_first_of("/?#");
  std::size_t path = 0;
  if (first != before.npos && first > 0 && before.substr(first - 1).starts_with("://")) {
    path = before.find_first_of("/?#", first + 2);
    if (path == before.npos) return Place::host;
  }
  return before.find_first_of("?#", path) == before.npos ? Place::path : Place::query;
}

// A column is meant by its name; where none is called so, a number is its place.
Expected<UrlTemplate> UrlTemplate::of_column(const std::string& column,
                                             const TemplateSyntax& syntax) {
  const FieldScheme& scheme = syntax.scheme;
  const auto found = std::find(scheme.names.begin(), scheme.names.end(), column);
  Replacement wanted;
  if (column.empty()) {
    wanted.what = Replacement::What::record;
  } else if (found != scheme.names.end()) {
    wanted.what = Replacement::What::name;
    wanted.name = column;
    if (scheme.kind == FieldScheme::Kind::named) {
      wanted.field = static_cast<std::size_t>(found - scheme.names.begin()) + 1;
    }
  } else if (const auto written = field_in_braces(column, scheme);
             written && written->what == Replacement::What::name && column.starts_with('"')) {
    wanted = *written;
  } else if (const auto number = place_of_column(column, scheme)) {
    wanted.what = Replacement::What::field;
    wanted.field = *number;
  } else if (scheme.kind == FieldScheme::Kind::named && !scheme.names.empty()) {
    return fail(fmt::format("no column '{}'; the columns are {}", printable(column),
                            printable(fmt::format("{}", fmt::join(scheme.names, ", ")))));
  } else {
    wanted.what = Replacement::What::name;
    wanted.name = column;
  }
  UrlTemplate url;
  url.template_ = Template::of({wanted});
  url.places_ = {Place::as_it_is};
  return url;
}

Expected<std::string> UrlTemplate::of(const JobView& job) const {
  std::string url;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Piece& piece = template_.pieces()[i];
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      url += *literal;
      continue;
    }
    auto value = value_of(std::get<Replacement>(piece), job);
    if (!value) return value;
    switch (places_[i]) {
      case Place::as_it_is:
        url += trimmed(*value);
        break;
      case Place::host:
        append_value(*value, ":[]", url);
        break;
      case Place::path:
        append_value(*value, "/", url);
        break;
      case Place::query:
        append_value(*value, "", url);
        break;
    }
  }
  if (begins_as_last(url)) return url;
  auto checked = checked_url(url);
  if (checked) remember_begin(*checked);
  return checked;
}

bool UrlTemplate::begins_as_last(std::string_view url) const {
  return !begin_.empty() && url.starts_with(begin_) &&
         std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void UrlTemplate::remember_begin(std::string_view url) const {
  const std::size_t host = url.find("://") + 3;
  const std::size_t slash = url.find('/', host);
  begin_ = slash == url.npos || slash == host ? "" : url.substr(0, slash + 1);
}

void UrlTemplate::collect_names(std::vector<std::string>& names) const {
  template_.collect_names(names);
}

}  // namespace distaff

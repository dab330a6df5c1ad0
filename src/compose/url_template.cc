#include "compose/url_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/url_text.h"
#include "compose/field_name.h"
#include "compose/url.h"

namespace distaff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string shown(std::string_view url) { return printable(mask_url(url)); }

// "host/x" and "//host/x" lack only a word; "mailto:x" is something else.
std::string without_scheme(std::string_view text) {
  if (text.starts_with('#')) {
    return fmt::format("'{}' is a comment and no URL; leave it out, as grep -v '^#' does",
                       printable(mask_record(text)));
  }
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

std::string bad_byte(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return fmt::format("the URL '{}' holds the byte 0x{:02X} (byte {}); write %{:02X} if it is meant",
                     shown(text), byte, at + 1, byte);
}

std::string no_host(std::string_view text, const std::string& why) {
  const std::string what =
      fmt::format("the URL '{}' names no host that could be asked", shown(text));
  if (!why.empty()) return fmt::format("{}: {}", what, why);
  return fmt::format("{}; write {}://HOST/PATH", what, scheme_of(text).value_or("https"));
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

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int octet = percent_octet(text.substr(i));
    plain += octet < 0 ? text[i] : static_cast<char>(octet);
    if (octet >= 0) i += 2;
  }
  return plain;
}

// Where dots would be folders: `..` and `.`, in whatever spelling a server may read, who may decode
// more than once, and behind a backslash too, which some take for a slash.
bool leads_elsewhere(std::string_view segment) {
  std::string text(segment);
  for (int times = 0; times < 3 && text.find('%') != text.npos; ++times) text = decoded(text);
  for (std::string_view rest = text;;) {
    const std::size_t end = rest.find_first_of("/\\");
    const std::string_view part = rest.substr(0, end);
    if (part == "." || part == "..") return true;
    if (end == rest.npos) return false;
    rest.remove_prefix(end + 1);
  }
}

// Of http://good.example, where .evil.example would make another host of it.
bool ends_in_label(std::string_view literal) {
  return !literal.empty() && std::string_view("/.@:[").find(literal.back()) == literal.npos;
}

bool holds_dot(std::string_view value) {
  const auto full_stops = {".", "\u3002", "\uff0e", "\uff61"};
  return std::any_of(full_stops.begin(), full_stops.end(),
                     [&](const char* stop) { return value.find(stop) != value.npos; });
}

// Most paths have none in any spelling, and need no closer look.
bool may_hold_dots(std::string_view url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == url.npos ? host : url.find('/', host + 3);
  return path != url.npos && url.find_first_of(".%\\", path) != url.npos;
}

// Of a column that is said by its number; nothing if it is no number, or past the last.
std::optional<std::size_t> place_of_column(const std::string& column, const FieldScheme& scheme) {
  const bool named = scheme.kind == FieldScheme::Kind::named;
  if (scheme.kind != FieldScheme::Kind::numbered && !named) return std::nullopt;
  const auto number = parse_count(column, SIZE_MAX / 2);
  if (!number || *number == 0 || (named && *number > scheme.names.size())) return std::nullopt;
  return *number;
}

bool is_bad_byte(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Expected<void> check_template(std::string_view text, const Template& parsed) {
  const auto refuse = [](std::string why) { return fail("--url-template: " + std::move(why)); };
  const auto* begin = std::get_if<std::string>(&parsed.pieces()[0]);
  if (begin && !scheme_of(*begin)) return refuse(without_scheme(text));
  for (const Piece& piece : parsed.pieces()) {
    const auto* literal = std::get_if<std::string>(&piece);
    const auto bad = literal ? std::find_if(literal->begin(), literal->end(), is_bad_byte)
                             : std::string::const_iterator();
    if (literal && bad != literal->end()) {
      return refuse(bad_byte(text, text.find(*bad)));
    }
  }
  return {};
}

}  // namespace

Expected<ComposedUrl> checked_url(std::string_view text) {
  text = without_blanks_around(text);
  if (text.empty()) return fail("the URL is empty");
  auto normal = normal_url(text);
  if (normal) return ComposedUrl{*std::move(normal), {}};
  const UrlFault& fault = normal.error();
  switch (fault.what) {
    case UrlFault::What::scheme:
      return fail(without_scheme(text));
    case UrlFault::What::byte:
      return fail(bad_byte(text, fault.at));
    case UrlFault::What::host:
      break;
  }
  return ComposedUrl{std::string(text), no_host(text, fault.why)};
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
    url.has_path_values_ |= place == Place::path && std::holds_alternative<Replacement>(piece);
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

// The template has nothing more of the host behind that piece.
bool UrlTemplate::ends_host(std::size_t piece) const {
  const auto& pieces = template_.pieces();
  while (++piece < pieces.size()) {
    const auto* literal = std::get_if<std::string>(&pieces[piece]);
    if (literal != nullptr) return std::string_view("/?#:").find(literal->front()) != literal->npos;
  }
  return true;
}

Expected<std::string> UrlTemplate::text_of(const JobView& job) const {
  std::string url;
  std::size_t end_of_literal = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Piece& piece = template_.pieces()[i];
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      url += *literal;
      end_of_literal = url.size();
      continue;
    }
    auto value = value_of(std::get<Replacement>(piece), job);
    if (!value) return value;
    switch (places_[i]) {
      case Place::as_it_is:
        url += without_blanks_around(*value);
        break;
      case Place::host:
        if (end_of_literal == url.size() && ends_in_label(url) && ends_host(i) &&
            holds_dot(*value)) {
          return fail(
              fmt::format("the value '{}' behind '{}' would name another host; put a / or "
                          "a dot between them, or the whole host into the value",
                          printable(*value), shown(url)));
        }
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
  return url;
}

// A value, or several, or one with the text beside it, may make `..` of a part of the path, and so
// lead out of the place that the template has for it.
Expected<void> UrlTemplate::check_values(const JobView& job) const {
  std::string part;  // of the path, up to here
  bool of_values = false;
  const auto ends_well = [&] { return !std::exchange(of_values, false) || !leads_elsewhere(part); };
  const auto refuse = [&] {
    return fail(fmt::format(
        "--url-template: a value makes '{}' of a part of the path, which leads elsewhere",
        printable(part)));
  };
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto* literal = std::get_if<std::string>(&template_.pieces()[i]);
    if (!literal && places_[i] == Place::query) break;
    auto text = literal ? *literal : value_of(std::get<Replacement>(template_.pieces()[i]), job);
    if (!text) return tl::unexpected(text.error());
    const bool is_value = !literal && places_[i] == Place::path;
    of_values |= is_value;
    for (const char c : *text) {
      const bool ends_path = !is_value && (c == '?' || c == '#');
      if (c != '/' && !ends_path) {
        part += c;
        continue;
      }
      if (!ends_well()) return refuse();
      if (ends_path) return {};
      part.clear();
      of_values = is_value;
    }
  }
  if (!ends_well()) return refuse();
  return {};
}

Expected<ComposedUrl> UrlTemplate::of(const JobView& job) const {
  auto url = text_of(job);
  if (!url) return tl::unexpected(url.error());
  if (has_path_values_ && may_hold_dots(*url)) {
    if (const auto good = check_values(job); !good) return tl::unexpected(good.error());
  }
  if (begins_as_last(*url)) return ComposedUrl{*std::move(url), {}};
  auto checked = checked_url(*url);
  if (checked && checked->no_host.empty()) remember_begin(checked->url);
  return checked;
}

bool UrlTemplate::begins_as_last(std::string_view url) const {
  return !begin_.empty() && url.starts_with(begin_) &&
         is_plainly_normal(url.substr(begin_.size() - 1));
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

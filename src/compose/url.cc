#include "compose/url.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/url_text.h"
#include "compose/authority.h"

namespace distaff {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_of_scheme(char c) {
  return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ascii_lower(c);
  return lower;
}

// A blank is no such byte: what it stands for is plain.
std::optional<std::size_t> bad_byte(std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (found == text.end()) return std::nullopt;
  return static_cast<std::size_t>(found - text.begin());
}

// Characters that need no percent sign lose it, those that no URL holds get one.
//
// Behind a percent sign that encodes nothing, digits keep theirs: `%%34%31` is not `%41`.
void append_normal(std::string_view text, std::string& url) {
  std::size_t lone = url.npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const int octet = percent_octet(text.substr(i));
    if (octet < 0) {
      if (c == '%') lone = url.size();
      const bool is_plain = c > ' ' && c < 0x7f;
      is_plain ? url += c : (append_percent(c, url), url);
      continue;
    }
    const char meant = static_cast<char>(octet);
    const bool would_be_digit =
        lone != url.npos && url.size() <= lone + 2 && hex_digit_value(meant) >= 0;
    if (is_unreserved(meant) && !would_be_digit) {
      url += meant;
    } else {
      append_percent(meant, url);
    }
    i += 2;
  }
}

// RFC 3986 5.2.4, of a path that begins with a slash.
std::string without_dot_segments(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    const bool is_last = end == path.size();
    if (segment == "..") result.resize(result.empty() ? 0 : result.rfind('/'));
    if (segment == "." || segment == "..") {
      if (is_last) result += '/';
    } else {
      result += path.substr(0, end);
    }
    path.remove_prefix(end);
  }
  return result;
}

void append_path(std::string_view path, std::string& url) {
  std::string normal;
  append_normal(path, normal);
  if (normal.find("/.") != normal.npos) normal = without_dot_segments(normal);
  url += normal.empty() ? "/" : normal;
}

struct Parts {
  std::string_view scheme;  // empty: none
  std::optional<std::string_view> authority;
  std::string_view path;
  std::string_view rest;  // query and fragment, with their signs
};

std::optional<std::string_view> scheme_with_colon(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_of_scheme);
  const auto size = static_cast<std::size_t>(end - text.begin());
  if (size == 0 || !is_letter(text[0]) || !text.substr(size).starts_with(':')) return {};
  return text.substr(0, size);
}

Parts parts_of(std::string_view text) {
  Parts parts;
  if (const auto scheme = scheme_with_colon(text)) {
    parts.scheme = *scheme;
    text.remove_prefix(scheme->size() + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    // Browsers and curl forgive one more.
    if (text.starts_with('/') && !parts.scheme.empty()) text.remove_prefix(1);
    parts.authority = text.substr(0, text.find_first_of("/?#"));
    text.remove_prefix(parts.authority->size());
  }
  parts.path = text.substr(0, text.find_first_of("?#"));
  parts.rest = text.substr(parts.path.size());
  return parts;
}

UrlExpected<std::string> normal_of(const Parts& parts) {
  const auto refuse = [](std::string why) {
    return tl::unexpected(UrlFault{UrlFault::What::host, std::move(why), 0});
  };
  std::string url = lowered(parts.scheme);
  if (parts.authority->find(' ') != std::string_view::npos) return refuse("it holds a blank");
  auto read = Authority::read(*parts.authority);
  if (!read) return refuse(std::move(read.error().message));
  const bool has_port = !read->port.empty() && read->port != default_port(url);
  url += "://";
  if (read->user) {
    append_normal(*read->user, url);
    url += '@';
  }
  url += read->host;
  if (has_port) url += ":" + read->port;
  append_path(parts.path, url);
  append_normal(parts.rest, url);
  return url;
}

}  // namespace

std::string_view without_blanks_around(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::optional<std::string_view> scheme_of(std::string_view text) {
  const auto scheme = scheme_with_colon(text);
  if (!scheme || !text.substr(scheme->size()).starts_with("://")) return {};
  return scheme;
}

std::string_view default_port(std::string_view scheme) {
  if (scheme == "http") return "80";
  if (scheme == "https") return "443";
  if (scheme == "ftp") return "21";
  if (scheme == "ftps") return "990";
  return {};
}

UrlExpected<std::string> normal_url(std::string_view text) {
  text = without_blanks_around(text);
  if (const auto at = bad_byte(text)) {
    return tl::unexpected(UrlFault{UrlFault::What::byte, {}, *at});
  }
  const auto scheme = scheme_of(text);
  if (!scheme) return tl::unexpected(UrlFault{});
  if (lowered(*scheme) == "file") return std::string(text);
  return normal_of(parts_of(text));
}

UrlExpected<std::string> resolved_url(std::string_view base, std::string_view reference) {
  reference = without_blanks_around(reference);
  const Parts wanted = parts_of(reference);
  if (!wanted.scheme.empty()) return normal_url(reference);
  if (const auto at = bad_byte(reference)) {
    return tl::unexpected(UrlFault{UrlFault::What::byte, {}, *at});
  }
  Parts target = parts_of(base);
  target.rest = target.rest.substr(0, target.rest.find('#'));
  if (wanted.authority) {
    target.authority = wanted.authority;
    target.path = wanted.path;
    target.rest = wanted.rest;
    return normal_of(target);
  }
  std::string merged;
  if (wanted.path.starts_with('/')) {
    target.path = wanted.path;
  } else if (!wanted.path.empty()) {
    merged = target.path.substr(0, target.path.rfind('/') + 1);
    if (merged.empty()) merged = "/";
    target.path = merged += wanted.path;
  }
  std::string rest;
  if (!wanted.path.empty() || wanted.rest.starts_with('?')) {
    target.rest = wanted.rest;
  } else {
    target.rest = rest.append(target.rest).append(wanted.rest);
  }
  return normal_of(target);
}

bool is_plainly_normal(std::string_view path_and_rest) {
  if (!path_and_rest.starts_with('/')) return false;
  const bool is_plain = std::all_of(path_and_rest.begin(), path_and_rest.end(),
                                    [](char c) { return c > ' ' && c < 0x7f && c != '%'; });
  return is_plain && path_and_rest.find("/.") == path_and_rest.npos;
}

}  // namespace distaff

#include "cli/fetch_values.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/secrets.h"
#include "base/text.h"
#include "cli/values.h"

namespace distaff {
namespace {

constexpr int kLastStatus = 999;
constexpr std::string_view kProtocols[] = {"http", "https", "ftp", "ftps"};
constexpr std::string_view kProxySchemes[] = {"http",    "https",  "socks4",
                                              "socks4a", "socks5", "socks5h"};

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// "404" "200-299" "5xx".  Some servers answer 999: any three digits may come.
std::optional<std::pair<int, int>> parse_http_range(std::string_view text) {
  if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '9') {
    const int first = (text[0] - '0') * 100;
    return std::pair(first, first + 99);
  }
  const std::size_t dash = text.find('-');
  const auto first = parse_int(text.substr(0, dash), 100, kLastStatus);
  const auto last = dash == text.npos ? first : parse_int(text.substr(dash + 1), 100, kLastStatus);
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

// Of a method or of a header's name (RFC 9110).
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
  });
}

// A header line that goes on in the next would be two.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

// Of a header line without a colon: "Authorization ***".
std::string hidden_behind_name(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos || !is_secret_header(line.substr(0, blank))) return mask_text(line);
  return std::string(line.substr(0, blank)) + " ***";
}

std::string upper_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

bool is_address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string address(text);
  unsigned char bytes[16];
  return inet_pton(AF_INET, address.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, address.c_str(), bytes) == 1;
}

}  // namespace

Expected<StatusSet> parse_http_statuses(std::string_view text) {
  StatusSet set;
  for (const std::string_view part : split_at(text, ',')) {
    const auto range = parse_http_range(part);
    if (!range) {
      return fail(fmt::format(
          "'{}' in '{}' is no HTTP status from 100 to 999, no range of them and no class; a list "
          "is such as 200-299,404,5xx",
          part, text));
    }
    set.ranges.push_back(*range);
  }
  return joined(std::move(set));
}

Expected<RetryOn> parse_http_retry_on(std::string_view text) {
  RetryOn on{.statuses = {}, .signal = false, .timeout = false};
  for (const std::string_view part : split_at(text, ',')) {
    if (part == "connect") {
      on.connect = true;
    } else if (part == "timeout") {
      on.timeout = true;
    } else if (const auto range = parse_http_range(part)) {
      on.statuses.ranges.push_back(*range);
    } else {
      return fail(
          fmt::format("'{}' in '{}' is none of connect, timeout, an HTTP status from 100 to 999, a "
                      "range or a class of them; a list is such as connect,timeout,429,5xx",
                      part, text));
    }
  }
  on.statuses = joined(std::move(on.statuses));
  return on;
}

Expected<std::string> parse_method(std::string_view text) {
  if (!is_token(text)) {
    return fail(fmt::format("'{}' is no method, such as GET, HEAD or POST", text));
  }
  if (const std::string upper = upper_case(text); upper != text) {
    return fail(fmt::format("'{}': methods are in capitals, write {}", text, upper));
  }
  return std::string(text);
}

Expected<std::string> parse_header(std::string_view text) {
  if (text.starts_with('@')) {
    return fail(
        fmt::format("'{}': headers of a file are not read; give each by -H, or all by \"header\" "
                    "in a --config file",
                    text));
  }
  if (!is_one_line(text)) {
    return fail(fmt::format("'{}' is more than one line", mask_text(text)));
  }
  const std::size_t colon = text.find(':');
  const bool bare = colon == text.npos && text.ends_with(';');
  const std::string_view name = bare ? text.substr(0, text.size() - 1) : text.substr(0, colon);
  if ((colon == text.npos && !bare) || (!is_token(name) && name.find('{') == name.npos)) {
    return fail(
        fmt::format("'{}' is no header, such as 'Accept: text/html'", hidden_behind_name(text)));
  }
  return std::string(text);
}

Expected<std::string> parse_data(std::string_view text) {
  if (text == "@") return fail("'@' names no file; write @FILE");
  if (text == "@-") {
    return fail("'@-': stdin is for records; name a file, or write a template such as {data}");
  }
  return std::string(text);
}

Expected<std::string> parse_header_text(std::string_view text) {
  if (text.empty()) return fail("'' is empty; leave the option out or give a value");
  // Of cookies the values are secret.
  if (!is_one_line(text)) {
    const std::size_t value = std::min(text.find('='), text.size());
    return fail(fmt::format("'{}{}' is more than one line", text.substr(0, value),
                            value < text.size() ? "=***" : ""));
  }
  return std::string(text);
}

Expected<std::string> parse_contact(std::string_view text) {
  if (!is_one_line(text) || (text.find('@') == text.npos && text.find("://") == text.npos)) {
    return fail(
        fmt::format("'{}' is no address that a server's owner could write to, such as "
                    "me@example.org or https://example.org/bot",
                    text));
  }
  return std::string(text);
}

Expected<std::vector<std::string>> parse_protocols(std::string_view text) {
  std::vector<std::string> protocols;
  for (const std::string_view part : split_at(text, ',')) {
    if (!contains(kProtocols, part)) {
      return fail(fmt::format("'{}' in '{}' is none of http, https, ftp, ftps", part, text));
    }
    protocols.emplace_back(part);
  }
  return protocols;
}

Expected<std::string> parse_proxy(std::string_view text) {
  const std::size_t end = text.find("://");
  std::string_view authority = end == text.npos ? text : text.substr(end + 3);
  authority = authority.substr(0, authority.find('/'));
  const auto wrong = [&](const std::string& why) {
    return fail(
        fmt::format("'{}' is no proxy, such as http://proxy:3128 or socks5h://127.0.0.1:1080{}",
                    mask_url(text), why));
  };
  if (authority.empty() || (end != text.npos && !contains(kProxySchemes, text.substr(0, end)))) {
    return wrong("");
  }
  const std::string_view host = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
  const std::size_t port = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  if (host.substr(0, port).empty()) return wrong(": it names no host");
  if (port != host.npos && !parse_int(host.substr(port + 1), 1, 65535)) {
    return wrong(": its port is no number from 1 to 65535");  // it may be a part of a password
  }
  return std::string(text);
}

Expected<std::string> parse_resolve(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return fail(
        fmt::format("'{}': {}; it is HOST:PORT:ADDR, as example.org:443:127.0.0.1", text, what));
  };
  const std::size_t first = text.find(':');
  const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (first == 0 || second == text.npos) return wrong("there is no host, port and address");
  const std::string_view port = text.substr(first + 1, second - first - 1);
  if (!parse_int(port, 1, 65535)) return wrong(fmt::format("'{}' is no port", port));
  for (const std::string_view address : split_at(text.substr(second + 1), ',')) {
    if (!is_address(address)) return wrong(fmt::format("'{}' is no IP address", address));
  }
  return std::string(text);
}

}  // namespace distaff

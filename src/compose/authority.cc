#include "compose/authority.h"

#include <arpa/inet.h>
#include <libpsl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "base/url_text.h"
#include "compose/host_name.h"

// Linking libcurl would cost every start 5 ms, so the few rules of its URL reader that decide what
// the host is are repeated here; the tests compare them with curl_url on random URLs.

namespace distaff {
namespace {

constexpr std::size_t kLongestScheme = 40;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What stands between the slashes and the path; nothing if this is no URL.
std::optional<std::string_view> authority(std::string_view url) {
  std::size_t end = 0;
  while (end < url.size() &&
         (is_letter(url[end]) || (end > 0 && (is_digit(url[end]) || url[end] == '+' ||
                                              url[end] == '-' || url[end] == '.')))) {
    ++end;
  }
  if (end == 0 || end > kLongestScheme || !url.substr(end).starts_with("://")) return {};
  const std::string_view scheme = url.substr(0, end);
  if (scheme.size() == 4 && ascii_lower(scheme[0]) == 'f' && ascii_lower(scheme[1]) == 'i' &&
      ascii_lower(scheme[2]) == 'l' && ascii_lower(scheme[3]) == 'e') {
    return {};  // file: has a path only
  }
  url.remove_prefix(end + 3);
  if (url.starts_with('/')) url.remove_prefix(1);  // curl forgives one more
  url = url.substr(0, url.find_first_of("/?#"));
  const bool junk = std::any_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (junk) return {};
  return url;
}

// ":80" or ":"; nothing else may follow a host.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != ':') return false;
  unsigned port = 0;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 0xffff) return false;
  }
  return true;
}

// "[::1]" of a text that begins with a bracket; `port` is what stands behind it.
std::optional<std::string> address_6(std::string_view text, std::string_view& port) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return {};
  port = text.substr(close + 1);
  text = text.substr(1, close - 1);
  std::string zone;
  if (const std::size_t percent = text.find('%'); percent != std::string_view::npos) {
    std::string_view name = text.substr(percent + 1);
    if (name.starts_with("25") && name.size() > 2) name.remove_prefix(2);
    if (name.empty() || name.size() > 15) return {};
    zone.append("%25").append(name);
    text = text.substr(0, percent);
  }
  in6_addr address;
  std::array<char, INET6_ADDRSTRLEN> shown;
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return {};
  return "[" + std::string(inet_ntop(AF_INET6, &address, shown.data(), shown.size())) + zone + "]";
}

// One number of an address at the start of `text`, decimal, octal or hexadecimal as in C.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text[0])) return {};
  unsigned base = 10;
  if (text[0] == '0' && text.size() > 1) {
    const bool hex =
        ascii_lower(text[1]) == 'x' && text.size() > 2 && hex_digit_value(text[2]) >= 0;
    base = hex ? 16 : 8;
    if (hex) text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  while (!text.empty()) {
    const int digit = hex_digit_value(text[0]);
    if (digit < 0 || digit >= static_cast<int>(base)) break;
    value = value * base + static_cast<unsigned>(digit);
    if (value > UINT32_MAX) return {};
    text.remove_prefix(1);
  }
  return value;
}

// 127.0.0.1 for 127.1, 0x7f000001 and the like; nothing if it is a name.
std::optional<std::string> address_4(std::string_view text) {
  std::array<std::uint64_t, 4> parts{};
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    if (count == parts.size()) return {};
    const auto part = take_number(text);
    if (!part) return {};
    parts[count] = *part;
    more = !text.empty();
    if (more && text[0] != '.') return {};
    if (more) text.remove_prefix(1);
  }
  // The last number fills all the bytes that the others left.
  const std::size_t given = count - 1;
  if (parts[given] >> (8 * (4 - given)) != 0) return {};
  std::uint64_t address = parts[given];
  for (std::size_t i = 0; i < given; ++i) {
    if (parts[i] > 255) return {};
    address |= parts[i] << (24 - 8 * i);
  }
  std::string shown;
  for (int shift = 24; shift >= 0; shift -= 8) {
    shown += std::to_string((address >> shift) & 255) + (shift > 0 ? "." : "");
  }
  return shown;
}

// %41 is A; nothing if a control character hides in it.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (const int octet = percent_octet(text.substr(i)); octet >= 0) {
      c = static_cast<char>(octet);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return {};
    plain += c;
  }
  return plain;
}

// Nearly all names are: nothing in them is to be brought into form.
bool is_plain_name(std::string_view name) {
  const std::size_t last = name.rfind('.') + 1;  // 0 if there is none
  return last < name.size() && name[last] >= 'a' && name[last] <= 'z' &&
         name.find("xn--") == name.npos && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-';
         });
}

// A name, or an address that does not look like one at first.  The error is empty if there is
// nothing to say.
Expected<std::string> name_or_address(std::string_view written) {
  constexpr std::size_t kNotTooLong = 253;  // else ascii_host_name() says so
  if (written.size() <= kNotTooLong && is_plain_name(written)) return std::string(written);
  if (auto address = address_4(written)) return *std::move(address);
  const auto plain = decoded(written);
  if (!plain) return fail("");
  auto name = ascii_host_name(*plain);
  if (!name) return name;
  // A percent sign would be read as another character the next time.
  if (name->empty() || *name == "." ||
      name->find_first_of(" /:#?!@{}[]\\$'\"^`*<>=;,+&()%") != std::string::npos) {
    return fail("");
  }
  if (auto address = address_4(*name)) return *std::move(address);
  return name;
}

bool is_address(const std::string& host) {
  in6_addr buffer;
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

}  // namespace

Expected<Authority> Authority::read(std::string_view text) {
  Authority result;
  const std::size_t user = text.find('@');
  if (user != std::string_view::npos) {
    result.user = text.substr(0, user);
    text.remove_prefix(user + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    auto address = address_6(text, port);
    if (!address) return fail("");
    result.host = *std::move(address);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    port = text.substr(colon);
    auto name = name_or_address(text.substr(0, colon));
    if (!name) return tl::unexpected(name.error());
    result.host = *std::move(name);
  }
  if (!is_port(port)) return fail("");
  if (port.size() > 1) {
    port.remove_prefix(1);
    result.port = port.substr(std::min(port.find_first_not_of('0'), port.size() - 1));
  }
  return result;
}

std::optional<std::string> host_of(std::string_view url) {
  const auto text = authority(url);
  if (!text) return {};
  auto read = Authority::read(*text);
  if (!read) return {};
  std::string host = std::move(read->host);
  if (host.starts_with('[')) return host.substr(1, host.find_first_of("%]") - 1);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

std::string domain_of(std::string_view host) {
  std::string name(host);
  if (is_address(name)) return name;
  const char* domain = psl_registrable_domain(psl_builtin(), name.c_str());
  return domain ? domain : name;
}

}  // namespace distaff

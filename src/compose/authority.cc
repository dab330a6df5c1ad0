#include "compose/authority.h"

#include <arpa/inet.h>
#include <libpsl.h>

#include <algorithm>
#include <array>
#include <cstdint>

// Linking libcurl would cost every start 5 ms, so the few rules of its URL reader that decide what
// the host is are repeated here; the tests compare them with curl_url on random URLs.

namespace distaff {
namespace {

constexpr std::size_t kLongestScheme = 40;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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
  if (scheme.size() == 4 && lower(scheme[0]) == 'f' && lower(scheme[1]) == 'i' &&
      lower(scheme[2]) == 'l' && lower(scheme[3]) == 'e') {
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

std::optional<std::string> address_6(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos || !is_port(text.substr(close + 1))) return {};
  text = text.substr(1, close - 1);
  const std::size_t zone = text.find('%');
  if (zone != std::string_view::npos) {
    std::string_view name = text.substr(zone + 1);
    if (name.starts_with("25") && name.size() > 2) name.remove_prefix(2);
    if (name.empty() || name.size() > 15) return {};
    text = text.substr(0, zone);
  }
  in6_addr address;
  std::array<char, INET6_ADDRSTRLEN> shown;
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return {};
  return inet_ntop(AF_INET6, &address, shown.data(), shown.size());
}

// One number of an address at the start of `text`, decimal, octal or hexadecimal as in C.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text[0])) return {};
  unsigned base = 10;
  if (text[0] == '0' && text.size() > 1) {
    const bool hex = lower(text[1]) == 'x' && text.size() > 2 && hex_value(text[2]) >= 0;
    base = hex ? 16 : 8;
    if (hex) text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  while (!text.empty()) {
    const int digit = hex_value(text[0]);
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

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

// %41 is A; nothing if a control character hides in it.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      c = static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    }
    if (is_control(c)) return {};
    plain += c;
  }
  return plain;
}

bool is_address(const std::string& host) {
  in6_addr buffer;
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

}  // namespace

std::optional<std::string> host_of(std::string_view url) {
  auto found = authority(url);
  if (!found) return {};
  std::string_view text = *found;
  const std::size_t user = text.find('@');
  if (user != std::string_view::npos) text.remove_prefix(user + 1);
  if (text.starts_with('[')) return address_6(text);

  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon))) return {};
  if (auto address = address_4(text.substr(0, colon))) return address;
  auto host = decoded(text.substr(0, colon));
  if (!host || host->find_first_of(" /:#?!@{}[]\\$'\"^`*<>=;,+&()") != std::string::npos) {
    return {};
  }
  for (char& c : *host) c = lower(c);
  if (host->ends_with('.')) host->pop_back();
  if (host->empty()) return {};
  return host;
}

std::string domain_of(std::string_view host) {
  std::string name(host);
  if (is_address(name)) return name;
  const char* domain = psl_registrable_domain(psl_builtin(), name.c_str());
  return domain ? domain : name;
}

}  // namespace distaff

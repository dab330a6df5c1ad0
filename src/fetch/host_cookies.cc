#include "fetch/host_cookies.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::size_t kLargestCookie = 4096;  // name and value, as everybody has it
constexpr std::size_t kLongestLine = 8192;    // servers take no more
constexpr std::size_t kPerHost = 200;         // nodes of the list and the table
constexpr std::size_t kPerCookie = 120;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before the next `;`.
std::string_view next_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// "a", "b" of " a = b ".
std::pair<std::string_view, std::string_view> split(std::string_view part) {
  const std::size_t equal = part.find('=');
  if (equal == part.npos) return {part, {}};
  return {trimmed(part.substr(0, equal)), trimmed(part.substr(equal + 1))};
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::string_view without_query(std::string_view path) { return path.substr(0, path.find('?')); }

// Of a cookie that says none: the directory of what was asked for.
std::string_view default_path(std::string_view path) {
  path = without_query(path);
  const std::size_t slash = path.rfind('/');
  return slash == path.npos || slash == 0 ? "/" : path.substr(0, slash);
}

bool covers(std::string_view cookie, std::string_view path) {
  if (!path.starts_with(cookie)) return false;
  return path.size() == cookie.size() || cookie.ends_with('/') || path[cookie.size()] == '/';
}

// What goes over loopback is heard by nobody.
bool is_secure(const HostCookies::Place& place) {
  return place.secure || place.host == "localhost" || place.host == "127.0.0.1" ||
         place.host == "[::1]";
}

}  // namespace

struct HostCookies::Attributes {
  std::string_view path;
  std::optional<std::time_t> max_age, expires;  // until when
  bool secure = false;
  bool domain = false;
};

// ---- reading

// False: it is not for the host.
bool HostCookies::read(std::string_view text, std::string_view host, std::time_t now,
                       Attributes& attributes) {
  const auto [name, value] = split(text);
  if (same_word(name, "secure")) {
    attributes.secure = true;
  } else if (same_word(name, "path")) {
    attributes.path = value;
  } else if (same_word(name, "expires")) {
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date != -1) attributes.expires = date;
  } else if (same_word(name, "max-age")) {
    std::int64_t seconds = 0;
    const auto end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, seconds);
    if (read.ptr != end || value.empty()) return true;
    const bool forever = read.ec != std::errc() && value[0] != '-';
    constexpr std::int64_t kMost = INT64_C(1) << 40;
    attributes.max_age = forever ? now + kMost : now + std::clamp<std::int64_t>(seconds, 0, kMost);
  } else if (same_word(name, "domain") && !value.empty()) {
    std::string domain(value.substr(value.starts_with('.') ? 1 : 0));
    for (char& c : domain) c = ascii_lower(c);
    attributes.domain = true;
    return host == domain ||
           (host.ends_with(domain) && host.substr(0, host.size() - domain.size()).ends_with('.'));
  }
  return true;
}

std::optional<HostCookies::Cookie> HostCookies::read(const Place& from, std::string_view line,
                                                     std::time_t now) {
  const std::string_view pair = next_part(line);
  const auto [name, value] = split(pair);
  if (name.empty() || pair.find('=') == pair.npos || name.size() + value.size() > kLargestCookie ||
      has_controls(pair)) {
    return {};
  }
  Attributes attributes;
  while (!line.empty()) {
    if (!read(next_part(line), from.host, now, attributes)) return {};
  }
  Cookie cookie{std::string(name), std::string(value), {}, {}, attributes.secure};
  const bool has_path =
      attributes.path.starts_with('/') && attributes.path.size() <= kLargestCookie;
  cookie.path = has_path ? attributes.path : default_path(from.path);
  if (cookie.path.size() > kLargestCookie) return {};
  cookie.until = attributes.max_age ? attributes.max_age : attributes.expires;
  if (cookie.secure && !is_secure(from)) return {};
  const bool of_host = cookie.name.starts_with("__Host-");
  if ((of_host || cookie.name.starts_with("__Secure-")) && !cookie.secure) return {};
  if (of_host && (attributes.domain || cookie.path != "/")) return {};
  return cookie;
}

// ---- keeping

void HostCookies::take(const Place& from, std::string_view line, std::time_t now) {
  auto cookie = read(from, line, now);
  if (!cookie) return;
  const bool ends = cookie->until && *cookie->until <= now;
  if (ends && !by_name_.contains(from.host)) return;
  const Known known = host(from.host);
  put(*known, *std::move(cookie), now);
  if (known->cookies.empty()) forget(known);
  while (hosts_.size() > 1 && bytes_ > options_.bytes) forget(std::prev(hosts_.end()));
}

HostCookies::Known HostCookies::host(std::string_view name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    hosts_.splice(hosts_.begin(), hosts_, found->second);
    return found->second;
  }
  hosts_.push_front({std::string(name), {}, 0});
  hosts_.front().bytes = kPerHost + name.size();
  bytes_ += hosts_.front().bytes;
  by_name_.emplace(hosts_.front().name, hosts_.begin());
  return hosts_.begin();
}

void HostCookies::put(Host& host, Cookie cookie, std::time_t now) {
  const auto bytes_of = [](const Cookie& one) {
    return kPerCookie + one.name.size() + one.value.size() + one.path.size();
  };
  const auto count = [&](std::size_t more, std::size_t less) {
    host.bytes += more - less;
    bytes_ += more - less;
  };
  auto& all = host.cookies;
  const auto same = std::find_if(all.begin(), all.end(), [&](const Cookie& one) {
    return one.name == cookie.name && one.path == cookie.path;
  });
  const bool ends = cookie.until && *cookie.until <= now;
  if (same != all.end()) {
    count(ends ? 0 : bytes_of(cookie), bytes_of(*same));
    if (ends) {
      all.erase(same);
    } else {
      *same = std::move(cookie);
    }
  } else if (!ends) {
    count(bytes_of(cookie), 0);
    all.push_back(std::move(cookie));
  }
  if (all.size() <= options_.of_host) return;
  count(0, bytes_of(all.front()));
  all.erase(all.begin());
}

void HostCookies::forget(Known host) {
  bytes_ -= host->bytes;
  by_name_.erase(host->name);
  hosts_.erase(host);
}

// ---- giving

std::string HostCookies::line_for(const Place& to, std::time_t now) {
  if (hosts_.empty() || !by_name_.contains(to.host)) return {};
  const std::string_view path = without_query(to.path);
  std::vector<const Cookie*> fitting;
  for (const Cookie& cookie : host(to.host)->cookies) {
    const bool over = cookie.until && *cookie.until <= now;
    if (!over && covers(cookie.path, path) && (!cookie.secure || is_secure(to))) {
      fitting.push_back(&cookie);
    }
  }
  std::stable_sort(fitting.begin(), fitting.end(), [](const Cookie* a, const Cookie* b) {
    return a->path.size() > b->path.size();
  });
  std::string line;
  for (const Cookie* const cookie : fitting) {
    if (line.size() + cookie->name.size() + cookie->value.size() > kLongestLine) continue;
    line.append(line.empty() ? "" : "; ").append(cookie->name).append("=").append(cookie->value);
  }
  return line;
}

std::string joined_cookies(std::string_view said, std::string_view set) {
  if (set.empty()) return std::string(said);
  std::string line;
  while (!said.empty()) {
    const std::string_view part = next_part(said);
    bool is_set = false;
    for (std::string_view rest = set; !rest.empty() && !is_set;) {
      is_set = split(next_part(rest)).first == split(part).first;
    }
    if (!part.empty() && !is_set) line.append(part).append("; ");
  }
  return line.append(set);
}

}  // namespace distaff

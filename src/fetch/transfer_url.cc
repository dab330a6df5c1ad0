#include "fetch/transfer_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "base/secrets.h"
#include "base/text.h"

namespace distaff {
namespace {

struct Cleanup {
  void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
  void operator()(char* text) const { curl_free(text); }
};

std::string part(CURLU* handle, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, what, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, Cleanup> owned(text);
  return text;
}

std::string wrong(CURLUcode code, const std::string& url) {
  if (url.find("://") == std::string::npos) return "is no URL: it has no scheme, such as https://";
  std::string_view why = curl_url_strerror(code);
  return fmt::format("is no URL: {}{}", static_cast<char>(why[0] | 0x20), why.substr(1));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// A name whose last part cannot be read as a number, or an address as everybody writes it.
bool is_plain_host(const std::string& host) {
  const bool allowed = std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || is_letter(c) || c == '.' || c == '-';
  });
  if (host.empty() || !allowed) return false;
  const std::size_t last = host.rfind('.') + 1;  // 0 if there is none
  if (last == host.size()) return false;
  in_addr address{};
  return is_letter(host[last]) || inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// Most URLs are of the plainest kind, where there is nothing to be brought into form, and are read
// without libcurl's help, which takes as long as all else until they are sent.
std::optional<TransferUrl> read_plain(const std::string& url) {
  TransferUrl result;
  std::size_t at = 0;
  std::string port;
  if (url.starts_with("http://")) {
    at = 7;
    port = "80";
  } else if (url.starts_with("https://")) {
    at = 8;
    port = "443";
  } else {
    return std::nullopt;
  }
  const std::size_t slash = url.find('/', at);
  if (slash == url.npos || url.find("/.", slash) != url.npos) return std::nullopt;
  const bool plain =
      std::all_of(url.begin() + static_cast<std::ptrdiff_t>(slash), url.end(),
                  [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '\\'; });
  if (!plain) return std::nullopt;
  const std::size_t colon = std::min(url.find(':', at), slash);
  if (colon < slash) {
    port = url.substr(colon + 1, slash - colon - 1);
    const bool number = !port.empty() && port.size() <= 5 && port[0] != '0' &&
                        std::all_of(port.begin(), port.end(), is_digit);
    if (!number || (port.size() == 5 && port > "65535")) return std::nullopt;
  }
  result.host = url.substr(at, colon - at);
  if (!is_plain_host(result.host)) return std::nullopt;
  result.origin = url.substr(0, colon) + ":" + port;
  result.path_at = slash;
  result.path_and_query = url.substr(slash);
  if (result.path_and_query.ends_with('?')) return std::nullopt;
  result.is_http = true;
  return result;
}

}  // namespace

Expected<TransferUrl> TransferUrl::read(const std::string& url,
                                        const std::vector<std::string>& protocols) {
  if (auto plain = read_plain(url)) {
    const std::string_view scheme = std::string_view(url).substr(0, url.find(':'));
    if (std::find(protocols.begin(), protocols.end(), scheme) != protocols.end())
      return *std::move(plain);
  }
  const std::unique_ptr<CURLU, Cleanup> handle(curl_url());
  const CURLUcode code =
      curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return fail(wrong(code, url));
  const std::string scheme = part(handle.get(), CURLUPART_SCHEME);
  if (std::find(protocols.begin(), protocols.end(), scheme) == protocols.end()) {
    return fail(fmt::format("has the scheme {}, and only {} may be asked (--protocols)", scheme,
                            fmt::join(protocols, ", ")));
  }
  TransferUrl result;
  result.is_http = scheme == "http" || scheme == "https";
  result.host = part(handle.get(), CURLUPART_HOST);
  if (result.is_http && result.host.empty()) return fail("is no URL: it names no host");
  std::string lower = result.host;
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  result.origin =
      scheme + "://" + lower + ":" + part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  result.path_and_query = part(handle.get(), CURLUPART_PATH);
  const std::string query = part(handle.get(), CURLUPART_QUERY);
  if (!query.empty()) result.path_and_query += "?" + query;
  return result;
}

std::string resolved_url(const std::string& base, const std::string& location) {
  // libcurl would leave out the last part of the path.
  if (location.starts_with('#')) return base.substr(0, base.find('#')) + location;
  const std::unique_ptr<CURLU, Cleanup> handle(curl_url());
  const auto take = [&](const std::string& url) {
    return curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  };
  if (take(base) != CURLUE_OK || take(location) != CURLUE_OK) return location;
  return part(handle.get(), CURLUPART_URL);
}

std::string shown_url(const std::string& url) { return printable(mask_url(url)); }

}  // namespace distaff

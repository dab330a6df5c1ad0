#include "fetch/transfer_url.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
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

}  // namespace

Expected<TransferUrl> TransferUrl::read(const std::string& url,
                                        const std::vector<std::string>& protocols) {
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

std::string shown_url(const std::string& url) { return printable(mask_url(url)); }

}  // namespace distaff

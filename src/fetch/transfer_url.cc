#include "fetch/transfer_url.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/secrets.h"
#include "base/text.h"
#include "compose/url.h"

namespace distaff {
namespace {

std::string wrong(const UrlFault& fault, const std::string& url) {
  switch (fault.what) {
    case UrlFault::What::scheme:
      return "is no URL: it has no scheme, such as https://";
    case UrlFault::What::byte:
      return fmt::format("is no URL: it holds the byte 0x{:02X}",
                         static_cast<unsigned char>(without_blanks_around(url)[fault.at]));
    case UrlFault::What::host:
      break;
  }
  return "names no host that could be asked" + (fault.why.empty() ? "" : ": " + fault.why);
}

// "http://host:81" of "http://joe:pw@host:81/x", and where "joe:pw@" is in it.
struct Server {
  std::string name;
  std::size_t user_at = 0, user_size = 0;
};

Server server_of(std::string_view url) {
  Server server;
  server.user_at = url.find("://") + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", server.user_at), url.size());
  const std::string_view authority = url.substr(server.user_at, end - server.user_at);
  server.user_size = authority.rfind('@') + 1;  // npos + 1 is 0
  server.name = url.substr(0, server.user_at);
  server.name += authority.substr(server.user_size);
  return server;
}

// A redirect on the same server goes on with its name and password, as in curl.
std::string with_user_of(std::string_view base, std::string url) {
  const Server from = server_of(base);
  if (from.user_size == 0) return url;
  const Server to = server_of(url);
  if (to.user_size == 0 && to.name == from.name) {
    url.insert(to.user_at, base.substr(from.user_at, from.user_size));
  }
  return url;
}

}  // namespace

Expected<TransferUrl> TransferUrl::read(const std::string& url,
                                        const std::vector<std::string>& protocols) {
  const auto found = scheme_of(url);
  if (!found) return fail(wrong({}, url));
  const std::string scheme(*found);
  if (std::find(protocols.begin(), protocols.end(), scheme) == protocols.end()) {
    return fail(fmt::format("has the scheme {}, and only {} may be asked (--protocols)",
                            printable(scheme), fmt::join(protocols, ", ")));
  }
  TransferUrl result;
  result.is_http = scheme == "http" || scheme == "https";
  const std::size_t begin = scheme.size() + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", begin), url.size());
  std::string_view authority = std::string_view(url).substr(begin, path - begin);
  const std::size_t user = authority.find('@');
  if (user != authority.npos) authority.remove_prefix(user + 1);
  const std::size_t address = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = std::min(authority.find(':', address), authority.size());
  result.host = authority.substr(0, colon);
  std::string_view port = authority.substr(colon);
  if (!port.empty()) port.remove_prefix(1);
  if (port.empty()) port = default_port(scheme);
  result.origin = fmt::format("{}://{}:{}", scheme, result.host, port);
  const std::size_t fragment = std::min(url.find('#', path), url.size());
  result.path_and_query = url.substr(path, fragment - path);
  if (result.is_http && user == authority.npos && fragment == url.size()) result.path_at = path;
  return result;
}

Expected<std::string> redirect_url(const std::string& base, const std::string& location) {
  auto url = resolved_url(base, location);
  if (url) return with_user_of(base, *std::move(url));
  return fail(
      fmt::format("redirect to '{}', which {}", shown_url(location), wrong(url.error(), location)));
}

std::string shown_url(const std::string& url) { return printable(mask_url(url)); }

}  // namespace distaff

#include "fetch/said_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "compose/authority.h"

namespace distaff {
namespace {

// What is no name, as an address or `*`, is left to libcurl.
Expected<void> bring_into_form(std::string& text, std::size_t begin, std::size_t end) {
  const std::string_view host = std::string_view(text).substr(begin, end - begin);
  if (host.empty() || host == "*" || host.starts_with('[')) return {};
  auto read = Authority::read(host);
  if (!read) {
    const std::string& why = read.error().message;
    return fail(fmt::format("'{}' is no name of a host{}{}", printable(host),
                            why.empty() ? "" : ": ", why));
  }
  text.replace(begin, end - begin, read->host);
  return {};
}

// HOST:PORT:ADDRESS
Expected<void> bring_entry(std::string& entry) {
  const std::size_t begin = entry.starts_with('+') || entry.starts_with('-') ? 1 : 0;
  return bring_into_form(entry, begin, std::min(entry.find(':', begin), entry.size()));
}

// [SCHEME://][USER@]HOST[:PORT]
Expected<void> bring_proxy(std::string& proxy) {
  const std::size_t scheme = proxy.find("://");
  std::size_t begin = scheme == proxy.npos ? 0 : scheme + 3;
  const std::size_t end = std::min(proxy.find('/', begin), proxy.size());
  const std::size_t user = proxy.substr(0, end).rfind('@');
  if (user != proxy.npos && user >= begin) begin = user + 1;
  return bring_into_form(proxy, begin, std::min(proxy.find(':', begin), end));
}

}  // namespace

Expected<FetchSpec> with_hosts_in_form(FetchSpec spec) {
  for (std::string& entry : spec.resolve) {
    const std::string as_given = entry;
    if (const auto good = bring_entry(entry); !good) {
      return fail(fmt::format("--resolve '{}': {}", printable(as_given), good.error().message));
    }
  }
  if (const auto good = bring_proxy(spec.proxy); !good) {
    return fail("--proxy: " + good.error().message);
  }
  return spec;
}

}  // namespace distaff

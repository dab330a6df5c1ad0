#pragma once

// The host in a URL, as curl would read it, and the domain that was registered for it.

#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace distaff {

// What stands between the slashes and the path, in one form: names are in lower case and in ASCII
// (compose/host_name.h), with what was written by percent signs decoded first; numeric addresses
// are written as everybody does (0x7f.1 is 127.0.0.1).
struct Authority {
  std::optional<std::string> user;  // "joe:pw", as it was written
  std::string host;                 // an IPv6 address in brackets, with its zone
  std::string port;                 // without zeros in front; empty: none

  // The error says why no host could be asked of that name; it is empty if there is nothing to say
  // but that.
  static Expected<Authority> read(std::string_view text);
};

// The host of a URL, in that form, without port, user, brackets, zone and final dot.  Nothing if
// the text is no URL with an authority (SCHEME://…), or its host is empty or not one that curl
// would take.  What follows the authority does not matter: a URL may hold blanks there, or other
// columns after it.
std::optional<std::string> host_of(std::string_view url);

// The registrable domain of a host by libpsl's built-in list; an IP address is its own domain, and
// so is a host that is itself a public suffix or unknown.
std::string domain_of(std::string_view host);

}  // namespace distaff

#pragma once

// The host in a URL, as curl would read it, and the domain that was registered for it.

#include <optional>
#include <string>
#include <string_view>

namespace distaff {

// The host of a URL: lower case, without port, user, brackets and final dot.  Numeric addresses are
// brought into one form (0x7f.1 is 127.0.0.1).  Nothing if the text is no URL with an authority
// (SCHEME://…), or its host is empty or not one that curl would take.  What follows the authority
// does not matter: a URL may hold blanks there, or other columns after it.
std::optional<std::string> host_of(std::string_view url);

// The registrable domain of a host by libpsl's built-in list; an IP address is its own domain, and
// so is a host that is itself a public suffix or unknown.
std::string domain_of(std::string_view host);

}  // namespace distaff

#pragma once

// Which addresses belong to the public internet: --public-only lets only these be asked, whatever a
// name resolves to and wherever a redirect leads.

#include <sys/socket.h>

#include <string>

namespace distaff {

// False for addresses of this machine and of private networks, for those that a list of the IANA
// keeps for special purposes, and for IPv6 addresses that carry such an IPv4 address in them.
bool is_public(const sockaddr& address);

// "127.0.0.1", "::1"; empty if it is no IP address.
std::string to_text(const sockaddr& address);

// Of an IP address; else 0.
int port_of(const sockaddr& address);

}  // namespace distaff

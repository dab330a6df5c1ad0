#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace distaff {
namespace {

struct Block4 {
  std::uint32_t first;
  int bits;  // of the prefix
};

constexpr std::uint32_t ip4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr Block4 kSpecial4[] = {
    {ip4(0, 0, 0, 0), 8},        // "this network"
    {ip4(10, 0, 0, 0), 8},       // private
    {ip4(100, 64, 0, 0), 10},    // shared by the customers of a provider
    {ip4(127, 0, 0, 0), 8},      // loopback
    {ip4(169, 254, 0, 0), 16},   // link-local, and what clouds tell their machines
    {ip4(172, 16, 0, 0), 12},    // private
    {ip4(192, 0, 0, 0), 24},     // protocol assignments
    {ip4(192, 0, 2, 0), 24},     // documentation
    {ip4(192, 88, 99, 0), 24},   // 6to4 relays, given up
    {ip4(192, 168, 0, 0), 16},   // private
    {ip4(198, 18, 0, 0), 15},    // benchmarks
    {ip4(198, 51, 100, 0), 24},  // documentation
    {ip4(203, 0, 113, 0), 24},   // documentation
    {ip4(224, 0, 0, 0), 4},      // multicast
    {ip4(240, 0, 0, 0), 4},      // reserved, broadcast
};

using Bytes6 = std::array<std::uint8_t, 16>;

struct Block6 {
  Bytes6 first;
  int bits;
};

// All public ones are in 2000::/3; these are the exceptions there.
constexpr Block6 kSpecial6[] = {
    {{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff, 0x00}, 20},        // documentation
};
constexpr Block6 kGlobal6 = {{0x20}, 3};
// These carry an IPv4 address.
constexpr Block6 kMapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Block6 kTranslated = {{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Block6 k6To4 = {{0x20, 0x02}, 16};

bool is_in(std::uint32_t address, const Block4& block) {
  return (address ^ block.first) >> (32 - block.bits) == 0;
}

bool is_in(const Bytes6& address, const Block6& block) {
  const int whole = block.bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, block.first.begin())) return false;
  const int rest = block.bits % 8;
  return rest == 0 || (address[whole] ^ block.first[whole]) >> (8 - rest) == 0;
}

bool is_public(std::uint32_t address) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4),
                      [&](const Block4& block) { return is_in(address, block); });
}

std::uint32_t ip4_at(const Bytes6& address, std::size_t at) {
  return ip4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

bool is_public(const Bytes6& address) {
  if (is_in(address, kMapped) || is_in(address, kTranslated)) return is_public(ip4_at(address, 12));
  if (is_in(address, k6To4)) return is_public(ip4_at(address, 2));
  return is_in(address, kGlobal6) &&
         std::none_of(std::begin(kSpecial6), std::end(kSpecial6),
                      [&](const Block6& block) { return is_in(address, block); });
}

// Addresses come as a sockaddr that is a longer one in truth.
sockaddr_in as_ip4(const sockaddr& address) {
  sockaddr_in result;
  std::memcpy(&result, &address, sizeof result);
  return result;
}
sockaddr_in6 as_ip6(const sockaddr& address) {
  sockaddr_in6 result;
  std::memcpy(&result, &address, sizeof result);
  return result;
}

}  // namespace

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) return is_public(ntohl(as_ip4(address).sin_addr.s_addr));
  if (address.sa_family != AF_INET6) return false;
  const sockaddr_in6 ip = as_ip6(address);
  Bytes6 bytes;
  std::memcpy(bytes.data(), &ip.sin6_addr, bytes.size());
  return is_public(bytes);
}

std::string to_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const sockaddr_in ip = as_ip4(address);
    inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    const sockaddr_in6 ip = as_ip6(address);
    inet_ntop(AF_INET6, &ip.sin6_addr, text, sizeof text);
  }
  return text;
}

int port_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) return ntohs(as_ip4(address).sin_port);
  if (address.sa_family == AF_INET6) return ntohs(as_ip6(address).sin6_port);
  return 0;
}

}  // namespace distaff

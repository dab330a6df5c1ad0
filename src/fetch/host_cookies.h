#pragma once

// The cookies that servers set while a run lasts, in memory, as RFC 6265 says.
//
// Each goes back to the host that set it, and to no other: a Domain that is wider than that gives
// it no more hosts, and one that is none of its own makes it void.  So no list of public suffixes
// is needed, and what one host is told stays there.  Ports do not matter.
//
// Bounded in memory, so that a run over ten million hosts needs no more than one over some
// thousand: the host that was not asked for longest is forgotten first.

#include <cstddef>
#include <ctime>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace distaff {

class HostCookies {
 public:
  struct Options {
    std::size_t bytes = 8 << 20;
    std::size_t of_host = 50;  // then its oldest goes
  };
  // Of a request.
  struct Place {
    std::string_view host;  // in lower case
    std::string_view path;  // "/a/b", with or without a query
    bool secure = false;    // by TLS
  };

  HostCookies() : HostCookies(Options{}) {}
  explicit HostCookies(Options options) : options_(options) {}

  // `line` is the value of a Set-Cookie that came back.
  void take(const Place& from, std::string_view line, std::time_t now);

  // "a=b; c=d", the longest path first; empty: there are none.
  std::string line_for(const Place& to, std::time_t now);

  bool empty() const { return hosts_.empty(); }
  std::size_t hosts() const { return hosts_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Cookie {
    std::string name, value, path;
    std::optional<std::time_t> until;
    bool secure = false;
  };
  struct Host {
    std::string name;
    std::vector<Cookie> cookies;  // as they were first set
    std::size_t bytes = 0;
  };
  struct Attributes;
  using Known = std::list<Host>::iterator;

  static std::optional<Cookie> read(const Place& from, std::string_view line, std::time_t now);
  static bool read(std::string_view text, std::string_view host, std::time_t now,
                   Attributes& attributes);
  Known host(std::string_view name);
  void put(Host& host, Cookie cookie, std::time_t now);
  void forget(Known host);

  Options options_;
  std::list<Host> hosts_;  // what was asked for last is in front
  std::unordered_map<std::string_view, Known> by_name_;
  std::size_t bytes_ = 0;
};

// Of what the user says ("a=b; c=d") and what a host has set: where both have a name, it is the
// host that changed it.
std::string joined_cookies(std::string_view said, std::string_view set);

}  // namespace distaff

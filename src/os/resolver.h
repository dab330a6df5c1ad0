#pragma once

// Looks up the addresses of hosts while the program goes on: getaddrinfo() in threads, since it
// waits.

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace distaff {

class Resolver {
 public:
  // So many lookups at once.  Throws nothing: with fewer threads it is slower, without any it looks
  // up in ask() itself.
  explicit Resolver(int threads);
  // Lookups that still run end by themselves later, and nobody hears of them.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::string host);

  // What became known since the last call: a host and its first address as a number, or "" if it
  // has none.
  std::vector<std::pair<std::string, std::string>> take();

  // Readable when take() gives something.
  int fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace distaff

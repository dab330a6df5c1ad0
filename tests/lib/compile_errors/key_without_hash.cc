// error: the key of by() cannot be called with an item, or its result has no std::hash or ==
#include <string>
#include <vector>

#include "distaff/imap.h"

struct Host {
  std::string name;
  bool operator==(const Host&) const = default;
};

#ifdef RIGHT
template <>
struct std::hash<Host> {
  std::size_t operator()(const Host& host) const { return hash<string>{}(host.name); }
};
#endif

int main() {
  const std::vector<std::string> urls;
  const auto host_of = [](const std::string& url) { return Host{url}; };
  const auto size = [](const std::string& url) { return static_cast<int>(url.size()); };
  for (const int result : distaff::imap(urls, size, distaff::by(host_of))) return result;
}

#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include "distaff/log.h"
#include "distaff/register.h"

namespace distaff::inline v0::detail {
namespace {

struct Functions {
  std::mutex mutex;
  std::map<std::string, RemoteCall, std::less<>> by_name;
};

// Made when first asked, as registrations come from static initialisers; never destroyed.
Functions& functions() {
  static Functions* const all = new Functions;
  return *all;
}

}  // namespace

void add_function(const char* name, RemoteCall call) {
  const std::lock_guard lock(functions().mutex);
  const auto [at, is_new] = functions().by_name.emplace(name, call);
  if (is_new || at->second == call) return;
  log(LogLevel::critical, std::string("two functions are registered as ") + name +
                              ": DISTAFF_REGISTER each by a name of its own");
  std::abort();
}

RemoteCall find_function(std::string_view name) {
  const std::lock_guard lock(functions().mutex);
  const auto found = functions().by_name.find(name);
  return found == functions().by_name.end() ? nullptr : found->second;
}

}  // namespace distaff::inline v0::detail

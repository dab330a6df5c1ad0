#include "lib/open_pools.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "distaff/thread_pool.h"

namespace distaff::inline v0 {
namespace detail {
namespace {

struct Entry {
  std::weak_ptr<ClosedAtExit> pool;
  pid_t process;
};

struct Registry {
  std::mutex mutex;
  std::map<std::uint64_t, Entry> pools;
  std::uint64_t last = 0;
};

Registry& registry();

void close_all() {
  std::vector<std::shared_ptr<ClosedAtExit>> open;
  {
    const std::lock_guard lock(registry().mutex);
    for (auto at = registry().pools.rbegin(); at != registry().pools.rend(); ++at) {
      if (at->second.process != getpid()) continue;
      if (auto pool = at->second.pool.lock()) open.push_back(std::move(pool));
    }
  }
  for (const auto& pool : open) pool->close_at_exit();
}

// Never destroyed: pools with static storage may go later.
Registry& registry() {
  static Registry* const made = [] {
    std::atexit(close_all);
    return new Registry;
  }();
  return *made;
}

}  // namespace

std::uint64_t remember_pool(const std::shared_ptr<ClosedAtExit>& pool) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.pools.emplace(++all.last, Entry{pool, getpid()});
  return all.last;
}

void forget_pool(std::uint64_t number) {
  const std::lock_guard lock(registry().mutex);
  registry().pools.erase(number);
}

}  // namespace detail

std::size_t open_pools() {
  const std::lock_guard lock(detail::registry().mutex);
  return detail::registry().pools.size();
}

}  // namespace distaff::inline v0

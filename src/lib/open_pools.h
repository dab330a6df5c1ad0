#pragma once

// The pools that are open, so that a program ends although it left some of them so.
//
// A pool is held weakly: one that is destroyed is forgotten.  Those that are left when std::exit
// runs its handlers are closed, the youngest first.  A forked child, which has none of their
// threads, leaves its parent's pools alone.

#include <cstdint>
#include <memory>

namespace distaff::inline v0::detail {

class ClosedAtExit {
 public:
  virtual ~ClosedAtExit() = default;
  // Cancels what waits and ends the workers.
  virtual void close_at_exit() noexcept = 0;
};

// Gives a number to forget it by.
std::uint64_t remember_pool(const std::shared_ptr<ClosedAtExit>& pool);
void forget_pool(std::uint64_t number);

}  // namespace distaff::inline v0::detail

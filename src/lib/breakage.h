#pragma once

// Why a pool is broken: the first hook that failed, and what failed after it.  The pool's lock
// guards it.

#include <exception>
#include <string>
#include <vector>

namespace distaff::inline v0::detail {

enum class Hook { initializer, finalizer };

class Breakage {
 public:
  void add(Hook hook, std::exception_ptr cause);
  bool any() const { return cause_ != nullptr; }
  // InitializerError or FinalizerError, with the first cause nested.  Needs any().
  [[noreturn]] void raise(const std::string& pool) const;

 private:
  Hook hook_ = Hook::initializer;
  std::exception_ptr cause_;
  std::vector<std::exception_ptr> further_;
};

// Says it as a critical message.
void log_broken(const std::string& pool, Hook hook, const std::exception_ptr& cause);

}  // namespace distaff::inline v0::detail

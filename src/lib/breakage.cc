#include "lib/breakage.h"

#include <utility>

#include "distaff/errors.h"
#include "distaff/log.h"

namespace distaff::inline v0::detail {

void Breakage::add(Hook hook, std::exception_ptr cause) {
  if (any()) {
    further_.push_back(std::move(cause));
  } else {
    hook_ = hook;
    cause_ = std::move(cause);
  }
}

void Breakage::raise(const std::string& pool) const {
  try {
    std::rethrow_exception(cause_);
  } catch (...) {
    if (hook_ == Hook::initializer) {
      throw InitializerError(pool + ": a worker's initializer failed", further_);
    }
    throw FinalizerError(pool + ": a worker's finalizer failed", further_);
  }
}

void log_broken(const std::string& pool, Hook hook, const std::exception_ptr& cause) {
  log(LogLevel::critical, pool + ": a worker's " +
                              (hook == Hook::initializer ? "initializer" : "finalizer") +
                              " failed: " + describe(cause));
}

}  // namespace distaff::inline v0::detail

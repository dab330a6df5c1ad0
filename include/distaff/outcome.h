#pragma once

// How a job ended: with a value or with an exception.  What a computed throttle is asked with.

#include <exception>
#include <utility>

namespace distaff::inline v0 {

// Refers to a value it does not own: good for the call it is given to, not to be kept.
template <class R>
class Outcome {
 public:
  explicit Outcome(const R& value) : value_(&value) {}
  explicit Outcome(std::exception_ptr error) : error_(std::move(error)) {}

  bool ok() const { return value_ != nullptr; }
  explicit operator bool() const { return ok(); }

  // The result; throws what the job threw if it failed.
  const R& value() const {
    if (value_ == nullptr) std::rethrow_exception(error_);
    return *value_;
  }
  const R& operator*() const { return value(); }

  // Null if it did not fail.
  const std::exception_ptr& error() const { return error_; }

 private:
  const R* value_ = nullptr;
  std::exception_ptr error_;
};

}  // namespace distaff::inline v0

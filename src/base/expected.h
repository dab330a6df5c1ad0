#pragma once

// A value, or a mistake to tell the user about.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace distaff {

// What went wrong, in one line for a person: it names the option, file or line, the value, and the
// way out.  Without a "distaff: " in front and without a newline at the end; main() adds both.
struct Error {
  std::string message;
  int status = 2;  // the exit status this mistake leads to (2: usage, rules or input)

  bool operator==(const Error&) const = default;
};

template <class T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message, int status = 2) {
  return tl::unexpected<Error>(Error{std::move(message), status});
}

}  // namespace distaff

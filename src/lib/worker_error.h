#pragma once

// What was thrown in a worker, on its way to the one who waits for it.
//
// Errors travel as a chain, the outermost first, then what was nested in it: type and text of each.

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "distaff/serialize.h"

namespace distaff::inline v0::detail {

struct ThrownPart {
  std::string type;
  std::string what;
};
DISTAFF_SERIALIZE(ThrownPart, type, what)

struct Thrown {
  std::string worker;
  std::vector<ThrownPart> chain;
};
DISTAFF_SERIALIZE(Thrown, worker, chain)

// Of the exception being handled.
Thrown current_thrown(const std::string& worker);

// RemoteErrors nested as the originals were; around one of a registered type, this type.
std::exception_ptr to_exception(const Thrown& thrown);

}  // namespace distaff::inline v0::detail

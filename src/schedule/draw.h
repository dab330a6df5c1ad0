#pragma once

// Draws rests from a range.  The same state gives the same rests, on every machine.

#include <cstdint>

#include "base/time.h"
#include "distaff/limits.h"

namespace distaff {

// Uniformly from [least, most], moving `state` on.
inline Duration draw(const Throttle& throttle, std::uint64_t& state) {
  if (throttle.most <= throttle.least) return throttle.least;
  std::uint64_t bits = state += 0x9e3779b97f4a7c15;  // splitmix64
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  bits ^= bits >> 31;
  const auto values = static_cast<std::uint64_t>((throttle.most - throttle.least).count()) + 1;
  return throttle.least + Duration(static_cast<Duration::rep>(bits % values));
}

}  // namespace distaff

#pragma once

// A token bucket over starts, exact to the nanosecond.
//
// With floating point the moment of the next token could round to one too early, and errors would
// add up over a long run.  So all is counted in whole numbers: one token is `cost` units, each
// nanosecond brings `gain` units (the rate's fractions to a millionth, rounded down: never early),
// and what is kept is the debt: the units that were missing from a full bucket at the last start.
// Products of a time and a rate need more than 64 bits.

#include <cstdint>

#include "base/time.h"
#include "distaff/limits.h"

namespace distaff {

class TokenBucket {
 public:
  explicit TokenBucket(const Rate& rate);  // full

  // From when on there are `count` tokens, if none is taken: TimePoint::min() if that was so at
  // the last start already, TimePoint::max() if there can never be so many.
  TimePoint available_at(std::int64_t count = 1) const;

  // Tokens at `now`.
  std::int64_t available(TimePoint now) const;

  // From when on it is full.
  TimePoint full_at() const;

  void take(TimePoint now);

  // A token taken at `taken` was not used.  If others were taken at later times, a part of it may
  // be lost: what a full bucket would have spilled meanwhile.
  void give_back(TimePoint taken);

 private:
  __extension__ using Units = __int128;

  Units debt_at(TimePoint now) const;
  TimePoint paid_at(Units debt) const;  // when what is over `debt` now is paid

  Units gain_;                         // each nanosecond
  Units cost_;                         // of a token
  Units capacity_;                     // of the full bucket
  Units debt_ = 0;                     // at last_
  TimePoint last_ = TimePoint::min();  // the last start
};

}  // namespace distaff

#pragma once

// Whether a failed attempt is worth another one, and when.

#include <cstdint>

#include "model/outcome.h"
#include "model/run_spec.h"

namespace distaff {

// `outcome` is a failure.  What we ended because the run stops, and what asked for a terminal,
// would only fail again.
bool worth_another_try(const RetryOn& on, const Outcome& outcome);

// How long to wait after the `attempt`th try, from 1.  With a bound that grows it is drawn from all
// of zero to the bound ("full jitter"), so that many jobs that failed together do not come back
// together.
Duration delay_after(const RetryDelay& delay, int attempt, std::uint64_t& random);

}  // namespace distaff

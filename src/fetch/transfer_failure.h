#pragma once

// Why no whole response came, in words for people.

#include <cstdint>
#include <string>

#include "base/time.h"
#include "fetch/transfer.h"
#include "model/outcome.h"
#include "model/run_spec.h"

namespace distaff {

// `code` is the CURLcode by which a transfer ended, not zero; `received` counts bytes of the body.
Outcome failure_of(int code, const Transfer& transfer, const FetchSpec& spec,
                   std::uint64_t received);

}  // namespace distaff

#pragma once

// Hosts that options name, in the form that hosts of URLs have by now: libcurl compares them, and
// knows no name in another script where the locale has none.

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

// Of --resolve and --proxy.  The error names the option.
Expected<FetchSpec> with_hosts_in_form(FetchSpec spec);

}  // namespace distaff

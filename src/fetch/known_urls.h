#pragma once

// What an earlier run wrote of the URLs it fetched (--cond).
//
// A report, CSV or JSON lines, is read through once; then memory holds a hash of each URL and where
// its row is, about 20 bytes, and the row is read again when its URL is asked for.  The last row of
// a URL counts that has a whole body (status 200), or says that it is still good (304) and tells an
// ETag or a date.  An archive has an index of its own.
//
// Reports and archives hold URLs without their secrets, so they are looked for without.  Where a
// report has several bodies by that, it is not known which is which, and nothing is known.

#include <memory>
#include <string>

#include "base/expected.h"
#include "fetch/conditions.h"

namespace distaff {

// Error: it cannot be read, or is neither report nor archive.
Expected<std::unique_ptr<Conditions>> open_conditions(const std::string& file);

}  // namespace distaff

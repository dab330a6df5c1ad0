#pragma once

// What progress lines and the progress bar say of a run.

#include <cstddef>
#include <optional>
#include <string>

#include "base/time.h"
#include "sink/observer.h"

namespace distaff {

// Jobs a second: "0.4", "12", "1500".
std::string rate_text(std::uint64_t done, Duration in);

// "12 MB", with SI units: "999 B", "1.2 GB".
std::string bytes_text(std::uint64_t bytes);

// By the pace of the whole run, which is steadier than that of the last moments; nothing if the
// total is not known, or nothing is done yet.
std::optional<Duration> time_left(const RunCounts& counts, Duration since_start);

// The bar, of at most so many columns, without control characters:
//
//   120/300 [####      ] 40%  3.6/s  4 running  2 failed  ETA 53s  oldest 12s: a.log
//
// Without a total it is `120 done  3.6/s  4 running …`.  `oldest` is the job that has been running
// longest, by its record, cut to what room there is.  In few columns the less important is left
// out: in 19 there is `120/300 40% ETA 53s`.
std::string bar_text(const RunCounts& counts, Duration since_start, TimePoint now,
                     std::size_t columns);

}  // namespace distaff

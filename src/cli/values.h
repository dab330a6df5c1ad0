#pragma once

// The small grammars of option values and rules.  As in base/numbers.h, an error says what is wrong
// with the text and shows a right one; the caller puts the option or the path in front.

#include <climits>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

Expected<int> parse_int(std::string_view text, int least, int most = INT_MAX);

// "8" "200%" "+1" "-1" "0"
Expected<JobsSpec> parse_jobs(std::string_view text);

// "5s" "1s..3s"
Expected<Throttle> parse_throttle(std::string_view text);

// "10/s" "100/1m" "10/s:5"
Expected<Rate> parse_rate(std::string_view text);

// "0,1,3-5"; the ranges come sorted and joined.
Expected<StatusSet> parse_statuses(std::string_view text);

// Sorted, and neighbours made one range, so that equal sets are equal.
StatusSet joined(StatusSet set);

// "5s" (always so long) "1s..1m"
Expected<RetryDelay> parse_retry_delay(std::string_view text);

// "75,100-110,signal,timeout,start"
Expected<RetryOn> parse_retry_on(std::string_view text);

// "30s" "200%"
Expected<TimeLimit> parse_time_limit(std::string_view text);

// "8h" "06:30" "2026-11-27T06:30"
Expected<DeadlineSpec> parse_deadline(std::string_view text);

// "soon,fail=1" "now,done=50%"
Expected<HaltSpec> parse_halt(std::string_view text);

// "TERM,5s,KILL"
Expected<std::vector<TermStep>> parse_term_seq(std::string_view text);

// "\n" "," "\r\n" "\x1e": the text with its escapes read.
Expected<std::string> parse_delimiter(std::string_view text);

// ";" "\t": one byte with its escapes read, which CSV has no other use for.
Expected<char> parse_separator(std::string_view text);

// "NAME=VALUE"
Expected<std::pair<std::string, std::string>> parse_env(std::string_view text);

}  // namespace distaff

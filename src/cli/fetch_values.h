#pragma once

// The grammars of values that only `distaff fetch` has.  As in values.h, an error says what is
// wrong with the text and shows a right one; the caller puts the option in front.

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

// "200-299,404" "2xx,4xx"
Expected<StatusSet> parse_http_statuses(std::string_view text);

// "connect,timeout,429,5xx"
Expected<RetryOn> parse_http_retry_on(std::string_view text);

// "GET"; in capitals, as HTTP has them.
Expected<std::string> parse_method(std::string_view text);

// "Accept: text/html" "X-Empty;" "Accept:"; the value may be a template, and so may the name.
Expected<std::string> parse_header(std::string_view text);

// "text", "@FILE"
Expected<std::string> parse_data(std::string_view text);

// One line of a header: a User-Agent.
Expected<std::string> parse_header_text(std::string_view text);

// "me@example.org" "https://example.org/bot"
Expected<std::string> parse_contact(std::string_view text);

// "http,https"
Expected<std::vector<std::string>> parse_protocols(std::string_view text);

// "http://proxy:3128" "socks5h://127.0.0.1:1080" "proxy:3128"
Expected<std::string> parse_proxy(std::string_view text);

// "example.org:443:127.0.0.1" "*:80:[::1],127.0.0.2"
Expected<std::string> parse_resolve(std::string_view text);

}  // namespace distaff

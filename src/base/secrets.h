#pragma once

// Takes out of URLs and header lines what only their owner should know, before they go into logs,
// journals and reports.  The result of masking is the same for the same URL, so it can be looked
// for in an earlier report; masking it again changes nothing.

#include <string>
#include <string_view>

namespace distaff {

// The password of https://user:PASSWORD@host/ and the values of parameters with such names as
// `token` or `api_key` become ***.  Takes any text.
std::string mask_url(std::string_view url);

// Does the value of such a header give access to something?
bool is_secret_header(std::string_view name);

// "Cookie: ***"; in others a URL is masked.
std::string mask_header(std::string_view line);

// Any other text, as what is sent with a request: of names as above the values behind = in a form,
// behind : in JSON, YAML and header lines, and between the tags of XML; and passwords of URLs.  In
// doubt it hides too much.
std::string mask_text(std::string_view text);

// A record, a word or a name of a column that is shown to somebody: as mask_text(), if a URL is in
// it.
std::string mask_record(std::string_view text);

}  // namespace distaff

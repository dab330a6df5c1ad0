#pragma once

// URLs in one form, in which two that mean the same are the same text (RFC 3986 6.2.2 and 6.2.3).
//
//   HTTP://Bücher.Example:80/a/../%7Ejoe/c%3ad e   is   http://xn--bcher-kva.example/~joe/c%3Ad%20e
//
// It is made as soon as there is a URL, and is what is asked for, grouped by, looked up and called
// by a hash.  It never says anything else than what was written: the order of parameters, letters
// in a path, empty parts of it and characters that are reserved, encoded or not, stay as they are,
// and so does a percent sign that encodes nothing.

#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace distaff {

// What is wrong with a URL.  The words are without the URL, to stand behind it.
struct UrlFault {
  enum class What {
    scheme,  // it has none
    byte,    // it holds a byte that no URL does
    host,    // no host could be asked
  };
  What what = What::scheme;
  std::string why;     // of a host, if there is something to say
  std::size_t at = 0;  // where the byte is
};

template <class T>
using UrlExpected = tl::expected<T, UrlFault>;

// `text` in that form.  Blanks at both ends are no part of it.  A fragment stays.  A URL of a file
// has no host, and stays as it is.
UrlExpected<std::string> normal_url(std::string_view text);

// Where a reference leads that stands in what came from `base`, which is in that form: `../x`,
// `//host/`, `?q` or a whole URL (RFC 3986 5.2).
UrlExpected<std::string> resolved_url(std::string_view base, std::string_view reference);

// Whether this is in that form, of what stands behind the host; false if it would take long to say.
bool is_plainly_normal(std::string_view path_and_rest);

// "https" of "https://…"; nothing if the text does not begin so.
std::optional<std::string_view> scheme_of(std::string_view text);

// The port that need not be written; empty: none.
std::string_view default_port(std::string_view scheme);

// Without blanks and line ends at both ends.
std::string_view without_blanks_around(std::string_view text);

}  // namespace distaff

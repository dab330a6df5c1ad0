#pragma once

// The path parts of a replacement: {/.} {//} {^.gz} {@id=(\d+)}.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace re2 {
class RE2;
}

namespace distaff {

struct PathPart {
  enum class Kind {
    basename,  // "/"   after the last slash; trailing slashes do not count
    dirname,   // "//"  before it; "." if there is none
    stem,      // "."   without the last extension of the last component
    suffix,    // "^S"  without S at the end, if it is there and not all
    capture,   // "@RE" the first capture of RE, or the whole match; no match: missing
  };
  Kind kind = Kind::basename;
  std::string argument;                   // for suffix and capture
  std::shared_ptr<const re2::RE2> regex;  // for capture

  bool operator==(const PathPart& other) const {
    return kind == other.kind && argument == other.argument;
  }
};

// The path parts at text[at] up to the closing brace, which `at` is moved behind.  Nothing if
// anything else stands there; an error if a regex does not compile, where `at` is moved
// too: it is to follow the form's spelling.
Expected<std::optional<std::vector<PathPart>>> read_parts(std::string_view text, std::size_t& at);

// `value` with the parts applied one after the other.  An error is the reason why nothing is left.
Expected<std::string_view> piece_of(const std::vector<PathPart>& parts, std::string_view value);
Expected<std::string> taken_apart(const std::vector<PathPart>& parts, std::string_view value);

}  // namespace distaff

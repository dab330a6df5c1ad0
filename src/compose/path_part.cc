#include "compose/path_part.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"

namespace distaff {
namespace {

using Parts = std::optional<std::vector<PathPart>>;

// Where the brace is that closes the form whose argument starts at text[at]; npos if there is none
// on this line.  In a regex a backslash takes a brace out of the count.
std::size_t closing_brace(std::string_view text, std::size_t at, bool regex) {
  int depth = 0;
  for (; at < text.size() && text[at] != '\n'; ++at) {
    if (regex && text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      ++depth;
    } else if (text[at] == '}' && depth-- == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

Expected<PathPart> capture_part(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  PathPart part{PathPart::Kind::capture, std::string(pattern),
                std::make_shared<const re2::RE2>(pattern, options)};
  if (part.regex->ok()) return part;
  return fail("holds no regex that RE2 takes: " + part.regex->error());
}

std::string_view without_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

std::string_view basename(std::string_view path) {
  path = without_slashes(path);
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

std::string_view dirname(std::string_view path) {
  path = without_slashes(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return without_slashes(path.substr(0, std::max<std::size_t>(slash, 1)));
}

// The dot of a hidden file begins no extension, and "." and ".." have none.
std::string_view stem(std::string_view path) {
  const std::string_view name = basename(path);
  const std::size_t first = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (first == std::string_view::npos || dot == std::string_view::npos || dot < first) return path;
  return path.substr(0, static_cast<std::size_t>(name.data() - path.data()) + dot);
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.size() > suffix.size() && text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

std::optional<std::string_view> capture(std::string_view text, const re2::RE2& regex) {
  re2::StringPiece groups[2];
  const int wanted = regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
  const re2::StringPiece subject(text.data(), text.size());
  if (!regex.Match(subject, 0, subject.size(), re2::RE2::UNANCHORED, groups, wanted)) return {};
  const re2::StringPiece& found = groups[wanted - 1];
  if (found.data() == nullptr && wanted == 2) return {};
  return std::string_view(found.data(), found.size());
}

}  // namespace

Expected<Parts> read_parts(std::string_view text, std::size_t& at) {
  std::vector<PathPart> parts;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '}') {
      at = i + 1;
      return parts;
    }
    if (text[i] == '/') {
      const bool twice = i + 1 < text.size() && text[i + 1] == '/';
      i += twice;
      parts.push_back({twice ? PathPart::Kind::dirname : PathPart::Kind::basename, {}, {}});
    } else if (text[i] == '.') {
      parts.push_back({PathPart::Kind::stem, {}, {}});
    } else if (text[i] == '^' || text[i] == '@') {
      const bool regex = text[i] == '@';
      const std::size_t end = closing_brace(text, i + 1, regex);
      if (end == std::string_view::npos || end == i + 1) return Parts{};
      const std::string_view argument = text.substr(i + 1, end - i - 1);
      Expected<PathPart> part = regex ? capture_part(argument)
                                      : PathPart{PathPart::Kind::suffix, std::string(argument), {}};
      if (!part) {
        at = end + 1;
        return tl::unexpected(part.error());
      }
      parts.push_back(*std::move(part));
      i = end - 1;
    } else {
      return Parts{};
    }
  }
  return Parts{};
}

// All parts give pieces of the value they get, or ".": nothing is copied on the way.
Expected<std::string_view> piece_of(const std::vector<PathPart>& parts, std::string_view value) {
  for (const PathPart& part : parts) {
    switch (part.kind) {
      case PathPart::Kind::basename:
        value = basename(value);
        break;
      case PathPart::Kind::dirname:
        value = dirname(value);
        break;
      case PathPart::Kind::stem:
        value = stem(value);
        break;
      case PathPart::Kind::suffix:
        value = without_suffix(value, part.argument);
        break;
      case PathPart::Kind::capture: {
        const auto found = capture(value, *part.regex);
        if (!found) {
          return fail(fmt::format("no match of @{} in '{}'", part.argument, printable(value, 100)));
        }
        value = *found;
        break;
      }
    }
  }
  return value;
}

Expected<std::string> taken_apart(const std::vector<PathPart>& parts, std::string_view value) {
  const auto piece = piece_of(parts, value);
  if (!piece) return tl::unexpected(piece.error());
  return std::string(*piece);
}

}  // namespace distaff

#include "fetch/cookie_file.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "os/replace_file.h"

namespace distaff {
namespace {

constexpr std::string_view kHeader = "Set-Cookie:";
constexpr std::string_view kHttpOnly = "#HttpOnly_";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Host, whether for those below it, path, whether by TLS, until when, name, value; with tabs
// between them.  A value may be empty, and the last tab then missing.
bool is_netscape(std::string_view line) {
  int fields = 0;
  std::string_view until;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find('\t'), line.size());
    if (end > 0 && ++fields == 5) until = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  if (until.starts_with('-')) until.remove_prefix(1);
  return (fields == 6 || fields == 7) && !until.empty() && is_digit(until[0]);
}

bool is_cookie(std::string_view line) {
  if (line.find('\0') != line.npos) return false;
  if (line.size() < kHeader.size() ||
      strncasecmp(line.data(), kHeader.data(), kHeader.size()) != 0) {
    return is_netscape(line);
  }
  const std::string_view pair = line.substr(kHeader.size(), line.find(';') - kHeader.size());
  return pair.find('=') != pair.npos;
}

bool says_nothing(std::string_view line) {
  if (line.starts_with('#')) return !line.starts_with(kHttpOnly);
  return line.find_first_not_of(" \t") == line.npos;
}

}  // namespace

Expected<void> check_cookie_file(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return {};
  const std::string text = read_file(file, std::filesystem::file_size(file, ignored));
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (says_nothing(line) || is_cookie(line)) continue;
    return fail(fmt::format(
        "--cookie '{}': its line {} is no cookie, which has seven fields with tabs between them, "
        "as --cookie-jar writes them, or is Set-Cookie: NAME=VALUE; domain=HOST",
        printable(file), number));
  }
  return {};
}

}  // namespace distaff

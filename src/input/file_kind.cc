#include "input/file_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace distaff {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::string_view begin;  // '?' stands for any byte
  std::string_view what;
  std::string_view reader;        // in front of the file's name
  std::string_view stdin_reader;  // the same of a pipe
  bool holds_nul = false;  // the first two bytes are too few to tell; this one has a NUL soon
};

constexpr Kind kKinds[] = {
    {"\x1f\x8b\x08"sv, "compressed by gzip", "zcat", "zcat"},
    {"\x1f\x9d\x90"sv, "compressed by compress", "zcat", "zcat"},
    {"\xfd"
     "7zXZ\0"sv,
     "compressed by xz", "xzcat", "xzcat"},
    {"\x28\xb5\x2f\xfd"sv, "compressed by zstd", "zstdcat", "zstdcat"},
    {"\x04\x22\x4d\x18"sv, "compressed by lz4", "lz4cat", "lz4cat"},
    {"LZIP\x01"sv, "compressed by lzip", "lzip -dc", "lzip -dc"},
    {"BZh?1AY&SY"sv, "compressed by bzip2", "bzcat", "bzcat"},
    {"PK\x03\x04"sv, "a zip archive", "unzip -p", "funzip"},
    {"\xff\xfe\0\0"sv, "UTF-32", "iconv -f UTF-32 -t UTF-8", "iconv -f UTF-32 -t UTF-8"},
    {"\0\0\xfe\xff"sv, "UTF-32", "iconv -f UTF-32 -t UTF-8", "iconv -f UTF-32 -t UTF-8"},
    {"\xff\xfe"sv, "UTF-16", "iconv -f UTF-16 -t UTF-8", "iconv -f UTF-16 -t UTF-8", true},
    {"\xfe\xff"sv, "UTF-16", "iconv -f UTF-16 -t UTF-8", "iconv -f UTF-16 -t UTF-8", true},
};

bool begins_with(std::string_view bytes, std::string_view begin) {
  return bytes.size() >= begin.size() &&
         std::equal(begin.begin(), begin.end(), bytes.begin(),
                    [](char wanted, char c) { return wanted == c || wanted == '?'; });
}

}  // namespace

std::string no_text(std::string_view first_bytes, const std::string& file) {
  for (const Kind& kind : kKinds) {
    if (!begins_with(first_bytes, kind.begin)) continue;
    if (kind.holds_nul && first_bytes.find('\0') == first_bytes.npos) continue;
    // What `-a <(…)` names is gone with this process.
    if (file == "stdin" || file.starts_with("/dev/") || file.starts_with("/proc/")) {
      return fmt::format("{} is {}, not text; put between: ... | {} | distaff ...",
                         file == "stdin" ? file : "'" + printable(file) + "'", kind.what,
                         kind.stdin_reader);
    }
    return fmt::format("'{}' is {}, not text; read it by: {} {} | distaff ...", printable(file),
                       kind.what, kind.reader, typed_word((file[0] == '-' ? "./" : "") + file));
  }
  return {};
}

bool may_be_utf16(std::string_view line) {
  const std::size_t first = line.find('\0');
  // Where the newline is cut in two, its other half makes the line's length odd.
  if (first == line.npos || first % 2 == line.size() % 2) return false;
  for (std::size_t i = first; i < line.size(); ++i) {
    if (line[i] == '\0' && i % 2 != first % 2) return false;
  }
  return true;
}

// Letters of the Latin alphabet have a NUL on one side, and a newline's own NUL falls to the line
// behind it, or was before it.
bool looks_like_utf16(std::string_view line) {
  const std::size_t first = line.find('\0');
  if (first > 1 || line.size() < 8) return false;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    if ((line[i] == '\0') != (i % 2 == first)) return false;
  }
  return true;
}

}  // namespace distaff

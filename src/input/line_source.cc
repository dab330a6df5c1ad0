#include "input/line_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "input/file_kind.h"

namespace distaff {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line.substr(0, line.find_last_not_of(kBlanks) + 1);
}

std::string why_nul(std::string_view line) {
  if (looks_like_utf16(line)) return std::string(kUtf16);
  std::string why = "a NUL byte in the line: use -0 if NUL ends the records";
  if (may_be_utf16(line)) why += ", or iconv -f UTF-16LE -t UTF-8 (or UTF-16BE) if it is UTF-16";
  return why;
}

}  // namespace

LineSource::LineSource(FileSequence files, Options options, std::unique_ptr<LineFields> fields)
    : delimiter_(options.delimiter),
      lines_(std::move(files), {.delimiter = options.delimiter,
                                .most = options.most,
                                .drop_bom = is_text(options.delimiter)}),
      skip_empty_(options.skip_empty),
      trimmed_(options.trimmed && options.delimiter == "\n"),
      lines_of_text_(options.delimiter == "\n"),
      watch_for_cr_(lines_of_text_),
      nul_is_delimiter_(options.delimiter == std::string(1, '\0')),
      fields_(std::move(fields)) {}

Source::Next LineSource::next(Record& record) {
  lines_.begin_turn();
  while (true) {
    std::string_view line;
    switch (lines_.next(line)) {
      case LineReader::Next::line:
        if (make_record(line, record)) return Next::record;
        break;
      case LineReader::Next::too_long:
        make_lost(record);
        return Next::record;
      case LineReader::Next::wait:
        return Next::wait;
      case LineReader::Next::end:
        return Next::end;
      case LineReader::Next::failed:
        return Next::failed;
    }
  }
}

// False if this line is to be skipped.
bool LineSource::make_record(std::string_view line, Record& record) {
  // Half a character of UTF-16 may look like a blank.
  if (trimmed_ && !lines_.may_hold_nul()) line = trimmed(line);
  if (skip_empty_ && is_empty(line)) return false;
  record.begin();
  lines_.give(line, record.text);
  if (watch_for_cr_ && record.text.ends_with('\r')) warn_of_cr();
  if (lines_.may_hold_nul() && !nul_is_delimiter_ &&
      std::memchr(record.text.data(), '\0', record.text.size()) != nullptr) {
    record.problem = why_nul(record.text);
  }
  return !fields_ || !record.problem.empty() || fields_->find(record);
}

// In a file from Windows, whose lines all end in CR, also just that, and blanks before it.
bool LineSource::is_empty(std::string_view line) {
  if (line.empty()) return true;
  if (lines_.line_number() == 1) all_end_in_cr_ = true;
  if (line.back() != '\r') all_end_in_cr_ = false;
  return all_end_in_cr_ && lines_of_text_ &&
         line.find_first_not_of(kBlanks) == std::string_view::npos;
}

void LineSource::make_lost(Record& record) {
  record.begin({});
  record.problem = lines_.too_long();
  record.bytes_lost = true;
}

std::string LineSource::take_warning() {
  if (std::string warning = lines_.take_warning(); !warning.empty()) return warning;
  return std::exchange(warning_, {});
}

void LineSource::warn_of_cr() {
  watch_for_cr_ = false;
  warning_ = printable(lines_.file()) + ":" + std::to_string(lines_.line_number()) +
             ": the line ends in CR, which is passed on as part of the record; use -d '\\r\\n' to "
             "drop it";
}

}  // namespace distaff

#include "input/line_source.h"

#include <cstring>
#include <utility>

#include "base/text.h"

namespace distaff {

LineSource::LineSource(FileSequence files, Options options, std::unique_ptr<LineFields> fields)
    : delimiter_(options.delimiter),
      lines_(std::move(files), options.delimiter),
      skip_empty_(options.skip_empty),
      watch_for_cr_(options.delimiter == "\n"),
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
  if (line.empty() && skip_empty_) return false;
  record.text.assign(line);
  record.fields.clear();
  record.names.reset();
  record.problem.clear();
  if (watch_for_cr_ && !line.empty() && line.back() == '\r') warn_of_cr();
  if (lines_.may_hold_nul() && !nul_is_delimiter_ &&
      std::memchr(line.data(), '\0', line.size()) != nullptr) {
    record.problem = "a NUL byte in the line: use -0 if NUL ends the records";
  }
  return !fields_ || !record.problem.empty() || fields_->find(record);
}

void LineSource::warn_of_cr() {
  watch_for_cr_ = false;
  warning_ = printable(lines_.file()) + ":" + std::to_string(lines_.line_number()) +
             ": the line ends in CR, which is passed on as part of the record; use -d '\\r\\n' to "
             "drop it";
}

}  // namespace distaff

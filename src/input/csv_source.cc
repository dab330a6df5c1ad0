#include "input/csv_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"
#include "base/text.h"
#include "base/utf8_check.h"
#include "input/file_kind.h"

namespace distaff {
namespace {

constexpr std::size_t kNoBom = kUtf8Bom.size();

}  // namespace

CsvSource::CsvSource(FileSequence files, Options options)
    : files_(std::move(files)), options_(options) {
  options_.most = std::min<std::uint64_t>(options_.most, INT64_MAX);  // leaves room for sums
  const auto is_special = [this](char c) { special_[static_cast<unsigned char>(c)] = true; };
  is_special(options_.separator);
  is_special('\n');
  if (!options_.quotes) return;
  is_special('\r');
  is_special('"');
}

Expected<void> CsvSource::read_header() {
  while (options_.header && !names_) {
    files_.begin_turn();
    switch (read_row()) {
      case Row::row:
        if (!take_header()) return tl::unexpected(error_);
        break;
      case Row::too_long:
        fail_at(row_line_, fmt::format("the header is longer than --max-record {}: raise it",
                                       format_size(options_.most)));
        return tl::unexpected(error_);
      case Row::wait:
        wait_until_readable(files_.wait_fd());
        break;
      case Row::end:
        return {};
      case Row::failed:
        return tl::unexpected(error_);
    }
  }
  return {};
}

std::size_t CsvSource::first_row_fields() {
  while (!row_ahead_) {
    files_.begin_turn();
    switch (const Row row = read_row()) {
      case Row::row:
      case Row::too_long:
        row_ahead_ = row;
        break;
      case Row::wait:
        wait_until_readable(files_.wait_fd());
        break;
      case Row::end:
      case Row::failed:
        return 0;
    }
  }
  return fields_.size();
}

Source::Next CsvSource::next(Record& record) {
  if (failed_) return Next::failed;
  files_.begin_turn();
  while (true) {
    const auto ahead = std::exchange(row_ahead_, std::nullopt);
    switch (ahead ? *ahead : read_row()) {
      case Row::row:
        if (header_next_) {
          if (!take_header()) return Next::failed;
          break;
        }
        give(record);
        return Next::record;
      case Row::too_long:
        if (header_next_) {
          fail_at(row_line_, "the first row is not the header of " + printable(header_file_) +
                                 ": files read together need the same one");
          return Next::failed;
        }
        give_lost(record);
        return Next::record;
      case Row::wait:
        return Next::wait;
      case Row::end:
        return Next::end;
      case Row::failed:
        return Next::failed;
    }
  }
}

void CsvSource::give(Record& record) {
  record.text.swap(text_);
  record.fields.swap(fields_);
  record.names = names_;
  record.problem.clear();
  record.bytes_lost = false;
}

void CsvSource::give_lost(Record& record) {
  record.begin({});
  record.names = names_;
  record.problem = too_long();
  record.bytes_lost = true;
}

std::string CsvSource::too_long() const {
  const bool open_quote = state_ == State::quoted;
  return fmt::format(
      "{}: record longer than --max-record {}: raise it{}; its bytes are not kept",
      place(row_line_), format_size(options_.most),
      open_quote ? fmt::format(", or close the quote of line {}", quote_line_) : std::string());
}

// The row is in text_ and fields_.
CsvSource::Row CsvSource::read_row() {
  if (row_done_) begin_row();
  while (true) {
    while (!files_.data().empty()) {
      if (bom_seen_ != kNoBom) take_bom();
      if (!begun_) skip_line_ends();
      const std::string_view data = files_.data();
      if (data.empty()) break;
      take(data);
      if (row_done_ && end_row()) return is_too_long() ? Row::too_long : Row::row;
      if (row_done_ || skipping_ || !is_too_long()) continue;
      skipping_ = true;
      warn_of_length();
      return Row::too_long;
    }
    switch (files_.fill()) {
      case FileSequence::Fill::data:
        if (file_number_ != files_.file_number()) begin_file();
        break;
      case FileSequence::Fill::wait:
        return Row::wait;
      case FileSequence::Fill::end:
        return Row::end;
      case FileSequence::Fill::file_end:
        if (const Row last = finish_file(); last != Row::end) return last;
        break;
      case FileSequence::Fill::failed:
        failed_ = true;
        error_ = files_.error();
        return Row::failed;
    }
  }
}

// Takes what of the data is the row's, and the byte that ends it.
void CsvSource::take(std::string_view data) {
  if (!begun_) row_line_ = line_;
  begun_ = true;
  const std::size_t size = scan(data);
  if (!skipping_) append_within(data.substr(0, size), options_.most, text_);
  if (!row_done_) return files_.consume(size);
  ends_in_cr_ = data[size] == '\r';
  count_line_end(data[size]);
  files_.consume(size + 1);
}

// False if the row is none: its rest was skipped, or TSV has nothing between two line ends.
bool CsvSource::end_row() {
  if (!options_.quotes) drop_cr();
  const bool is_record = !skipping_ && (options_.quotes || !text_.empty());
  if (!is_record) begin_row();
  return is_record;
}

bool CsvSource::is_too_long() {
  if (text_.size() <= options_.most) return false;
  text_.clear();
  text_.shrink_to_fit();
  fields_.clear();
  return true;
}

// A file's last row needs no line end.  `end`: there was none.
CsvSource::Row CsvSource::finish_file() {
  if (bom_seen_ != kNoBom && bom_seen_ > 0) {
    const std::string_view no_bom = kUtf8Bom.substr(0, bom_seen_);
    bom_seen_ = kNoBom;
    begun_ = true;
    text_.append(no_bom.substr(0, scan(no_bom)));
  }
  if (state_ == State::quoted) {
    return fail_at(quote_line_,
                   "the quote that opens here is never closed, so what follows is no record");
  }
  if (!begun_) return Row::end;
  if (state_ == State::field_begins && !skipping_) fields_.emplace_back(std::in_place);
  row_done_ = true;
  if (!end_row()) return Row::end;
  return is_too_long() ? Row::too_long : Row::row;
}

void CsvSource::begin_file() {
  file_number_ = files_.file_number();
  header_next_ = options_.header;
  first_row_ = true;
  cr_before_lf_ = false;
  bom_seen_ = 0;
  line_ = 1;
  after_cr_ = false;
}

void CsvSource::begin_row() {
  state_ = State::field_begins;
  begun_ = row_done_ = skipping_ = false;
  text_.clear();
  if (text_.capacity() > kHugeRecord) text_.shrink_to_fit();
  fields_.clear();
}

// ---- bytes to fields

// How many bytes of the data belong to the row: to its end, then row_done_ is set, or all.
std::size_t CsvSource::scan(std::string_view data) {
  if (state_ != State::quoted) after_cr_ = false;
  std::size_t at = 0;
  while (at < data.size() && !row_done_) {
    switch (state_) {
      case State::field_begins:
        if (!skipping_) fields_.emplace_back(std::in_place);
        state_ = State::plain;
        if (data[at] != '"' || !options_.quotes) break;
        state_ = State::quoted;
        quote_line_ = line_;
        ++at;
        break;
      case State::plain:
        at = scan_plain(data, at);
        break;
      case State::quoted:
        at = scan_quoted(data, at);
        break;
      case State::quote_in_quoted:
        state_ = State::plain;
        if (data[at] == '"') {
          keep("\"");
          state_ = State::quoted;
          ++at;
        } else if (data[at] != options_.separator && !ends_row(data[at])) {
          warn_of_quote();
        }
        break;
    }
  }
  return at;
}

std::size_t CsvSource::scan_plain(std::string_view data, std::size_t at) {
  const std::size_t begin = at;
  while (at < data.size()) {
    const char c = data[at];
    if (!special_[static_cast<unsigned char>(c)]) {
      ++at;
      continue;
    }
    if (c == options_.separator) {
      keep(data.substr(begin, at - begin));
      state_ = State::field_begins;
      return at + 1;
    }
    if (ends_row(c)) {
      row_done_ = true;
      break;
    }
    warn_of_quote();
    ++at;
  }
  keep(data.substr(begin, at - begin));
  return at;
}

std::size_t CsvSource::scan_quoted(std::string_view data, std::size_t at) {
  const std::size_t begin = at;
  for (; at < data.size() && data[at] != '"'; ++at) {
    if (ends_row(data[at])) {
      count_line_end(data[at]);
    } else {
      after_cr_ = false;
    }
  }
  keep(data.substr(begin, at - begin));
  if (at == data.size()) return at;
  after_cr_ = false;
  state_ = State::quote_in_quoted;
  return at + 1;
}

void CsvSource::keep(std::string_view bytes) {
  if (!skipping_) append_within(bytes, options_.most, *fields_.back());
}

// Between rows: the second half of CR LF, and empty rows.
void CsvSource::skip_line_ends() {
  const std::string_view data = files_.data();
  std::size_t count = 0;
  for (; count < data.size() && ends_row(data[count]); ++count) count_line_end(data[count]);
  files_.consume(count);
}

void CsvSource::count_line_end(char c) {
  if (c == '\r' || !after_cr_) ++line_;
  after_cr_ = c == '\r';
}

// The mark may come in pieces; what only looked like its beginning belongs to the row.
void CsvSource::take_bom() {
  while (bom_seen_ < kNoBom && !files_.data().empty()) {
    if (files_.data().front() != kUtf8Bom[bom_seen_]) {
      const std::string_view no_bom = kUtf8Bom.substr(0, bom_seen_);
      bom_seen_ = kNoBom;
      if (no_bom.empty()) return;
      row_line_ = line_;
      begun_ = true;
      text_.append(no_bom.substr(0, scan(no_bom)));
      return;
    }
    files_.consume(1);
    ++bom_seen_;
  }
}

// Of a row of TSV that is whole.
void CsvSource::drop_cr() {
  const bool has_cr = text_.ends_with('\r');
  if (std::exchange(first_row_, false)) cr_before_lf_ = has_cr;
  if (!has_cr || !cr_before_lf_) return;
  ends_in_cr_ = true;
  text_.pop_back();
  fields_.back()->pop_back();
}

// ---- rows

// False, and error_, if it is another one than that of the first file.
bool CsvSource::take_header() {
  header_next_ = false;
  FieldNames names;
  for (auto& field : fields_) names.push_back(std::move(*field));
  if (!names_) {
    names_ = std::make_shared<FieldNames>(std::move(names));
    header_file_ = files_.name();
    header_text_ = text_;
    if (!may_be_utf16(text_)) return true;
    fail_at(row_line_, std::string(kUtf16));
    return false;
  }
  if (names == *names_) return true;
  fail_at(row_line_, "the header '" + printable(text_) + "' is not that of " +
                         printable(header_file_) + ", '" + printable(header_text_) +
                         "': files read together need the same one");
  return false;
}

// What there is to wait for.
void CsvSource::warn_of_length() {
  if (std::exchange(warned_of_length_, true)) return;
  length_warning_ = too_long() + ", and it is skipped to its end";
}

std::string CsvSource::take_warning() {
  if (!length_warning_.empty()) return std::exchange(length_warning_, {});
  return std::exchange(warning_, {});
}

void CsvSource::warn_of_quote() {
  if (std::exchange(warned_, true)) return;
  warning_ = place(line_) +
             ": a quote inside a field that does not begin with one, or text behind a closing one: "
             "it is taken as Python's csv module takes it, and so are any that follow; in a quoted "
             "field a quote is written twice";
}

CsvSource::Row CsvSource::fail_at(std::uint64_t line, std::string what) {
  failed_ = true;
  error_ = {place(line) + ": " + std::move(what), 2};
  return Row::failed;
}

std::string CsvSource::place(std::uint64_t line) const {
  return printable(files_.name()) + ":" + std::to_string(line);
}

}  // namespace distaff

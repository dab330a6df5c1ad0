#include "input/csv_source.h"

#include <cstring>
#include <utility>

#include "base/text.h"

namespace distaff {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::size_t kNoBom = kBom.size();

int is_no_space(unsigned char) { return 0; }

}  // namespace

CsvSource::CsvSource(FileSequence files, Options options)
    : files_(std::move(files)), options_(options) {
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&parser_, static_cast<unsigned char>(options_.delimiter));
  csv_set_space_func(&parser_, is_no_space);
  // It grows by this much each time; its own 128 bytes make big fields slow.
  csv_set_blk_size(&parser_, 16 << 10);
}

CsvSource::~CsvSource() { csv_free(&parser_); }

Expected<void> CsvSource::read_header() {
  while (options_.header && !names_) {
    files_.begin_turn();
    switch (read_row()) {
      case Row::row:
        take_header();
        break;
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
    switch (read_row()) {
      case Row::row:
        row_ahead_ = true;
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
    switch (std::exchange(row_ahead_, false) ? Row::row : read_row()) {
      case Row::row:
        if (header_next_) {
          if (!take_header()) return Next::failed;
          break;
        }
        record.text.swap(text_);
        record.fields.swap(fields_);
        record.names = names_;
        record.problem.clear();
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

// The row is in text_ and fields_.
CsvSource::Row CsvSource::read_row() {
  if (row_done_) begin_row();
  while (true) {
    while (!files_.data().empty()) {
      const std::string_view piece = next_piece();
      if (piece.empty()) continue;
      const bool good = feed(piece);
      if (good) files_.consume(piece.size());
      if (!good) return fail_at(line_, mistake());
      if (row_done_) return Row::row;
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

// What of the buffer goes to the parser next: up to a line end, since a row can only end there.
// Empty if what came first was only to be skipped.
std::string_view CsvSource::next_piece() {
  if (bom_seen_ != kNoBom) take_bom();
  if (text_.empty()) skip_line_ends();
  std::string_view data = files_.data();
  if (data.empty()) return data;
  if (const void* end = std::memchr(data.data(), '\n', data.size())) {
    data = data.substr(0, static_cast<const char*>(end) - data.data() + 1);
  }
  if (const void* end = std::memchr(data.data(), '\r', data.size())) {
    data = data.substr(0, static_cast<const char*>(end) - data.data() + 1);
  }
  return data;
}

// False: the parser found a mistake in them.
bool CsvSource::feed(std::string_view bytes) {
  if (text_.empty()) row_line_ = line_;
  if (csv_parse(&parser_, bytes.data(), bytes.size(), on_field, on_row, this) != bytes.size()) {
    return false;
  }
  text_.append(bytes);
  const char last = bytes.back();
  if (last == '\n' || last == '\r') {
    count_line_end(last);
  } else {
    after_cr_ = false;
  }
  if (row_done_) text_.pop_back();
  if (row_done_) ends_in_cr_ = last == '\r';
  return true;
}

// A file's last row needs no line end.  `end`: there was none.
CsvSource::Row CsvSource::finish_file() {
  if (bom_seen_ != kNoBom && bom_seen_ > 0) {
    const std::string_view no_bom = kBom.substr(0, bom_seen_);
    bom_seen_ = kNoBom;
    feed(no_bom);
  }
  if (csv_fini(&parser_, on_field, on_row, this) != 0) {
    return fail_at(row_line_, "a quote that begins in this row is never closed");
  }
  return row_done_ ? Row::row : Row::end;
}

void CsvSource::begin_file() {
  file_number_ = files_.file_number();
  header_next_ = options_.header;
  bom_seen_ = 0;
  line_ = 1;
  after_cr_ = false;
}

void CsvSource::begin_row() {
  row_done_ = false;
  text_.clear();
  fields_.clear();
}

void CsvSource::on_field(void* bytes, std::size_t size, void* self) {
  static_cast<CsvSource*>(self)->fields_.emplace_back(std::in_place,
                                                      static_cast<const char*>(bytes), size);
}

void CsvSource::on_row(int, void* self) { static_cast<CsvSource*>(self)->row_done_ = true; }

// Between rows: the second half of CR LF, and empty rows.
void CsvSource::skip_line_ends() {
  const std::string_view data = files_.data();
  std::size_t count = 0;
  for (; count < data.size() && (data[count] == '\n' || data[count] == '\r'); ++count) {
    count_line_end(data[count]);
  }
  files_.consume(count);
}

void CsvSource::count_line_end(char c) {
  if (c == '\r' || !after_cr_) ++line_;
  after_cr_ = c == '\r';
}

// The mark may come in pieces; what only looked like its beginning belongs to the row.
void CsvSource::take_bom() {
  while (bom_seen_ < kNoBom && !files_.data().empty()) {
    if (files_.data().front() != kBom[bom_seen_]) {
      const std::string_view no_bom = kBom.substr(0, bom_seen_);
      bom_seen_ = kNoBom;
      if (!no_bom.empty()) feed(no_bom);
      return;
    }
    files_.consume(1);
    ++bom_seen_;
  }
}

// False, and error_, if it is another one than that of the first file.
bool CsvSource::take_header() {
  header_next_ = false;
  FieldNames names;
  for (auto& field : fields_) names.push_back(std::move(*field));
  if (!names_) {
    names_ = std::make_shared<FieldNames>(std::move(names));
    header_file_ = files_.name();
    header_text_ = text_;
    return true;
  }
  if (names == *names_) return true;
  fail_at(row_line_, "the header '" + printable(text_) + "' is not that of " +
                         printable(header_file_) + ", '" + printable(header_text_) +
                         "': files read together need the same one");
  return false;
}

CsvSource::Row CsvSource::fail_at(std::uint64_t line, std::string what) {
  failed_ = true;
  error_ = {printable(files_.name()) + ":" + std::to_string(line) + ": " + std::move(what), 2};
  return Row::failed;
}

std::string CsvSource::mistake() const {
  if (csv_error(const_cast<csv_parser*>(&parser_)) != CSV_EPARSE) {
    return csv_strerror(csv_error(const_cast<csv_parser*>(&parser_)));
  }
  if (parser_.quoted != 0) {
    return "text after a closing quote: inside a quoted field a quote is written twice";
  }
  return "a quote inside an unquoted field: put the whole field in quotes and write the quote "
         "twice";
}

}  // namespace distaff

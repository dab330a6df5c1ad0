#include "input/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/numbers.h"
#include "base/text.h"
#include "base/utf8_check.h"

namespace distaff {
namespace {

constexpr std::uint64_t kNoBound = INT64_MAX;  // leaves room for sums

}  // namespace

LineReader::LineReader(FileSequence files, Options options)
    : files_(std::move(files)), options_(std::move(options)) {
  assert(!options_.delimiter.empty());
  options_.most = std::min(options_.most, kNoBound);
}

LineReader::Next LineReader::next(std::string_view& line) {
  if (pending_returned_) forget_pending();
  while (true) {
    if (cut(line)) {
      if (!std::exchange(skipping_, false)) return take(line);
      forget_pending();
      continue;
    }
    if (!skipping_ && pending_.size() > options_.most + (options_.delimiter.size() - 1)) {
      return begin_skipping();
    }
    switch (files_.fill()) {
      case FileSequence::Fill::data:
        begin_buffer();
        break;
      case FileSequence::Fill::wait:
        return Next::wait;
      case FileSequence::Fill::end:
        return Next::end;
      case FileSequence::Fill::failed:
        return Next::failed;
      case FileSequence::Fill::file_end:
        if (std::exchange(skipping_, false)) forget_pending();
        if (pending_.empty()) break;
        line = pending_;
        pending_returned_ = true;
        return take(line);
    }
  }
}

LineReader::Next LineReader::take(std::string_view& line) {
  count_line();
  if (line.size() > options_.most) return Next::too_long;
  if (options_.drop_bom && line_number_ == 1 && line.starts_with(kUtf8Bom)) {
    line.remove_prefix(kUtf8Bom.size());
  }
  return Next::line;
}

LineReader::Next LineReader::begin_skipping() {
  count_line();
  skipping_ = true;
  keep({});
  if (!std::exchange(warned_, true)) warning_ = too_long() + ", and it is skipped to its end";
  return Next::too_long;
}

void LineReader::give_pending(std::string_view line, std::string& text) {
  const auto begin = static_cast<std::size_t>(line.data() - pending_.data());
  pending_.resize(begin + line.size());
  pending_.erase(0, begin);
  text = std::exchange(pending_, {});
}

std::string LineReader::too_long() const {
  return fmt::format("{}:{}: record longer than --max-record {}: raise it; its bytes are not kept",
                     printable(line_file_), line_number_, format_size(options_.most));
}

void LineReader::forget_pending() {
  pending_returned_ = false;
  pending_.clear();
  if (pending_.capacity() > kHugeRecord) pending_.shrink_to_fit();
}

// Takes a line off the buffer; false, and the buffer's rest in pending_, if it does not end there.
bool LineReader::cut(std::string_view& line) {
  const std::string_view data = files_.data();
  if (data.empty()) return false;
  if (!pending_.empty() && options_.delimiter.size() > 1 && cut_across(line)) return true;
  const std::size_t at = find_in(data);
  if (at == std::string_view::npos) {
    keep(data);
    files_.consume(data.size());
    return false;
  }
  line = data.substr(0, at);
  if (!pending_.empty() && !skipping_) {
    keep(line);
    line = pending_;
    pending_returned_ = true;
  }
  files_.consume(at + options_.delimiter.size());
  return true;
}

// A delimiter may begin in one buffer and end in the next.
bool LineReader::cut_across(std::string_view& line) {
  const std::string_view data = files_.data();
  const std::size_t reach = options_.delimiter.size() - 1;
  const std::size_t before = std::min(reach, pending_.size());
  std::string seam = pending_.substr(pending_.size() - before);
  seam.append(data.substr(0, reach));
  const std::size_t at = seam.find(options_.delimiter);
  if (at == std::string::npos) return false;
  files_.consume(at + options_.delimiter.size() - before);
  pending_.resize(pending_.size() - before + at);
  pending_returned_ = true;
  line = pending_;
  return true;
}

// Adds to pending_.  Of a line that is skipped only as much is kept as may be the beginning of its
// delimiter.
void LineReader::keep(std::string_view data) {
  if (skipping_) {
    const std::size_t reach = options_.delimiter.size() - 1;
    pending_.append(data.substr(data.size() - std::min(reach, data.size())));
    pending_.erase(0, pending_.size() - std::min(reach, pending_.size()));
    if (pending_.capacity() > kHugeRecord) pending_.shrink_to_fit();
    return;
  }
  append_within(data, options_.most, pending_);
}

std::size_t LineReader::find_in(std::string_view data) const {
  const std::string& delimiter = options_.delimiter;
  const void* found = delimiter.size() == 1
                          ? std::memchr(data.data(), delimiter[0], data.size())
                          : ::memmem(data.data(), data.size(), delimiter.data(), delimiter.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - data.data());
}

void LineReader::begin_buffer() {
  const std::string_view data = files_.data();
  const bool nul_here = std::memchr(data.data(), '\0', data.size()) != nullptr;
  nul_seen_ = nul_here || (nul_seen_ && !pending_.empty());
}

void LineReader::count_line() {
  if (line_file_number_ != files_.file_number()) {
    line_file_number_ = files_.file_number();
    line_file_ = files_.name();
    line_number_ = 0;
  }
  ++line_number_;
}

}  // namespace distaff

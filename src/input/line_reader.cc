#include "input/line_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace distaff {

LineReader::LineReader(FileSequence files, std::string delimiter)
    : files_(std::move(files)), delimiter_(std::move(delimiter)) {
  assert(!delimiter_.empty());
}

LineReader::Next LineReader::next(std::string_view& line) {
  if (pending_returned_) {
    pending_returned_ = false;
    pending_.clear();
    // One huge line must not cost its memory for the rest of the run.
    if (pending_.capacity() > (1 << 20)) pending_.shrink_to_fit();
  }
  while (true) {
    if (cut(line)) {
      count_line();
      return Next::line;
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
        if (pending_.empty()) break;
        line = pending_;
        pending_returned_ = true;
        count_line();
        return Next::line;
    }
  }
}

// Takes a line off the buffer; false, and the buffer's rest in pending_, if it does not end there.
bool LineReader::cut(std::string_view& line) {
  const std::string_view data = files_.data();
  if (data.empty()) return false;
  if (!pending_.empty() && delimiter_.size() > 1 && cut_across(line)) return true;
  const std::size_t at = find_in(data);
  if (at == std::string_view::npos) {
    pending_.append(data);
    files_.consume(data.size());
    return false;
  }
  line = data.substr(0, at);
  if (!pending_.empty()) {
    pending_.append(line);
    line = pending_;
    pending_returned_ = true;
  }
  files_.consume(at + delimiter_.size());
  return true;
}

// A delimiter may begin in one buffer and end in the next.
bool LineReader::cut_across(std::string_view& line) {
  const std::string_view data = files_.data();
  const std::size_t reach = delimiter_.size() - 1;
  const std::size_t before = std::min(reach, pending_.size());
  std::string seam = pending_.substr(pending_.size() - before);
  seam.append(data.substr(0, reach));
  const std::size_t at = seam.find(delimiter_);
  if (at == std::string::npos) return false;
  files_.consume(at + delimiter_.size() - before);
  pending_.resize(pending_.size() - before + at);
  pending_returned_ = true;
  line = pending_;
  return true;
}

std::size_t LineReader::find_in(std::string_view data) const {
  const void* found = delimiter_.size() == 1 ? std::memchr(data.data(), delimiter_[0], data.size())
                                             : ::memmem(data.data(), data.size(), delimiter_.data(),
                                                        delimiter_.size());
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

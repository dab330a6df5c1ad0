#include "collate/tag.h"

#include <algorithm>

namespace distaff {

namespace {

constexpr std::size_t kGather = std::size_t{32} << 10;

}  // namespace

void TagWriter::write(Stream stream, std::string_view tag, bool mid_line, std::string_view bytes) {
  while (!bytes.empty()) {
    if (!mid_line) {
      put(stream, tag);
      put(stream, "\t");
    }
    const std::size_t newline = bytes.find('\n');
    mid_line = newline == std::string_view::npos;
    const std::size_t end = mid_line ? bytes.size() : newline + 1;
    put(stream, bytes.substr(0, end));
    bytes.remove_prefix(end);
  }
  flush(stream);
}

void TagWriter::put(Stream stream, std::string_view bytes) {
  if (gathered_.size() + bytes.size() > kGather) flush(stream);
  if (bytes.size() > kGather) return sink_.write(stream, bytes);
  gathered_.append(bytes);
}

void TagWriter::flush(Stream stream) {
  if (gathered_.empty()) return;
  sink_.write(stream, gathered_);
  gathered_.clear();
}

}  // namespace distaff

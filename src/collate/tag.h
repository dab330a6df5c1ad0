#pragma once

// Writes bytes with a tag and a tab in front of each line.

#include <string>
#include <string_view>

#include "collate/byte_sink.h"

namespace distaff {

class TagWriter {
 public:
  explicit TagWriter(ByteSink& sink) : sink_(sink) {}

  // With `mid_line` the first bytes go on with a line that has its tag.
  void write(Stream stream, std::string_view tag, bool mid_line, std::string_view bytes);

 private:
  void put(Stream stream, std::string_view bytes);
  void flush(Stream stream);

  ByteSink& sink_;
  std::string gathered_;  // empty between calls; saves the sink a call for each tag and line
};

}  // namespace distaff

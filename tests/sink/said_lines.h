#pragma once

// A sink that keeps the program's own lines, for tests.

#include <string>
#include <string_view>
#include <utility>

#include "collate/byte_sink.h"

namespace distaff {

class SaidLines final : public ByteSink {
 public:
  void write(Stream, std::string_view) override {}
  void say(std::string_view lines) override { said += lines; }

  // What was said since the last call.
  std::string take() { return std::exchange(said, {}); }

  std::string said;
};

}  // namespace distaff

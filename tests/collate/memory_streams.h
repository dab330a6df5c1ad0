#pragma once

// A sink that keeps what it gets, for tests of the collator.

#include <string>
#include <string_view>

#include "collate/byte_sink.h"

namespace distaff {

class MemoryStreams final : public ByteSink {
 public:
  explicit MemoryStreams(bool one = false) : one_(one) {}

  void write(Stream stream, std::string_view bytes) override {
    (stream == Stream::out || one_ ? out : err).append(bytes);
    ++writes;
  }
  void settle() override { ++settled; }
  bool one_file() const override { return one_; }

  std::string out;
  std::string err;
  int writes = 0;
  int settled = 0;

 private:
  bool one_;
};

}  // namespace distaff

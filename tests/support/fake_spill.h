#pragma once

// A spill store in memory, whose bytes turn bad once they are released.

#include <algorithm>
#include <string>
#include <string_view>

#include "collate/spill_store.h"

namespace distaff {

class FakeSpill final : public SpillStore {
 public:
  explicit FakeSpill(std::size_t limit) : limit_(limit) {}

  std::size_t room() override {
    if (disk_full || used_ >= limit_) refused_ = true;
    return refused_ ? 0 : limit_ - used_;
  }
  FilePart append(std::string_view bytes) override {
    bytes = bytes.substr(0, room());
    text_ += bytes;
    used_ += bytes.size();
    return {7, text_.size() - bytes.size(), bytes.size()};
  }
  PipeTarget* target() override { return nullptr; }
  FilePart moved(std::size_t) override { return {}; }
  std::size_t read(const FilePart& part, char* buffer, std::size_t size) override {
    if (broken) return 0;
    const std::string_view bytes = std::string_view(text_).substr(part.offset, part.length);
    return bytes.copy(buffer, size);
  }
  void release(const FilePart& part) override {
    std::fill_n(text_.begin() + static_cast<std::ptrdiff_t>(part.offset), part.length, '?');
    used_ -= part.length;
    refused_ = false;
  }

  std::size_t used() const { return used_; }

  bool disk_full = false;
  bool broken = false;

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
  bool refused_ = false;
  std::string text_;
};

}  // namespace distaff

#pragma once

// A spill store in memory that checks how it is used: what is released is poisoned, nothing is
// released twice or beyond what was stored, and the limit is never passed.

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "collate/spill_store.h"
#include "support/pipe_executor.h"

namespace distaff::fake {

class CheckedSpill final : public SpillStore, private PipeTarget {
 public:
  explicit CheckedSpill(Pipes& pipes) : pipes_(pipes) {}

  std::size_t limit = 0;
  std::size_t file_size = 1000;
  bool moves = true;                // there is a target
  std::function<bool()> disk_full;  // now, and until something is released

  std::size_t most_used = 0;
  std::size_t times_full = 0;  // the disk: what was read by then had to go to memory
  std::size_t parts = 0;       // stored and not wholly released
  std::size_t used() const { return used_; }
  std::size_t needed() const {
    std::size_t bytes = 0;
    for (const auto& [fd, file] : files_) bytes += file.needed;
    return bytes;
  }

  std::size_t room() override {
    if (used_ >= limit) refused_ = true;
    return room_now();
  }

  // A disk that is full is known only when it is written.
  FilePart append(std::string_view bytes) override {
    bytes = bytes.substr(0, room_now());
    if (fills_up()) bytes = bytes.substr(0, bytes.size() / 2);
    return store(bytes);
  }

  PipeTarget* target() override { return moves ? this : nullptr; }

  FilePart moved(std::size_t bytes) override {
    if (bytes != moving_) throw std::logic_error("moved() says other than what was moved");
    moving_ = 0;
    return moved_;
  }

  std::size_t read(const FilePart& part, char* buffer, std::size_t size) override {
    const File& file = file_of(part);
    const std::size_t bytes = std::min<std::size_t>(size, part.length);
    file.text.copy(buffer, bytes, part.offset);
    return bytes;
  }

  std::string bytes_of(const FilePart& part, std::size_t most) {
    const File& file = file_of(part);
    return file.text.substr(part.offset, std::min<std::size_t>(most, part.length));
  }

  void release(const FilePart& part) override {
    File& file = file_of(part);
    for (std::size_t i = 0; i < part.length; ++i) {
      if (file.released[part.offset + i]) throw std::logic_error("released twice");
      file.released[part.offset + i] = true;
      if (file.ends[part.offset + i]) --parts;
      file.text[part.offset + i] = static_cast<char>(0xdd);
    }
    file.needed -= part.length;
    if (file.needed > 0) return;
    used_ -= file.text.size();
    refused_ = false;
    files_.erase(part.fd);
  }

 private:
  struct File {
    std::string text;
    std::vector<bool> released;
    std::vector<bool> ends;  // the last byte of a part
    std::size_t needed = 0;
  };

  bool fills_up() {
    if (!disk_full || needed() == 0 || !disk_full()) return false;
    ++times_full;
    return refused_ = true;
  }

  std::size_t room_now() const {
    if (refused_ || used_ >= limit) return 0;
    const auto file = files_.find(last_);
    const std::size_t in_file = file == files_.end() ? 0 : file->second.text.size() % file_size;
    return std::min(limit - used_, file_size - in_file);
  }

  FilePart store(std::string_view bytes) {
    if (bytes.empty()) return {};
    auto file = files_.find(last_);
    if (file == files_.end() || file->second.text.size() >= file_size) {
      file = files_.try_emplace(++last_).first;
    }
    const FilePart part{last_, file->second.text.size(), bytes.size()};
    file->second.text.append(bytes);
    file->second.released.resize(file->second.text.size());
    file->second.ends.resize(file->second.text.size());
    file->second.ends.back() = true;
    file->second.needed += bytes.size();
    used_ += bytes.size();
    most_used = std::max(most_used, used_);
    if (used_ > limit) throw std::logic_error("beyond the limit");
    ++parts;
    return part;
  }

  Moved take_from(int pipe, std::size_t most) override {
    if (moving_ > 0) throw std::logic_error("bytes were moved, and nobody said so");
    Pipe& from = pipes_[static_cast<std::size_t>(pipe)];
    most = std::min(most, room_now());
    if (most == 0 || fills_up()) return {0, Moved::Why::full};
    const std::string_view bytes = from.take(most);
    moving_ = bytes.size();
    moved_ = store(bytes);
    return from.moved(bytes.size(), most);
  }

  File& file_of(const FilePart& part) {
    const auto file = files_.find(part.fd);
    if (file == files_.end() || part.offset + part.length > file->second.text.size()) {
      throw std::logic_error("a part that is not there (any more)");
    }
    return file->second;
  }

  Pipes& pipes_;
  std::map<int, File> files_;
  int last_ = 1000;
  std::size_t used_ = 0;
  bool refused_ = false;
  std::size_t moving_ = 0;
  FilePart moved_;
};

}  // namespace distaff::fake

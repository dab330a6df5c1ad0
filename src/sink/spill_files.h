#pragma once

// Output that is held back and finds no room in memory, in files without a name.
//
// A row of files, each appended to until it has its size, and closed when nothing in it is needed
// any more; so the disk is given back in steps, on any file system, without punching holes.  What
// was written once is never written again, truncated or punched: the kernel hands the file's own
// pages to whoever reads our stdout from a pipe, and would change them under the reader.
//
// Files are opened with the first byte: a run that never spills touches no disk.

#include <cstdint>
#include <deque>
#include <string>

#include "base/unique_fd.h"
#include "collate/spill_store.h"

namespace distaff {

class SpillFiles final : public SpillStore, private PipeTarget {
 public:
  static constexpr std::uint64_t kFileSize = std::uint64_t{64} << 20;

  // At most `limit` bytes of disk, in files in `directory`.
  SpillFiles(std::string directory, std::uint64_t limit);
  ~SpillFiles() override;

  std::size_t room() override;
  FilePart append(std::string_view bytes) override;
  PipeTarget* target() override { return can_splice_ ? this : nullptr; }
  FilePart moved(std::size_t bytes) override;
  std::size_t read(const FilePart& part, char* buffer, std::size_t size) override;
  void release(const FilePart& part) override;
  std::string take_failure() override;

  // Bytes of disk that are in use.
  std::uint64_t used() const { return used_; }

 private:
  struct File {
    UniqueFd fd;
    std::uint64_t written = 0;
    std::uint64_t needed = 0;
  };

  Moved take_from(int pipe, std::size_t most) override;
  bool prepare();
  void refuse(int error);
  void close_used_up();

  std::string directory_;
  std::uint64_t limit_;
  std::uint64_t file_size_;
  std::deque<File> files_;  // the last one is appended to
  std::uint64_t used_ = 0;
  bool refused_ = false;  // until something is released
  bool can_splice_ = true;
  int error_ = 0;  // to be told
  bool told_ = false;
};

}  // namespace distaff

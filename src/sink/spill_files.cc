#include "sink/spill_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "os/unnamed_file.h"

namespace distaff {

namespace {

// Small limits are used in steps too, or the disk would be given back only when all is consumed.
constexpr std::uint64_t kSteps = 4;
constexpr std::uint64_t kLeastFile = std::uint64_t{64} << 10;

}  // namespace

SpillFiles::SpillFiles(std::string directory, std::uint64_t limit)
    : directory_(std::move(directory)),
      limit_(limit),
      file_size_(std::clamp(limit / kSteps, std::min(limit, kLeastFile), kFileSize)) {}

SpillFiles::~SpillFiles() = default;

std::size_t SpillFiles::room() {
  if (refused_ || used_ >= limit_) {
    refused_ = true;
    return 0;
  }
  const bool fits = !files_.empty() && files_.back().written < file_size_;
  const std::uint64_t in_file = fits ? file_size_ - files_.back().written : file_size_;
  return static_cast<std::size_t>(std::min(in_file, limit_ - used_));
}

// A file with room at its end.
bool SpillFiles::prepare() {
  if (room() == 0) return false;
  if (!files_.empty() && files_.back().written < file_size_) return true;
  UniqueFd fd = open_unnamed_file(directory_);
  if (!fd) {
    refuse(errno);
    return false;
  }
  files_.push_back({std::move(fd), 0, 0});
  return true;
}

void SpillFiles::refuse(int error) {
  refused_ = true;
  if (error != ENOSPC && error != EDQUOT && error != EFBIG) error_ = error;
}

FilePart SpillFiles::append(std::string_view bytes) {
  if (!prepare()) return {};
  File& file = files_.back();
  bytes = bytes.substr(0, room());
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(file.fd.get(), bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(file.written + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      refuse(put < 0 ? errno : ENOSPC);
      break;
    }
    done += static_cast<std::size_t>(put);
  }
  return moved(done);
}

PipeTarget::Moved SpillFiles::take_from(int pipe, std::size_t most) {
  if (!prepare()) return {0, Moved::Why::full};
  File& file = files_.back();
  most = std::min(most, room());
  std::size_t done = 0;
  while (done < most) {
    auto place = static_cast<off64_t>(file.written + done);
    const ssize_t got = ::splice(pipe, nullptr, file.fd.get(), &place, most - done,
                                 SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
      continue;
    }
    if (got == 0) return {done, Moved::Why::ended};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {done, Moved::Why::empty};
    if (errno == EINVAL) {
      can_splice_ = false;
      return {done, Moved::Why::refused};
    }
    refuse(errno);
    return {done, Moved::Why::full};
  }
  return {done, Moved::Why::most};
}

FilePart SpillFiles::moved(std::size_t bytes) {
  File& file = files_.back();
  const FilePart part{file.fd.get(), file.written, bytes};
  file.written += bytes;
  file.needed += bytes;
  used_ += bytes;
  return part;
}

std::size_t SpillFiles::read(const FilePart& part, char* buffer, std::size_t size) {
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, part.length));
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(part.fd, buffer + done, size - done, static_cast<off_t>(part.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void SpillFiles::release(const FilePart& part) {
  for (File& file : files_) {
    if (file.fd.get() != part.fd) continue;
    file.needed -= part.length;
    if (file.needed == 0) close_used_up();
    return;
  }
}

// Also the one that is appended to: a little disk in use at the end of a long run is none.
void SpillFiles::close_used_up() {
  for (auto file = files_.begin(); file != files_.end();) {
    if (file->needed > 0) {
      ++file;
      continue;
    }
    used_ -= file->written;
    refused_ = false;
    file = files_.erase(file);
  }
}

std::string SpillFiles::take_failure() {
  if (error_ == 0 || std::exchange(told_, true)) return {};
  return fmt::format("cannot hold output back in {}: {}; --spill-dir names another directory",
                     printable(directory_), std::strerror(error_));
}

}  // namespace distaff

#include "os/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "os/replace_file.h"

namespace distaff {

WholeFile::WholeFile(std::string target, std::string aside)
    : target_(std::move(target)), aside_(std::move(aside)) {}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : target_(std::move(other.target_)),
      aside_(std::move(other.aside_)),
      file_(std::move(other.file_)),
      is_aside_(std::exchange(other.is_aside_, false)) {}

WholeFile::~WholeFile() {
  if (is_aside_) ::unlink(aside_.c_str());
}

int WholeFile::open() {
  if (can_link_unnamed()) {
    const std::string directory = directory_of(target_);
    file_.reset(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
    if (file_) return 0;
  }
  file_.reset(::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  is_aside_ = static_cast<bool>(file_);
  return is_aside_ ? 0 : errno;
}

int WholeFile::name_aside() {
  if (is_aside_) return 0;
  const int error = link_unnamed(file_.get(), AT_FDCWD, aside_);
  is_aside_ = error == 0;
  return error;
}

int WholeFile::publish() {
  if (const int error = error_of_closing(file_.get())) return error;
  if (!is_aside_) {
    const int error = link_unnamed(file_.get(), AT_FDCWD, target_);
    if (error != EEXIST) return error;
  }
  if (const int error = name_aside()) return error;
  if (::rename(aside_.c_str(), target_.c_str()) != 0) return errno;
  is_aside_ = false;
  return 0;
}

int WholeFile::publish_aside() {
  const int error = name_aside();
  is_aside_ = false;
  return error;
}

// By its descriptor it is a path less to walk, which Linux lets those do who opened it from 6.10
// on, and root before.
int link_unnamed(int file, int folder, const std::string& name) {
  static bool by_descriptor = true;
  if (by_descriptor) {
    if (::linkat(file, "", folder, name.c_str(), AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOENT && errno != EPERM) return errno;
    by_descriptor = false;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  return ::linkat(AT_FDCWD, path.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

bool can_link_unnamed() { return ::access("/proc/self/fd", X_OK) == 0; }

bool knows_no_unnamed_files(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

int error_of_closing(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 || ::close(copy) == 0 ? 0 : errno;
}

}  // namespace distaff

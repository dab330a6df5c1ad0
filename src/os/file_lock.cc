#include "os/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace distaff {
namespace {

constexpr const char* kFile = "/locks";

// The same in every build and version, as runs of several must agree.  FNV-1a, and then every bit
// made to depend on every other.
class StableHash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) {
      state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
  }
  std::uint64_t value() const {
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

struct flock one_byte(short type, std::uint64_t place) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(place);
  range.l_len = 1;
  return range;
}

}  // namespace

Expected<FileLocks> FileLocks::open() { return open_in(fmt::format("/tmp/distaff-{}", geteuid())); }

Expected<FileLocks> FileLocks::open_in(const std::string& directory) {
  FileLocks locks(directory);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return locks.cannot(std::strerror(errno));
  }
  locks.guard_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!locks.guard_ || fstat(locks.guard_.get(), &status) != 0) {
    return locks.cannot(errno == ELOOP || errno == ENOTDIR ? "it is no directory; remove it"
                                                           : std::strerror(errno));
  }
  if (status.st_uid != geteuid()) {
    return locks.cannot("it belongs to another user; have it removed");
  }
  if ((status.st_mode & 0077) != 0) {
    return locks.cannot("others may use it; close it to them by chmod 700");
  }
  // Those who tidy /tmp by age (systemd-tmpfiles) leave out directories that somebody has locked.
  flock(locks.guard_.get(), LOCK_SH | LOCK_NB);
  const auto opened = locks.open_file();
  if (!opened) return tl::unexpected(opened.error());
  return locks;
}

Expected<void> FileLocks::open_file() {
  const std::string path = directory_ + kFile;
  file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) return cannot(std::strerror(errno));
  return {};
}

tl::unexpected<Error> FileLocks::cannot(const char* what) const {
  return fail(fmt::format("cannot keep locks in {}: {}", printable(directory_), what));
}

// Kept to 62 bits, as an offset in a file and the end of the range are signed.
FileLocks::Place FileLocks::place_of(std::string_view kind, std::string_view name) {
  StableHash hash;
  hash.add(kind);
  hash.add(std::string_view("\0", 1));
  hash.add(name);
  return hash.value() >> 2;
}

bool FileLocks::was_removed() const {
  struct stat ours {
  }, named{};
  return fstat(file_.get(), &ours) == 0 &&
         (lstat((directory_ + kFile).c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
          ours.st_dev != named.st_dev);
}

Expected<bool> FileLocks::lock(Place place) {
  struct flock range = one_byte(F_WRLCK, place);
  while (fcntl(file_.get(), F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) return cannot(std::strerror(errno));
  }
  return true;
}

Expected<bool> FileLocks::take(std::string_view kind, std::string_view name) {
  const Place place = place_of(kind, name);
  if (const auto ours = held_.find(place); ours != held_.end()) {
    ++ours->second;
    return true;
  }
  while (true) {
    auto taken = lock(place);
    if (!taken) return taken;
    // Whoever comes later opens the file that has the name: a lock on another one is none.
    if (held_.empty() && was_removed()) {
      const auto opened = open_file();
      if (!opened) return tl::unexpected(opened.error());
      continue;
    }
    if (*taken) held_.emplace(place, 1);
    return taken;
  }
}

void FileLocks::give_back(std::string_view kind, std::string_view name) {
  const auto ours = held_.find(place_of(kind, name));
  if (ours == held_.end() || --ours->second > 0) return;
  struct flock range = one_byte(F_UNLCK, ours->first);
  fcntl(file_.get(), F_OFD_SETLK, &range);
  held_.erase(ours);
}

}  // namespace distaff

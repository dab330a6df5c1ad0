#include "os/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

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

std::vector<std::string> places_of_user() {
  std::vector<std::string> directories;
  for (const char* const common : {"/tmp", "/var/tmp", "/dev/shm"}) {
    directories.push_back(fmt::format("{}/distaff-{}", common, geteuid()));
  }
  return directories;
}

}  // namespace

Expected<FileLocks> FileLocks::open() { return open_in(places_of_user()); }

int FileLocks::descriptors() { return descriptors_in(places_of_user()); }

int FileLocks::descriptors_in(const std::vector<std::string>& directories) {
  const auto ours =
      std::count_if(directories.begin(), directories.end(), [](const std::string& directory) {
        struct stat status {};
        return lstat(directory.c_str(), &status) == 0 && status.st_uid == geteuid();
      });
  return 2 * std::max(1, static_cast<int>(ours));
}

Expected<FileLocks> FileLocks::open_in(std::vector<std::string> directories) {
  std::vector<Place> all;
  for (std::string& directory : directories) all.push_back({std::move(directory), {}, {}, {}});
  const auto look = [&all] {
    for (Place& place : all) place.look();
  };
  const auto is_ours = [](const Place& place) { return static_cast<bool>(place.file); };
  look();
  if (std::none_of(all.begin(), all.end(), is_ours)) {
    // Also if another run of ours has made it a moment ago.
    static_cast<void>(
        std::any_of(all.begin(), all.end(), [](Place& place) { return place.make(); }));
    look();
  }
  FileLocks locks;
  std::string refusals;
  for (Place& place : all) {
    if (!is_ours(place)) {
      refusals += (refusals.empty() ? "" : "; ") + place.refusal;
      continue;
    }
    // /var/tmp may be a link to /tmp.
    const bool known = std::any_of(locks.places_.begin(), locks.places_.end(), [&](const Place& p) {
      return p.device == place.device && p.inode == place.inode;
    });
    if (!known) locks.places_.push_back(std::move(place));
  }
  if (locks.places_.empty()) return fail(refusals);
  return locks;
}

// ---- places

void FileLocks::Place::look() {
  if (file) return;
  refusal.clear();
  guard.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!guard || fstat(guard.get(), &status) != 0) {
    const bool other = errno == ELOOP || errno == ENOTDIR;
    refusal = cannot(other ? "it is no directory; remove it" : std::strerror(errno));
  } else if (status.st_uid != geteuid()) {
    refusal = cannot("it belongs to another user; have it removed");
  } else if ((status.st_mode & 0077) != 0) {
    refusal = cannot("others may use it; close it to them by chmod 700");
  } else if (const auto opened = open_file(); !opened) {
    refusal = opened.error().message;
  } else {
    device = status.st_dev;
    inode = status.st_ino;
    // Those who tidy /tmp by age (systemd-tmpfiles) leave out directories that somebody has locked.
    flock(guard.get(), LOCK_SH | LOCK_NB);
  }
}

// True if it is ours then.
bool FileLocks::Place::make() {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    refusal = cannot(std::strerror(errno));
    return false;
  }
  look();
  return static_cast<bool>(file);
}

Expected<void> FileLocks::Place::open_file() {
  const std::string path = directory + kFile;
  file.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail(cannot(std::strerror(errno)));
  return {};
}

std::string FileLocks::Place::cannot(const char* what) const {
  return fmt::format("cannot keep locks in {}: {}", printable(directory), what);
}

bool FileLocks::Place::was_removed() const {
  struct stat ours {
  }, named{};
  return fstat(file.get(), &ours) == 0 &&
         (lstat((directory + kFile).c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
          ours.st_dev != named.st_dev);
}

Expected<bool> FileLocks::Place::lock(Offset offset) const {
  struct flock range = one_byte(F_WRLCK, offset);
  while (fcntl(file.get(), F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) return fail(cannot(std::strerror(errno)));
  }
  return true;
}

void FileLocks::Place::unlock(Offset offset) const {
  struct flock range = one_byte(F_UNLCK, offset);
  fcntl(file.get(), F_OFD_SETLK, &range);
}

// `first`: nothing else is held, so that the file may be another one.
Expected<bool> FileLocks::Place::take(Offset offset, bool first) {
  while (true) {
    auto taken = lock(offset);
    // Whoever comes later opens the file that has the name: a lock on another one is none.
    if (!taken || !first || !was_removed()) return taken;
    const auto opened = open_file();
    if (!opened) return tl::unexpected(opened.error());
  }
}

// ---- names

// Kept to 62 bits, as an offset in a file and the end of the range are signed.
FileLocks::Offset FileLocks::offset_of(std::string_view kind, std::string_view name) {
  StableHash hash;
  hash.add(kind);
  hash.add(std::string_view("\0", 1));
  hash.add(name);
  return hash.value() >> 2;
}

// In all places, always in the same order, or in none.
Expected<bool> FileLocks::lock_all(Offset offset) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    auto taken = places_[i].take(offset, held_.empty());
    if (taken && *taken) continue;
    while (i-- > 0) places_[i].unlock(offset);
    return taken;
  }
  return true;
}

Expected<bool> FileLocks::take(std::string_view kind, std::string_view name) {
  const Offset offset = offset_of(kind, name);
  if (const auto ours = held_.find(offset); ours != held_.end()) {
    ++ours->second;
    return true;
  }
  auto taken = lock_all(offset);
  if (taken && *taken) held_.emplace(offset, 1);
  return taken;
}

void FileLocks::give_back(std::string_view kind, std::string_view name) {
  const auto ours = held_.find(offset_of(kind, name));
  if (ours == held_.end() || --ours->second > 0) return;
  for (const Place& place : places_) place.unlock(ours->first);
  held_.erase(ours);
}

}  // namespace distaff

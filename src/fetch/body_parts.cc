#include "fetch/body_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "base/numbers.h"
#include "fetch/body_name.h"
#include "os/folders.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

constexpr const char* kParts = "parts";
const std::string kKnown = ".of";
constexpr std::size_t kMostKnown = 32 << 10;   // bytes of such a file
constexpr time_t kMostAge = 7 * 24 * 60 * 60;  // of what nobody continues
constexpr int kMostTries = 10;                 // until other runs leave our folders alone

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd), ::closedir);
  if (!listing) return names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

// Opens a folder so that it can be locked; empty, with errno.
UniqueFd open_for_lock(int directory, const std::string& name) {
  return UniqueFd(
      ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool is_still(int directory, const std::string& name, int fd) {
  struct stat named {
  }, opened{};
  return ::fstatat(directory, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
         named.st_dev == opened.st_dev;
}

std::string new_run_name() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return "run-" + std::to_string(::getpid()) + "-" + std::to_string(now.tv_sec) + "-" +
         std::to_string(now.tv_nsec);
}

std::string name_of(std::string_view request) { return hash_of_url(request).hex(); }

bool write_small_file(int folder, const std::string& name, std::string_view text) {
  ::unlinkat(folder, name.c_str(), 0);
  const UniqueFd file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string read_small_file(int folder, const std::string& name) {
  const UniqueFd file(
      ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  std::string text(kMostKnown + 1, '\0');
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.size() > kMostKnown ? std::string() : text;
}

// The next line; without its end it is none, as of a file that was not written to its end.
std::string take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return {};
  std::string line(text.substr(0, end));
  text.remove_prefix(end + 1);
  return line;
}

// All but the count of bytes; nothing, if some of it cannot be written.
std::optional<std::string> text_of(const BodyStore::Part& part) {
  std::string text;
  for (const std::string& line : {part.validator, part.total ? std::to_string(*part.total) : "",
                                  part.url, part.mime, part.etag, part.last_modified}) {
    if (line.find('\n') != line.npos) return {};
    text += line + "\n";
  }
  return text.size() <= kMostKnown ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace

int GrowingFile::move(int to, const std::string& free_name) {
  if (folder < 0) {
    if (const int error = link_unnamed(file.get(), to, free_name)) return error;
  } else if (::renameat2(folder, name.c_str(), to, free_name.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // A file system that cannot do it in one step.
    if (::linkat(folder, name.c_str(), to, free_name.c_str(), 0) != 0) return errno;
    ::unlinkat(folder, name.c_str(), 0);
  }
  folder = to;
  name = free_name;
  return 0;
}

int GrowingFile::move_over(int to, const std::string& new_name) {
  if (::renameat(folder, name.c_str(), to, new_name.c_str()) != 0) return errno;
  folder = to;
  name = new_name;
  return 0;
}

void GrowingFile::remove_name() {
  if (folder >= 0) ::unlinkat(folder, name.c_str(), 0);
  folder = -1;
}

std::string request_key(const Request& request) {
  std::string key = request.url;
  for (const std::string& line : request.headers) key += "\n" + line;
  return key;
}

BodyParts::BodyParts(int directory) : directory_(directory) {
  own_.reset(::openat(directory_, std::string(kOwnFolder).c_str(),
                      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!own_) return;
  remove_leftovers();
  read_parts();
}

BodyParts::~BodyParts() {
  if (!own_) return;
  if (run_) ::unlinkat(own_.get(), run_name_.c_str(), AT_REMOVEDIR);
  if (parts_) {
    remove_useless_parts();
    ::unlinkat(own_.get(), kParts, AT_REMOVEDIR);
  }
  ::unlinkat(directory_, std::string(kOwnFolder).c_str(), AT_REMOVEDIR);
}

void BodyParts::remove_leftovers() {
  for (const std::string& name : names_in(own_.get())) {
    if (name.starts_with("run-")) remove_leftovers_in(name);
  }
}

// A run that lives holds the lock.
void BodyParts::remove_leftovers_in(const std::string& run) {
  const UniqueFd folder = open_for_lock(own_.get(), run);
  if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return;
  for (const std::string& name : names_in(folder.get())) {
    if (name.ends_with(".part")) ::unlinkat(folder.get(), name.c_str(), 0);
  }
  ::unlinkat(own_.get(), run.c_str(), AT_REMOVEDIR);
}

int BodyParts::run_folder() {
  // The next run may take a new folder, before it is locked, for one that was left behind.
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (run_ && is_still(own_.get(), run_name_, run_.get())) return run_.get();
    if (!own_) own_ = open_folder(directory_, std::string(kOwnFolder));
    if (!own_) return -1;
    run_name_ = new_run_name();
    if (::mkdirat(own_.get(), run_name_.c_str(), 0777) != 0 && errno != EEXIST) {
      if (errno != ENOENT) return -1;
      own_.reset();  // another run that ended has removed it
      continue;
    }
    run_ = open_for_lock(own_.get(), run_name_);
    if (!run_ && errno != ENOENT) return -1;
    if (run_ && ::flock(run_.get(), LOCK_EX | LOCK_NB) != 0) run_.reset();
  }
  return -1;
}

bool BodyParts::open_folder_of_parts() {
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (parts_ && is_still(own_.get(), kParts, parts_.get())) return true;
    if (!own_ || tries > 0) own_ = open_folder(directory_, std::string(kOwnFolder));
    if (!own_) return false;
    parts_ = open_folder(own_.get(), kParts);
    if (!parts_ && errno != ENOENT) return false;
    if (parts_) share_parts();
  }
  return false;
}

// Waits for one that is removing what nobody wants, which is over soon.
void BodyParts::share_parts() {
  used_ = open_for_lock(own_.get(), kParts);
  while (used_ && ::flock(used_.get(), LOCK_SH) != 0 && errno == EINTR) continue;
}

void BodyParts::read_parts() {
  parts_.reset(::openat(own_.get(), kParts, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parts_) return;
  share_parts();
  for (std::string& name : names_in(parts_.get())) {
    if (!name.ends_with(kKnown)) kept_.insert(std::move(name));
  }
}

// Locked; nothing, with errno.
std::optional<GrowingFile> BodyParts::open_part(const std::string& name) {
  GrowingFile part{{}, parts_.get(), name};
  part.file.reset(
      ::openat(part.folder, name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!part.file || ::flock(part.file.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  struct stat status {};
  if (::fstat(part.file.get(), &status) != 0) return std::nullopt;
  // Another may have made a body of it before we had the lock.
  errno = EWOULDBLOCK;
  if (!S_ISREG(status.st_mode) || !is_still(part.folder, name, part.file.get()))
    return std::nullopt;
  return part;
}

std::optional<BodyStore::Part> BodyParts::find(std::string_view request) {
  const std::string name = kept_.empty() ? "" : name_of(request);
  if (!kept_.contains(name)) return std::nullopt;
  const auto part = open_part(name);
  return part ? read_part(name, part->file.get()) : std::nullopt;
}

// Of one that is locked.
std::optional<BodyStore::Part> BodyParts::read_part(const std::string& name, int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || status.st_size == 0) return std::nullopt;
  const std::string known = read_small_file(parts_.get(), name + kKnown);
  std::string_view rest = known;
  BodyStore::Part part;
  part.bytes = static_cast<std::uint64_t>(status.st_size);
  part.validator = take_line(rest);
  const std::string total = take_line(rest);
  part.url = take_line(rest);
  if (part.validator.empty() || part.url.empty()) return std::nullopt;
  if (const auto number = parse_count(total, UINT64_MAX)) part.total = *number;
  part.mime = take_line(rest);
  part.etag = take_line(rest);
  part.last_modified = take_line(rest);
  return part;
}

// Removes what was kept under this name, unless another is at it.  The validator goes first: bytes
// without one are not continued, but a validator must never be that of other bytes.
bool BodyParts::make_room(const std::string& name) {
  const auto old = open_part(name);
  if (!old && errno == EWOULDBLOCK) return false;
  ::unlinkat(parts_.get(), (name + kKnown).c_str(), 0);
  ::unlinkat(parts_.get(), name.c_str(), 0);
  return true;
}

bool BodyParts::keep(GrowingFile& file, std::string_view request, const BodyStore::Part& part) {
  const auto known = text_of(part);
  const std::string name = name_of(request);
  if (!known || !open_folder_of_parts() || !make_room(name)) return false;
  if (::flock(file.file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  errno = file.move(parts_.get(), name);
  if (errno != 0) return false;
  kept_.insert(name);
  outdated_.erase(name);
  write_small_file(parts_.get(), name + kKnown, *known);
  return true;
}

std::optional<GrowingFile> BodyParts::go_on(std::string_view request, const BodyStore::Part& part) {
  if (!parts_) return std::nullopt;
  const std::string name = name_of(request);
  auto file = open_part(name);
  const auto there = file ? read_part(name, file->file.get()) : std::nullopt;
  const auto offset = static_cast<off_t>(part.bytes);
  if (!there || there->bytes < part.bytes || text_of(*there) != text_of(part) ||
      ::ftruncate(file->file.get(), offset) != 0 ||
      ::lseek(file->file.get(), offset, SEEK_SET) != offset) {
    return std::nullopt;
  }
  return file;
}

void BodyParts::forget(const std::string& name) {
  kept_.erase(name);
  ::unlinkat(parts_.get(), (name + kKnown).c_str(), 0);
}

std::string BodyParts::name_of_kept(std::string_view request) const {
  if (kept_.empty()) return {};
  std::string name = name_of(request);
  return kept_.contains(name) ? name : std::string();
}

void BodyParts::outdate(std::string name) { outdated_.insert(std::move(name)); }

// If no other run is at work here: with the lock for us alone none can begin to be.
void BodyParts::remove_useless_parts() {
  if (!used_ || ::flock(used_.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (!is_still(own_.get(), kParts, used_.get()) || !is_still(own_.get(), kParts, parts_.get()))
    return;
  const time_t oldest = ::time(nullptr) - kMostAge;
  struct stat status {};
  for (std::string name : names_in(parts_.get())) {
    if (name.ends_with(kKnown)) {
      name.resize(name.size() - kKnown.size());
      const int part = ::fstatat(parts_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
      if (part != 0) ::unlinkat(parts_.get(), (name + kKnown).c_str(), 0);
    } else if (::fstatat(parts_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
               (status.st_mtime < oldest || outdated_.contains(name))) {
      make_room(name);
    }
  }
}

}  // namespace distaff

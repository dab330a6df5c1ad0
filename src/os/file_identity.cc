#include "os/file_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/numbers.h"
#include "os/replace_file.h"

namespace distaff {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit

FileIdentity identity_of(const struct stat& status) {
  using Kind = FileIdentity::Kind;
  const bool file = S_ISREG(status.st_mode) || S_ISBLK(status.st_mode);
  const Kind kind = file ? Kind::file : S_ISFIFO(status.st_mode) ? Kind::fifo : Kind::other;
  return {status.st_dev, status.st_ino, {}, kind};
}

// Where a link leads, one step; nothing if it is none.
std::optional<std::string> step(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  if (length <= 0) return std::nullopt;
  std::string next(target, static_cast<std::size_t>(length));
  return next.front() == '/' ? next : directory_of(path) + "/" + next;
}

std::string name_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string real_directory(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(directory_of(path).c_str(), nullptr),
                                                    std::free);
  return real ? real.get() : "";
}

}  // namespace

// A link to nowhere is followed by O_CREAT, to the file that is made.
std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return identity_of(status);
  if (errno != ENOENT) return std::nullopt;
  std::string made = path;
  for (int links = 0; const auto next = step(made); ++links) {
    if (links == kMostLinks) return std::nullopt;
    made = *next;
  }
  const std::string name = name_in(made);
  if (name.empty() || ::stat(directory_of(made).c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, name, FileIdentity::Kind::file};
}

std::optional<FileIdentity> identity_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return std::nullopt;
  return identity_of(status);
}

std::optional<int> descriptor_named(const std::string& path) {
  const std::string ours = real_directory("/proc/self/fd/");
  std::string at = path;
  for (int links = 0; !ours.empty() && links < kMostLinks; ++links) {
    if (real_directory(at) == ours) {
      const auto number = parse_count(name_in(at), INT_MAX);
      return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
    }
    const auto next = step(at);
    if (!next) break;
    at = *next;
  }
  return std::nullopt;
}

}  // namespace distaff

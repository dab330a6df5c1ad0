#include "os/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"
#include "os/unnamed_file.h"
#include "os/whole_file.h"

namespace distaff {
namespace {

// A link leads to the file that is meant.
std::string real_path(const std::string& path) {
  char* const found = ::realpath(path.c_str(), nullptr);
  if (found == nullptr) return path;
  std::string real = found;
  std::free(found);
  return real;
}

tl::unexpected<Error> cannot_write(const std::string& path, int error) {
  return fail(fmt::format("cannot write {}: {}; name a file in a directory you may write to",
                          shell_quote(path), std::strerror(error)),
              3);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Expected<void> write_in_place(const std::string& path, std::string_view content) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  return file && write_all(file.get(), content) ? Expected<void>() : cannot_write(path, errno);
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Expected<void> replace_file(const std::string& path, std::string_view content) {
  struct stat old {};
  const bool there = ::stat(path.c_str(), &old) == 0;
  if (there && !S_ISREG(old.st_mode)) return write_in_place(path, content);
  const std::string target = real_path(path);
  const std::string beside = fmt::format("{}.{}.part", target, getpid());
  ::unlink(beside.c_str());
  WholeFile file(target, beside);
  if (const int error = file.open()) return cannot_write(path, error);
  if (there) ::fchmod(file.fd(), old.st_mode & 0777);
  if (!write_all(file.fd(), content)) return cannot_write(path, errno);
  const int error = file.publish();
  return error == 0 ? Expected<void>() : cannot_write(path, error);
}

std::string read_file(const std::string& path, std::size_t most) {
  std::string content;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return content;
  content.resize(most);
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(file.get(), content.data() + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

Expected<void> check_replaceable(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return fail(fmt::format("{} is not a file; name one", shell_quote(path)));
  }
  return check_writable_directory(directory_of(real_path(path)));
}

Expected<void> touch_file(const std::string& path) {
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
  if (!file || ::futimens(file.get(), nullptr) != 0) return cannot_write(path, errno);
  return {};
}

}  // namespace distaff

#include "os/unnamed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace distaff {

UniqueFd open_unnamed_file(const std::string& directory) {
  UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
  // File systems without O_TMPFILE, and kernels that do not know it, say one of these three.  For a
  // moment there is a name then.
  std::string path = directory + "/distaff-XXXXXX";
  file.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (file) ::unlink(path.c_str());
  return file;
}

Expected<void> check_writable_directory(const std::string& directory) {
  struct stat status {};
  const auto refuse = [&](const char* why) {
    return fail(
        fmt::format("{}: {}; name a directory you may write to", printable(directory), why));
  };
  if (::stat(directory.c_str(), &status) != 0) return refuse(std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) return refuse("not a directory");
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return refuse(std::strerror(errno));
  }
  return {};
}

}  // namespace distaff

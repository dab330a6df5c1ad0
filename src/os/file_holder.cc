#include "os/file_holder.h"

#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "base/pieces.h"
#include "os/file_text.h"

namespace distaff {

// "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF", where the last number is the inode's.  The
// device is not compared: some file systems have another one here than for stat().
int flock_holder(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return 0;
  const std::string locks = text_of_file("/proc/locks").value_or("");
  for (const std::string_view line : pieces_of(locks, '\n')) {
    int pid = 0;
    unsigned long long inode = 0;
    if (std::sscanf(std::string(line).c_str(), "%*s FLOCK %*s WRITE %d %*x:%*x:%llu", &pid,
                    &inode) != 2)
      continue;
    if (inode == status.st_ino && pid > 0) return pid;
  }
  return 0;
}

}  // namespace distaff

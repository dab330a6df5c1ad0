#include "os/fatal.h"

#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace distaff {

void die_of_errno(const char* what) {
  const int error = errno;
  const char* why = strerrordesc_np(error);
  const std::string line =
      std::string("distaff: ") + what + ": " + (why != nullptr ? why : "unknown error") + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
  _exit(3);
}

}  // namespace distaff

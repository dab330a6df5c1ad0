#include "os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace distaff {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool is_plain_text_wanted() {
  const std::string_view term = variable("TERM");
  return term.empty() || term == "dumb" || !variable("NO_COLOR").empty();
}

// A terminal that is not our session's (ENOTTY) has no foreground that we could be out of.
bool is_in_background(int fd) {
  const pid_t foreground = tcgetpgrp(fd);
  return foreground < 0 ? errno != ENOTTY : foreground != getpgrp();
}

}  // namespace

Terminal::Terminal(int fd) : fd_(fd), can_draw_(!is_plain_text_wanted() && isatty(fd) == 1) {}

int Terminal::columns() const {
  winsize size{};
  if (!can_draw_ || is_in_background(fd_) || ioctl(fd_, TIOCGWINSZ, &size) < 0) return 0;
  return size.ws_col == 0 ? 80 : size.ws_col;
}

}  // namespace distaff

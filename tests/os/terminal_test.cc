#include "os/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "os/byte_writer.h"

namespace distaff::terminal_test {
namespace {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : user(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    grantpt(user.get());
    unlockpt(user.get());
    fd.reset(open(ptsname(user.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }

  void resize(unsigned short columns) const {
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(fd.get(), TIOCSWINSZ, &size);
  }

  UniqueFd user, fd;
};

TEST_F(TerminalTest, KnowsItsColumnsOfNow) {
  const Terminal terminal(fd.get());
  EXPECT_TRUE(terminal.can_draw());
  resize(120);
  EXPECT_EQ(terminal.columns(), 120);
  resize(20);
  EXPECT_EQ(terminal.columns(), 20);
  resize(0);
  EXPECT_EQ(terminal.columns(), 80);
}

TEST_F(TerminalTest, IsNotDrawnOnIfTheUserWantsPlainText) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(Terminal(fd.get()).can_draw());
  EXPECT_EQ(Terminal(fd.get()).columns(), 0);
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(Terminal(fd.get()).can_draw());
}

TEST_F(TerminalTest, IsNotDrawnOnIfItKnowsNoControlSequences) {
  for (const char* const term : {"dumb", ""}) {
    setenv("TERM", term, 1);
    EXPECT_FALSE(Terminal(fd.get()).can_draw());
  }
  unsetenv("TERM");
  EXPECT_FALSE(Terminal(fd.get()).can_draw());
}

TEST_F(TerminalTest, IsNoFileAndNoPipe) {
  const UniqueFd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(Terminal(null.get()).can_draw());
  EXPECT_EQ(Terminal(null.get()).columns(), 0);
}

TEST_F(TerminalTest, HasNoColumnsOnceItHasGone) {
  const Terminal terminal(fd.get());
  user.reset();
  EXPECT_EQ(terminal.columns(), 0);
}

// In a session of its own, whose terminal the test's becomes.
void has_columns_in_the_foreground_only(int fd) {
  setsid();
  ioctl(fd, TIOCSCTTY, 0);
  const Terminal terminal(fd);
  const bool front = terminal.columns() == 80;
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    _exit(terminal.columns() == 0 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  // And its other name is the same place.
  const int other = open("/dev/tty", O_WRONLY);
  _exit(front && status == 0 && same_destination(fd, other) ? 0 : 1);
}

TEST_F(TerminalTest, IsTheShellsWhileWeAreInTheBackground) {
  EXPECT_EXIT(has_columns_in_the_foreground_only(fd.get()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace distaff::terminal_test

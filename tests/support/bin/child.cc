// A program for tests to start as a job.  `child WHAT [ARG]...`:
//
//   report            how it was started, as "name=value" lines on stdout
//   write out|err N   N bytes to the stream, a pattern of lines
//   wait FIFO         until all writers of the FIFO are gone
//   stubborn FIFO     the same, ignoring TERM, INT and HUP; writes "ready" first
//   leave FIFO        leaves a child behind that holds stdout until the FIFO closes, then writes
//                     "late" to it; writes "gone" and exits at once
//   ask [stubborn]    reads a line from /dev/tty and repeats it; stubborn: ignores TERM, asks again
//   flood             leaves a child behind that writes to stdout without end

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

void say(const std::string& text) {
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, text.data(), text.size());
}

std::string open_descriptors() {
  std::vector<int> open;
  DIR* directory = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(directory)) {
    const int fd = atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != dirfd(directory)) open.push_back(fd);
  }
  closedir(directory);
  std::sort(open.begin(), open.end());
  std::string text;
  for (const int fd : open) text.append(text.empty() ? "" : " ").append(std::to_string(fd));
  return text;
}

int report() {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  std::string blocked, ignored;
  for (int signal = 1; signal < 32; ++signal) {
    if (sigismember(&mask, signal) == 1) blocked += std::to_string(signal) + " ";
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) ignored += std::to_string(signal) + " ";
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  char directory[4096] = {};
  char input[4096] = {};
  if (getcwd(directory, sizeof directory) == nullptr) return 1;
  if (readlink("/proc/self/fd/0", input, sizeof input - 1) < 0) return 1;
  printf("leader=%d\nblocked=%s\nignored=%s\nfds=%s\nnice=%d\nfiles=%llu\ncwd=%s\nstdin=%s\n",
         getpgrp() == getpid(), blocked.c_str(), ignored.c_str(), open_descriptors().c_str(),
         getpriority(PRIO_PROCESS, 0), static_cast<unsigned long long>(files.rlim_cur), directory,
         input);
  for (int fd = 0; fd < 3; ++fd) {
    printf("nonblocking%d=%d\n", fd, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  }
  return 0;
}

int write_pattern(int fd, long long size) {
  std::string block;
  while (block.size() < 4096) block += "0123456789abcde\n";
  while (size > 0) {
    const auto part = static_cast<std::size_t>(std::min<long long>(size, 4096));
    const ssize_t put = write(fd, block.data(), part);
    if (put <= 0) return 1;
    size -= put;
  }
  return 0;
}

// Opened without waiting for a writer: the last one may be gone already, and then only read() says
// so, poll() would wait for the next.
int wait_for(const char* fifo) {
  const int fd = open(fifo, O_RDONLY | O_NONBLOCK);
  pollfd ready = {fd, POLLIN, 0};
  char byte;
  for (;;) {
    const ssize_t got = read(fd, &byte, 1);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return 0;
    if (got < 0) poll(&ready, 1, -1);
  }
}

int stubborn(const char* fifo) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_IGN);
  say("ready\n");
  return wait_for(fifo);
}

int leave(const char* fifo) {
  if (fork() == 0) {
    wait_for(fifo);
    say("late\n");
    _exit(0);
  }
  say("gone\n");
  return 0;
}

int flood() {
  if (fork() == 0) {
    while (write_pattern(STDOUT_FILENO, 1 << 20) == 0) {
    }
    _exit(0);
  }
  return 0;
}

int ask(bool is_stubborn) {
  if (is_stubborn) signal(SIGTERM, SIG_IGN);
  const int tty = open("/dev/tty", O_RDWR);
  if (tty < 0) return 9;
  char line[256];
  ssize_t got = 0;
  do {
    got = read(tty, line, sizeof line);
  } while (got < 0 && is_stubborn);
  if (got <= 0) return 8;
  say(std::string(line, static_cast<std::size_t>(got)));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string first = argc > 2 ? argv[2] : "";
  if (what == "report") return report();
  if (what == "write" && argc > 3) {
    return write_pattern(first == "err" ? STDERR_FILENO : STDOUT_FILENO, atoll(argv[3]));
  }
  if (what == "wait") return wait_for(first.c_str());
  if (what == "stubborn") return stubborn(first.c_str());
  if (what == "leave") return leave(first.c_str());
  if (what == "flood") return flood();
  if (what == "ask") return ask(first == "stubborn");
  fprintf(stderr, "child: what is '%s'?\n", what.c_str());
  return 64;
}

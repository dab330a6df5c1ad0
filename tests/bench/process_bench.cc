// What a task in another process costs, beside the least it could: one message there and one back
// over a socket between two processes.  Prints tasks a second, the best of some rounds; judges
// nothing.  `process_bench [TASKS]`, default 20000.

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "distaff/process_pool.h"

namespace {

int successor(int n) { return n + 1; }
DISTAFF_REGISTER(successor)

std::string echo(const std::string& text) { return text; }
DISTAFF_REGISTER(echo)

constexpr int kRounds = 5;

template <class Round>
double best(int count, Round round) {
  double most = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    round();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    most = std::max(most, count / took.count());
  }
  return most;
}

// 32 bytes there and back, which is about what a frame of a small task has.
double ping_pong(int count) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) std::exit(1);
  char message[32] = {};
  const pid_t child = fork();
  if (child == 0) {
    close(fds[0]);
    while (read(fds[1], message, sizeof message) > 0) {
      if (write(fds[1], message, sizeof message) < 0) break;
    }
    _exit(0);
  }
  close(fds[1]);
  const double rate = best(count, [&] {
    for (int i = 0; i < count; ++i) {
      if (write(fds[0], message, sizeof message) < 0 || read(fds[0], message, sizeof message) < 0) {
        std::exit(1);
      }
    }
  });
  close(fds[0]);
  waitpid(child, nullptr, 0);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  distaff::serve_as_worker(argc, argv);
  const int count = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const double bare = ping_pong(count);
  const auto say = [&](const char* what, double rate) {
    std::printf("%-44s %10.0f /s  %6.2f of bare\n", what, rate, rate / bare);
  };
  say("bare socketpair, there and back", bare);

  std::vector<int> numbers(static_cast<std::size_t>(count));
  {
    distaff::ProcessPool pool(1);
    say("run(), one after the other", best(count, [&] {
          for (int i = 0; i < count; ++i) pool.run<successor>(i);
        }));
  }
  for (const int workers : {1, 2}) {
    distaff::ProcessPool pool(workers);
    const std::string with = ", workers " + std::to_string(workers);
    say(("submit() all, then wait" + with).c_str(), best(count, [&] {
          std::vector<distaff::Future<int>> all;
          for (const int n : numbers) all.push_back(pool.submit<successor>(n));
          for (const auto& each : all) each.wait();
        }));
    say(("map(), window 64" + with).c_str(), best(count, [&] {
          for ([[maybe_unused]] const int n : pool.map<successor>(numbers, {.window = 64})) {
          }
        }));
    say(("map(), chunk_size 100" + with).c_str(), best(count, [&] {
          for ([[maybe_unused]] const int n : pool.map<successor>(numbers, {.chunk_size = 100})) {
          }
        }));
  }

  distaff::ProcessPool pool(1);
  const std::string text(50 << 20, 'x');
  const double mebibytes = best(100, [&] { pool.run<echo>(text); });
  std::printf("%-44s %10.0f MiB/s\n", "50 MiB there and back", mebibytes);
  return 0;
}

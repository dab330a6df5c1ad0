#pragma once

// Runs scripts in real shells, for the tests that ask them whether we spelled things right.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "compose/shell_script.h"

namespace distaff::testing {

struct Shell {
  std::string name;
  std::vector<std::string> argv;
  bool required = false;
  ShellFamily family = ShellFamily::posix;
};

// Those of this machine; the required ones always.
inline std::vector<Shell> shells() {
  std::vector<Shell> found;
  for (const Shell& shell :
       {Shell{"dash", {"/bin/dash"}, true, ShellFamily::posix},
        Shell{"bash", {"/bin/bash"}, true, ShellFamily::bash},
        Shell{"bash as sh", {"/bin/bash", "--posix"}, false, ShellFamily::bash},
        Shell{"busybox", {"/bin/busybox", "sh"}, false, ShellFamily::posix},
        Shell{"mksh", {"/bin/mksh"}, false, ShellFamily::mksh},
        Shell{"zsh", {"/bin/zsh", "-f"}, false, ShellFamily::zsh}}) {
    if (shell.required || access(shell.argv[0].c_str(), X_OK) == 0) found.push_back(shell);
  }
  return found;
}

// A directory that is empty but for bin/, in which a script can do no harm.
class Scratch {
 public:
  Scratch() {
    std::string name = std::filesystem::temp_directory_path() / "distaff-shell-XXXXXX";
    path_ = mkdtemp(name.data());
    bin_ = path_ + "-bin";
    std::filesystem::create_directory(bin_);
    for (const char* tool : {"cat", "printf", "touch"}) {
      std::filesystem::create_symlink(std::string("/bin/") + tool, bin_ + "/" + tool);
    }
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::remove_all(bin_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  const std::string& bin() const { return bin_; }

  bool has_canary() const { return access((path_ + "/CANARY").c_str(), F_OK) == 0; }

  void clean() {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      std::error_code ignored;
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }

 private:
  std::string path_;
  std::string bin_;
};

struct Ran {
  bool timed_out = false;  // or it used up its CPU time
  int status = 0;
  std::string output;
};

// How long a script may take, and how much CPU time each of its processes.
struct Patience {
  std::chrono::milliseconds time;
  rlim_t cpu_seconds;
};
// For random scripts, which may hang or loop.
constexpr Patience kBrief{std::chrono::seconds(2), 1};

// `SHELL -c TEXT distaff ARGUMENT...` in the scratch directory.
inline Ran run_script(const Shell& shell, const std::string& text,
                      const std::vector<std::string>& arguments, const Scratch& scratch,
                      Patience patience = kBrief) {
  std::vector<std::string> words = shell.argv;
  words.insert(words.end(), {"-c", text, "distaff"});
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string path = "PATH=" + scratch.bin();
  std::string locale = "LC_ALL=C";
  std::string set = "y=yes";
  char* environment[] = {path.data(), locale.data(), set.data(), nullptr};

  const int output = memfd_create("output", MFD_CLOEXEC);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const rlimit cpu{patience.cpu_seconds, patience.cpu_seconds};
  const rlimit written{1 << 20, 1 << 20};
  // By fork it takes milliseconds, where tests before have left much memory or with
  // AddressSanitizer.
  const pid_t pid = vfork();
  if (pid == 0) {
    setpgid(0, 0);
    dup2(null, 0);
    dup2(output, 1);
    dup2(null, 2);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &written);
    if (chdir(scratch.path().c_str()) == 0) execve(argv[0], argv.data(), environment);
    _exit(127);
  }
  setpgid(pid, pid);
  Ran ran;
  close(null);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd ended{pidfd, POLLIN, 0};
  const bool late = poll(&ended, 1, static_cast<int>(patience.time.count())) == 0;
  kill(-pid, SIGKILL);
  waitpid(pid, &ran.status, 0);
  ran.timed_out = late || (WIFSIGNALED(ran.status) && WTERMSIG(ran.status) == SIGKILL);
  close(pidfd);
  const off_t size = lseek(output, 0, SEEK_END);
  ran.output.resize(static_cast<std::size_t>(size));
  const ssize_t got = pread(output, ran.output.data(), ran.output.size(), 0);
  ran.output.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  close(output);
  return ran;
}

// The same for a script that must end.  A busy machine may hold it up, so it is tried once more,
// for much longer, before the limit counts.
inline Ran run_to_its_end(const Shell& shell, const std::string& text,
                          const std::vector<std::string>& arguments, const Scratch& scratch) {
  const Ran ran = run_script(shell, text, arguments, scratch, {std::chrono::seconds(20), 10});
  if (!ran.timed_out) return ran;
  return run_script(shell, text, arguments, scratch, {std::chrono::seconds(200), 100});
}

inline std::size_t count_from(const char* variable, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

inline std::uint64_t seed_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

// Values that would like to be run, and some that break what was not written with care.
inline const std::vector<std::string>& hostile_values() {
  static const std::vector<std::string> values = {
      "$(>CANARY)",
      "`>CANARY`",
      "touch CANARY",
      ";touch CANARY;",
      "';touch CANARY;'",
      "\";touch CANARY;\"",
      "\n>CANARY\n",
      "\n>CANARY\nE\n>CANARY\n",
      "a[$(>CANARY)0]",
      "a[`>CANARY`]",
      "path[$(>CANARY)1]",
      "x}>CANARY",
      "}; >CANARY; {",
      ");>CANARY;(",
      "))>CANARY",
      ";;esac;>CANARY;",
      "${x:-$(>CANARY)}",
      "$((a[$(>CANARY)]))",
      "x -o $(>CANARY)",
      "&& >CANARY",
      "| touch CANARY",
      "<(>CANARY)",
      "#",
      "\\",
      "\\\\",
      "\\\"$(>CANARY)",
      "'",
      "\"",
      "-n",
      "-e",
      "--",
      "!",
      "*",
      "?",
      "~",
      "~root",
      "{a,b}",
      "{}",
      "$1",
      "$D1",
      "${D1}",
      "%s%n",
      "a  b\tc",
      " ",
      "",
      "\n",
      "\n\n",
      "a\n",
      "\r",
      "\x01",
      "\x7f",
      "\x81\x82\x83\x84\x88",
      "\xff\xfe",
      "\xc3\xa9",
      "[a-z]*",
      "=ls",
      "1",
      "-1",
  };
  return values;
}

inline std::string random_value(std::mt19937_64& random) {
  const auto& hostile = hostile_values();
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const auto any = [&] { return hostile[below(hostile.size())]; };
  switch (below(4)) {
    case 0:
      return any();
    case 1:
      return any() + any();
    case 2: {
      std::string bytes(below(24), 'x');
      for (char& byte : bytes) byte = static_cast<char>(1 + below(255));
      return bytes;
    }
    default: {
      static const std::string kSharp = "'\"\\$`!(){}[]<>|&;#*?~=\n\t %-a1";
      std::string bytes(below(12), 'x');
      for (char& byte : bytes) byte = kSharp[below(kSharp.size())];
      return below(2) == 0 ? bytes : bytes + any();
    }
  }
}

// The arguments behind the script's name: each value of the job.
inline std::vector<std::string> arguments_of(const ShellScript& script,
                                             const std::vector<std::string>& fields) {
  Record record{.text = fields[0], .fields = {}, .names = nullptr, .problem = {}};
  for (const std::string& field : fields) record.fields.emplace_back(field);
  const std::vector<Record> records{record};
  std::vector<std::string> arguments;
  for (const ShellScript::Value& value : script.values) {
    const JobView job{records, JobId{7}, 3};
    arguments.push_back(value_of(value.replacement, job).value_or(std::string("missing")));
  }
  return arguments;
}

}  // namespace distaff::testing
